"""Molecular dynamics of small molecules in double precision: heat, then constant energy.

Steps are those of velocity Verlet. Heating adds an exact Ornstein-Uhlenbeck step of the velocities
after each (Bussi and Parrinello, Phys. Rev. E 75, 056707 (2007)).
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.trajectory.integrator import begin, step, walk
from mechanist.trajectory.propagator.momentum import repaired
from mechanist.trajectory.trajectory import GAS, Meta, Trajectory

Potential = Callable[[Array], tuple[float, Array]]
"""Positions (N, 3) in nm to energy in kJ/mol and forces (N, 3) in kJ/mol/nm."""


def maxwell(masses: Array, temperature: float, rng: np.random.Generator) -> Array:
    """Velocities (N, 3) in nm/ps of the Maxwell distribution at ``temperature`` in K."""
    width = np.sqrt(GAS * temperature / masses)
    return np.asarray(width[:, None] * rng.standard_normal((len(masses), 3)))


def still(positions: Array, velocities: Array, masses: Array) -> Array:
    """Velocities (N, 3) without total linear and angular momentum."""
    return np.asarray(repaired(positions[None], velocities[None], masses)[0])


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

    def pull(x: Array) -> Array:
        return potential(x)[1] / masses[:, None]

    state = begin(pull, positions, maxwell(masses, temperature, rng))
    for _ in range(steps):
        state = step(pull, state, dt)
        v = keep * state.v + np.sqrt(1 - keep**2) * maxwell(masses, temperature, rng)
        state = replace(state, v=v)
    return state.x, still(state.x, state.v, masses)


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
    found: list[tuple[float, Array]] = []

    def pull(x: Array) -> Array:
        found.append(potential(x))
        return found[-1][1] / masses[:, None]

    path = list(walk(pull, begin(pull, positions, velocities), dt, frames - 1))
    x, v = (np.array(part) for part in zip(*((s.x, s.v) for s in path), strict=True))
    energies, forces = (np.array(part) for part in zip(*found, strict=True))
    return Trajectory(x, dt, numbers, masses, v, forces, energy=energies, meta=meta)
