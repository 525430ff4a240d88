"""A trajectory: equally spaced frames, with metadata of their origin."""

from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.errors import DataError

GAS = 8.31446261815324e-3
"""Gas constant in kJ/(mol K)."""

SYMBOLS = {1: "H", 6: "C", 7: "N", 8: "O", 9: "F", 16: "S", 17: "Cl"}
MASSES = {
    **{1: 1.008, 5: 10.81, 6: 12.011, 7: 14.007, 8: 15.999, 9: 18.998, 14: 28.085, 15: 30.974},
    **{16: 32.06, 17: 35.45, 34: 78.971, 35: 79.904, 53: 126.90},
}
"""In Da; standard atomic weights."""

Ensemble = Literal["nve", "nvt-global", "langevin"]
VelocityTime = Literal["on-step", "half-step"]


@dataclass(frozen=True)
class Meta:
    """Origin of a trajectory.

    Parameters
    ----------
    ensemble
        nve, nvt-global (one thermostat for all atoms) or langevin.
    source
        Program or file.
    level_of_theory
        Method of the forces.
    integrator_dt_ps
        Time step of the integrator in ps; None if not known.
    temperature_K, friction_ps
        Of the thermostat; for nve, the temperature of the heating.
    velocity_time
        Whether velocities belong to the times of the positions or to half a step earlier.
    constraints
        Whether bonds were rigid.
    seed
        Of the random numbers.
    """

    ensemble: Ensemble = "nve"
    source: str = ""
    level_of_theory: str = ""
    integrator_dt_ps: float | None = None
    temperature_K: float | None = None
    friction_ps: float | None = None
    velocity_time: VelocityTime = "on-step"
    constraints: bool = False
    seed: int | None = None


@dataclass(frozen=True)
class Trajectory:
    """T frames of N atoms.

    Parameters
    ----------
    positions
        (T, N, 3) in nm, unwrapped.
    dt_ps
        Time between two frames in ps.
    numbers
        (N,) atomic numbers.
    masses
        (N,) in Da.
    velocities
        (T, N, 3) in nm/ps, or None.
    forces
        (T, N, 3) in kJ/mol/nm, or None.
    energy
        (T,) potential energy in kJ/mol, or None.
    box
        (T, 3, 3) in nm, or None.
    meta
        Its origin.

    Raises
    ------
    DataError
        If shapes do not match or a number is not finite.
    """

    positions: Array
    dt_ps: float
    numbers: NDArray[np.int64]
    masses: Array
    velocities: Array | None = None
    forces: Array | None = None
    energy: Array | None = None
    box: Array | None = None
    meta: Meta = field(default_factory=Meta)

    def __post_init__(self) -> None:
        if self.positions.ndim != 3 or self.positions.shape[2] != 3:
            raise DataError("trajectory", f"positions are {self.positions.shape}, not (T, N, 3)")
        frames, atoms = self.positions.shape[:2]
        wanted = {
            "numbers": (atoms,),
            "masses": (atoms,),
            "velocities": (frames, atoms, 3),
            "forces": (frames, atoms, 3),
            "energy": (frames,),
            "box": (frames, 3, 3),
        }
        for name, shape in wanted.items():
            value = getattr(self, name)
            if value is not None and value.shape != shape:
                raise DataError("trajectory", f"{name} is {value.shape}, positions need {shape}")
        for name in ("positions", *wanted):
            value = getattr(self, name)
            if value is not None and not np.isfinite(value).all():
                raise DataError("trajectory", f"{name} holds numbers that are not finite")
        if not (np.isfinite(self.dt_ps) and self.dt_ps > 0):
            raise DataError("trajectory", f"dt_ps: {self.dt_ps}: must be above 0")
        if not ((self.masses > 0).all() and (self.numbers > 0).all()):
            raise DataError("trajectory", "masses and numbers must be above 0")

    def __len__(self) -> int:
        return len(self.positions)

    def __getitem__(self, rows: slice) -> "Trajectory":
        """Frames of a slice; a step above 1 widens ``dt_ps``."""
        step = 1 if rows.step is None else int(rows.step)
        if step < 1:
            raise DataError("trajectory", f"step of a slice: {step}: must be at least 1")
        parts: dict[str, Any] = {"positions": self.positions[rows], "dt_ps": self.dt_ps * step}
        for name in ("velocities", "forces", "energy", "box"):
            value = getattr(self, name)
            parts[name] = None if value is None else value[rows]
        return replace(self, **parts)

    def moving(self) -> Array:
        """Velocities (T, N, 3) in nm/ps.

        Raises
        ------
        DataError
            If there are none, or they do not belong to the times of the positions.
        """
        if self.velocities is None or self.meta.velocity_time != "on-step":
            raise DataError("trajectory", "lacks velocities at the times of its positions")
        return self.velocities

    def kinetic(self) -> Array:
        """Kinetic energy (T,) in kJ/mol."""
        velocities = self.moving()
        return np.asarray(0.5 * np.einsum("n,tnx,tnx->t", self.masses, velocities, velocities))

    def temperature(self) -> float:
        """Mean kinetic temperature in K of the 3N - 6 vibrations (1 for diatomics)."""
        atoms = len(self.masses)
        degrees = 1 if atoms == 2 else 3 * atoms - 6
        return float(2 * self.kinetic().mean() / (degrees * GAS))


def masses_of(numbers: NDArray[np.int64]) -> Array:
    """Atomic weights in Da.

    Raises
    ------
    DataError
        If an element is not in `MASSES`.
    """
    unknown = sorted({int(z) for z in numbers} - MASSES.keys())
    if unknown:
        raise DataError("trajectory", f"no mass is known for atomic number {unknown[0]}")
    return np.array([MASSES[int(z)] for z in numbers])
