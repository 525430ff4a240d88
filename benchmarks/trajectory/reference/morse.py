"""Diatomic molecules that vibrate in a Morse potential, in closed form.

V(r) = D [1 - exp(-a (r - r_e))]^2 (Morse, Phys. Rev. 34, 57 (1929)). At the energy E = s^2 D,

    r(t) = r_e + ln{[1 - s cos(w t)] / (1 - s^2)} / a,   w = a sqrt(2 D (1 - s^2) / mu),

which starts at the inner turning point. Constants: Huber and Herzberg, Constants of Diatomic
Molecules (1979); a follows from the harmonic wave number.
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import SettingsError
from mechanist.trajectory.trajectory import Meta, Trajectory, masses_of

EV = 96.48533212
"""kJ/mol in an eV."""

WAVE_NUMBER = 2 * np.pi * 0.0299792458
"""Angular frequency in 1/ps of one reciprocal centimetre."""


@dataclass(frozen=True)
class Morse:
    """A diatomic molecule.

    Parameters
    ----------
    numbers
        (2,) atomic numbers.
    depth
        D in kJ/mol.
    distance
        r_e in nm.
    wave_number
        Of small vibrations in 1/cm.
    """

    numbers: tuple[int, int]
    depth: float
    distance: float
    wave_number: float

    @property
    def masses(self) -> Array:
        """(2,) in Da."""
        return masses_of(np.array(self.numbers))

    @property
    def reduced_mass(self) -> float:
        """In Da."""
        return float(1 / (1 / self.masses).sum())

    @property
    def stiffness(self) -> float:
        """The exponent a in 1/nm."""
        omega = self.wave_number * WAVE_NUMBER
        return float(omega * np.sqrt(self.reduced_mass / (2 * self.depth)))

    def potential(self, positions: Array) -> tuple[float, Array]:
        """Energy in kJ/mol and forces (2, 3) in kJ/mol/nm at positions (2, 3) in nm."""
        away = positions[1] - positions[0]
        r = float(np.linalg.norm(away))
        decay = np.exp(-self.stiffness * (r - self.distance))
        pull = 2 * self.depth * self.stiffness * (1 - decay) * decay
        return float(self.depth * (1 - decay) ** 2), np.array([away, -away]) * (pull / r)

    def angular_frequency(self, energy: float) -> float:
        """Of the vibration at an energy in kJ/mol, in 1/ps."""
        rest = 1 - energy / self.depth
        return float(self.stiffness * np.sqrt(2 * self.depth * rest / self.reduced_mass))

    def trajectory(self, energy: float, frames: int, dt_ps: float) -> Trajectory:
        """Vibration along x at an energy in kJ/mol above the bottom, from the inner turning point.

        Raises
        ------
        SettingsError
            If the energy would break the bond or is none.
        """
        if not 0 < energy < self.depth:
            raise SettingsError("energy", f"{energy}: must be above 0 and below {self.depth:.1f}")
        s = np.sqrt(energy / self.depth)
        omega = self.angular_frequency(energy)
        phase = omega * dt_ps * np.arange(frames)
        inside = 1 - s * np.cos(phase)
        r = self.distance + np.log(inside / (1 - s**2)) / self.stiffness
        speed = s * omega * np.sin(phase) / inside / self.stiffness
        share = np.array([-self.masses[1], self.masses[0]]) / self.masses.sum()
        line = share[:, None] * np.array([1.0, 0.0, 0.0])
        positions = r[:, None, None] * line
        both = [self.potential(x) for x in positions]
        return Trajectory(
            positions,
            dt_ps,
            np.array(self.numbers),
            self.masses,
            speed[:, None, None] * line,
            np.array([force for _, force in both]),
            energy=np.array([value for value, _ in both]),
            meta=Meta(source="mechanist", level_of_theory="Morse"),
        )


DIATOMICS = {
    "H2": Morse((1, 1), 4.748 * EV, 0.074144, 4401.21),
    "HCl": Morse((1, 17), 4.618 * EV, 0.127455, 2990.95),
    "N2": Morse((7, 7), 9.905 * EV, 0.109768, 2358.57),
}
