"""Molecular dynamics of small molecules in double precision: heat, then constant energy.

Velocity Verlet: Swope, Andersen, Berens and Wilson, J. Chem. Phys. 76, 637 (1982). Its velocities
belong to the times of its positions. Heating is the same step with an exact Ornstein-Uhlenbeck step
of the velocities after it (Bussi and Parrinello, Phys. Rev. E 75, 056707 (2007)).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.trajectory.trajectory import GAS, Meta, Trajectory

Potential = Callable[[Array], tuple[float, Array]]
"""Positions (N, 3) in nm to energy in kJ/mol and forces (N, 3) in kJ/mol/nm."""


def maxwell(masses: Array, temperature: float, rng: np.random.Generator) -> Array:
    """Velocities (N, 3) in nm/ps of the Maxwell distribution at ``temperature`` in K."""
    width = np.sqrt(GAS * temperature / masses)
    return np.asarray(width[:, None] * rng.standard_normal((len(masses), 3)))


def still(positions: Array, velocities: Array, masses: Array) -> Array:
    """Velocities (N, 3) without total linear and angular momentum."""
    total = masses.sum()
    velocities = velocities - masses @ velocities / total
    about = positions - masses @ positions / total
    momentum = (masses[:, None] * np.cross(about, velocities)).sum(axis=0)
    square = (masses * (about**2).sum(axis=1)).sum()
    inertia = square * np.eye(3) - (masses[:, None] * about).T @ about
    # A linear molecule has no inertia about its axis, nor momentum about it.
    turning = np.linalg.pinv(inertia, rcond=1e-9) @ momentum
    return np.asarray(velocities - np.cross(turning, about))


def heat(
    potential: Potential,
    positions: Array,
    masses: Array,
    temperature: float,
    steps: int,
    dt: float,
    rng: np.random.Generator,
    friction: float = 5.0,
) -> tuple[Array, Array]:
    """Positions and velocities (N, 3) after ``steps`` of Langevin dynamics, then made still.

    ``dt`` is in ps, ``temperature`` in K, ``friction`` in 1/ps.
    """
    keep = np.exp(-friction * dt)
    x, v = positions.copy(), maxwell(masses, temperature, rng)
    force = potential(x)[1]
    for _ in range(steps):
        v += 0.5 * dt * force / masses[:, None]
        x += dt * v
        force = potential(x)[1]
        v += 0.5 * dt * force / masses[:, None]
        v = keep * v + np.sqrt(1 - keep**2) * maxwell(masses, temperature, rng)
    return x, still(x, v, masses)


def constant_energy(
    potential: Potential,
    positions: Array,
    velocities: Array,
    numbers: NDArray[np.int64],
    masses: Array,
    frames: int,
    dt: float,
    meta: Meta,
) -> Trajectory:
    """A trajectory of ``frames`` frames, the start included, every step of ``dt`` ps stored."""
    x, v = positions.copy(), velocities.copy()
    energy, force = potential(x)
    kept = [(x.copy(), v.copy(), force, energy)]
    for _ in range(frames - 1):
        v += 0.5 * dt * force / masses[:, None]
        x += dt * v
        energy, force = potential(x)
        v += 0.5 * dt * force / masses[:, None]
        kept.append((x.copy(), v.copy(), force, energy))
    parts = [np.array(part) for part in zip(*kept, strict=True)]
    return Trajectory(parts[0], dt, numbers, masses, parts[1], parts[2], energy=parts[3], meta=meta)
