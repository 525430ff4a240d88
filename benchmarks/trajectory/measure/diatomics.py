"""Diatomic molecules in Morse potentials: trained on one vibration, tested at other energies.

The vibration and its phase w t are known in closed form (`reference.morse`). For a state (r, v) of
a vibration with s^2 = E / D,

    s cos(phase) = 1 - (1 - s^2) exp[a (r - r_e)],
    s sin(phase) = a v [1 - s cos(phase)] / w.
"""

import numpy as np

from benchmarks.trajectory.reference.morse import DIATOMICS, Morse
from mechanist.arrays import Array
from mechanist.systems.forces.kernel import KernelForces
from mechanist.trajectory.integrator import begin, step
from mechanist.trajectory.superres.forcefield import fit_forces

ENERGIES = (20.0, 30.0, 40.0)
"""Of vibrations in kJ/mol, by the number of the trajectory."""

LEARNED_AT = 60.0
"""Energy in kJ/mol above the bottom of the vibration that is learned from."""

GEOMETRIES = 30

STEP = 0.0005
"""Time between states in ps."""

FOURTH = 1 / (4 - 4 ** (1 / 3))
PARTS = (FOURTH, FOURTH, 1 - 4 * FOURTH, FOURTH, FOURTH)
"""Steps of velocity Verlet in it, which are together of fourth order (Suzuki, Phys. Lett. A 146,
319 (1990))."""

LENGTH = 1.0
"""In ps."""


def learn_diatomic(molecule: Morse) -> KernelForces:
    """Forces from geometries of half a vibration, equally spaced in time."""
    half = np.pi / molecule.angular_frequency(LEARNED_AT)
    seen = molecule.trajectory(LEARNED_AT, GEOMETRIES, half / (GEOMETRIES - 1))
    assert seen.forces is not None
    orders = np.array([[0, 1]], dtype=np.int64)
    return fit_forces(seen.positions, seen.forces, orders)


def phases(molecule: Morse, energy: float, positions: Array, velocities: Array) -> Array:
    """Phase (T,) in radians of states (T, 2, 3), without jumps; times must lie close."""
    away = positions[:, 1] - positions[:, 0]
    r = np.linalg.norm(away, axis=1)
    speed = np.einsum("tx,tx->t", away, velocities[:, 1] - velocities[:, 0]) / r
    rest = 1 - energy / molecule.depth
    cosine = 1 - rest * np.exp(molecule.stiffness * (r - molecule.distance))
    sine = molecule.stiffness * speed * (1 - cosine) / molecule.angular_frequency(energy)
    return np.asarray(np.unwrap(np.arctan2(sine, cosine)))


def phase_error(molecule: Morse, energy: float) -> tuple[float, float]:
    """Error of the phase after `LENGTH`, in cycles, and the cycles that were to be followed."""
    true = molecule.trajectory(energy, 2, STEP)
    forces = learn_diatomic(molecule)

    def pull(x: Array) -> Array:
        return forces(x) / molecule.masses[:, None]

    states = [begin(pull, true.positions[:1], true.moving()[:1])]
    for _ in range(round(LENGTH / STEP)):
        state = states[-1]
        for part in PARTS:
            state = step(pull, state, part * STEP)
        states.append(state)
    x, v = (np.concatenate(part) for part in zip(*((s.x, s.v) for s in states), strict=True))
    found = phases(molecule, energy, x, v)[-1]
    expected = molecule.angular_frequency(energy) * LENGTH
    # The state starts at the inner turning point, with phase 0.
    return float(abs(found - expected) / (2 * np.pi)), float(expected / (2 * np.pi))


def phase_errors(number: int) -> dict[str, dict[str, float]]:
    """By molecule: error of the phase after `LENGTH`, and exact number of cycles."""
    energy = ENERGIES[number % len(ENERGIES)]
    return {
        name: dict(zip(("error", "cycles"), phase_error(one, energy), strict=True))
        for name, one in DIATOMICS.items()
    }
