"""Motion of a molecule by OpenMM, every step stored with velocities at the times of positions."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.trajectory.reference.generate import with_energy
from benchmarks.trajectory.reference.nve import maxwell, still
from benchmarks.trajectory.reference.openmm_steps import (
    TOLERANCE,
    context_of,
    integrator,
    plain,
    state_of,
)
from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.settings.load import load_system
from mechanist.systems.build.molecule import build_molecule
from mechanist.trajectory.trajectory import GAS, Meta, Trajectory

HEATING_PS, HEATING_FRICTION = 10.0, 5.0
"""Time in ps, and friction in 1/ps, of the Langevin dynamics before what is kept."""


@dataclass(frozen=True)
class Kind:
    """How a molecule moves.

    Parameters
    ----------
    friction
        Of the Langevin thermostat in 1/ps; 0 is constant energy.
    rigid
        Whether bonds to hydrogen keep their length.
    """

    friction: float = 0.0
    rigid: bool = False


KINDS = {
    "nve": Kind(),
    "langevin": Kind(friction=1.0),
    "rigid": Kind(rigid=True),
}
"""By name: at constant energy, with a thermostat, and with rigid bonds at constant energy."""


@dataclass(frozen=True)
class Force:
    """The forces of a System, as a function of positions.

    Parameters
    ----------
    system
        OpenMM System.
    """

    system: Any

    def __call__(self, x: Array) -> Array:
        """Forces (B, N, 3) in kJ/mol/nm at positions (B, N, 3) in nm; not those of constraints."""
        from openmm import VerletIntegrator

        context = context_of(self.system, VerletIntegrator(0.001))
        forces = np.empty_like(x)
        for i, one in enumerate(x):
            context.setPositions(one)
            forces[i] = plain(context.getState(forces=True).getForces(asNumpy=True))
        return forces


@dataclass(frozen=True)
class Sample:
    """A molecule that OpenMM moves.

    Parameters
    ----------
    system
        OpenMM System.
    positions
        (N, 3) in nm.
    numbers
        (N,) atomic numbers.
    masses
        (N,) in Da.
    level
        What its forces are from.
    """

    system: Any
    positions: Array
    numbers: NDArray[np.int64]
    masses: Array
    level: str


def sample(folder: Path, rigid: bool) -> Sample:
    """The molecule of a system folder.

    Raises
    ------
    SystemBuildError
        If the folder is not of a molecule, or it cannot be built.
    """
    settings = load_system(folder).molecule
    if settings is None:
        raise SystemBuildError(folder, "holds no molecule")
    settings = settings.model_copy(update={"constraints": "HBonds" if rigid else "none"})
    made = build_molecule(settings, folder)
    numbers = [atom.element.atomic_number for atom in made.topology.atoms()]
    masses = [plain(made.system.getParticleMass(i)) for i in range(len(numbers))]
    level = ", ".join(settings.force_field) or settings.kind
    return Sample(made.system, made.positions, np.array(numbers), np.array(masses), level)


def move(
    molecule: Sample,
    kind: Kind,
    frames: int,
    seed: int,
    temperature: float = 300.0,
    dt_ps: float = 0.0005,
) -> Trajectory:
    """Heat a molecule, then keep every step.

    At constant energy that is the mean energy of harmonic vibrations, as in `generate`.

    Forces are those of the force field; with rigid bonds they are second differences of positions,
    times masses, so that those of the constraints are in them.

    Parameters
    ----------
    molecule
        Made with the rigid bonds of ``kind``.
    kind
        How it moves.
    frames
        To keep.
    seed
        Of velocities and thermostat.
    temperature
        In K.
    dt_ps
        Step in ps.
    """
    rng = np.random.default_rng(seed)
    draws = int(rng.integers(1, 2**31 - 1))
    x, v = _heated(molecule, kind, temperature, dt_ps, draws, rng)
    stepper = integrator(dt_ps, kind.friction, temperature, draws + 1)
    context = context_of(molecule.system, stepper, x)
    context.setVelocities(v)
    kept = [state_of(context)]
    for _ in range(frames + 1):
        stepper.step(1)
        kept.append(state_of(context))
    x, v, f, energy = (np.array(part) for part in zip(*kept, strict=True))
    if kind.rigid:
        f[1:-1] = molecule.masses[:, None] * (x[2:] - 2 * x[1:-1] + x[:-2]) / dt_ps**2
    meta = Meta(
        ensemble="langevin" if kind.friction else "nve",
        source="mechanist, OpenMM",
        level_of_theory=molecule.level,
        integrator_dt_ps=dt_ps,
        temperature_K=temperature,
        friction_ps=kind.friction or None,
        constraints=kind.rigid,
        seed=seed,
    )
    every = Trajectory(x, dt_ps, molecule.numbers, molecule.masses, v, f, energy=energy, meta=meta)
    return every[1:-1]


def _heated(
    molecule: Sample,
    kind: Kind,
    temperature: float,
    dt_ps: float,
    draws: int,
    rng: np.random.Generator,
) -> tuple[Array, Array]:
    """Positions and velocities (N, 3) to start from."""
    hot = context_of(
        molecule.system, integrator(dt_ps, HEATING_FRICTION, temperature, draws), molecule.positions
    )
    hot.applyConstraints(TOLERANCE)
    hot.setVelocities(maxwell(molecule.masses, temperature, rng))
    hot.applyVelocityConstraints(TOLERANCE)
    hot.getIntegrator().step(round(HEATING_PS / dt_ps))
    x, v, _, potential = state_of(hot)
    if kind.friction == 0:
        v = still(x, v, molecule.masses)
        rise = potential - lowest(molecule)
        mean = _degrees(molecule, "nve") * GAS * temperature
        v = with_energy(v, molecule.masses, mean - rise)
    return x, v


def lowest(molecule: Sample) -> float:
    """Potential energy in kJ/mol of the minimum next to the positions of a molecule."""
    from openmm import LocalEnergyMinimizer, VerletIntegrator

    context = context_of(molecule.system, VerletIntegrator(0.001), molecule.positions)
    LocalEnergyMinimizer.minimize(context, tolerance=1.0)
    return state_of(context)[3]


def kinetic_temperature(trajectory: Trajectory, molecule: Sample) -> float:
    """Mean kinetic temperature in K of a motion, of the degrees of freedom that are not held."""
    degrees = _degrees(molecule, trajectory.meta.ensemble)
    return float(2 * trajectory.kinetic().mean() / (degrees * GAS))


def _degrees(molecule: Sample, ensemble: str) -> int:
    """Degrees of freedom that rigid bonds, and at constant energy momenta, leave."""
    held = molecule.system.getNumConstraints() + (6 if ensemble == "nve" else 0)
    return 3 * len(molecule.masses) - int(held)


def noise(masses: Array, friction: float, temperature: float, dt_ps: float) -> Array:
    """Standard deviation (N,) in kJ/mol/nm of what a Langevin thermostat adds to forces.

    It is drawn anew at every step: the variance of the acceleration is 2 kT friction / (m dt).
    """
    return np.asarray(np.sqrt(2 * GAS * temperature * friction * masses / dt_ps))
