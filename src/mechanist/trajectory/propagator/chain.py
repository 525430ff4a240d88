"""Long motion: several replicas at once, of which every so many-th step is kept."""

from dataclasses import dataclass

import numpy as np
import torch

from mechanist.arrays import Array
from mechanist.errors import SamplingError
from mechanist.trajectory.generate import with_energy
from mechanist.trajectory.nve import Potential, maxwell, still
from mechanist.trajectory.propagator.integrator import begin, total_energy, walk
from mechanist.trajectory.propagator.learned import LearnedMotion

KCAL = 4.184
"""kJ in a kcal."""


@dataclass(frozen=True)
class Chain:
    """B replicas at K times.

    Parameters
    ----------
    dt_ps
        Between two kept frames.
    positions, velocities
        (B, K, N, 3) in nm and nm/ps.
    energy
        (B, K) kinetic and learned energy in kJ/mol.
    """

    dt_ps: float
    positions: Array
    velocities: Array
    energy: Array


def follow(motion: LearnedMotion, x0: Array, v0: Array, steps: int, every: int) -> Chain:
    """Steps of the integrator from (B, N, 3), in nm and nm/ps.

    Raises
    ------
    SamplingError
        If a replica flies apart.
    """
    x, v, e = [], [], []
    with torch.inference_mode():
        state = begin(motion.field, motion.masses, torch.tensor(x0), torch.tensor(v0))
        path = walk(motion.field, motion.masses, state, motion.step_ps, steps, motion.scheme)
        for number, state in enumerate(path):
            if number % every == 0:
                x.append(state.x.numpy().copy())
                v.append(state.v.numpy().copy())
                e.append(total_energy(motion.field, motion.masses, state).numpy().copy())
                if not np.isfinite(e[-1]).all():
                    time = number * motion.step_ps
                    raise SamplingError("chain", f"a replica has flown apart after {time:.3f} ps")
    stacked = [np.stack(part, axis=1) for part in (x, v, e)]
    return Chain(every * motion.step_ps, *stacked)


def starts(
    positions: Array, energy: Array, masses: Array, total: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """States with new velocities and no momentum, all of one total energy.

    Parameters
    ----------
    positions, energy
        (B, N, 3) in nm, and potential energies (B,) in kJ/mol.
    masses
        (N,) in Da.
    total
        Energy in kJ/mol.
    rng
        Random numbers.
    """
    velocities = []
    for x, potential in zip(positions, energy, strict=True):
        v = still(x, maxwell(masses, 500.0, rng), masses)
        velocities.append(with_energy(v, masses, total - float(potential)))
    return positions.copy(), np.array(velocities)


def spread(energy: Array) -> tuple[float, float]:
    """Standard deviation, and largest distance from the start, of (K,) kJ/mol; in kcal/mol."""
    return float(energy.std() / KCAL), float(np.abs(energy - energy[0]).max() / KCAL)


def true_energy(chain: Chain, masses: Array, potential: Potential, frames: int) -> Array:
    """Kinetic and true energies (B, F) in kJ/mol of at most ``frames`` of the kept frames each."""
    rows = np.linspace(0, chain.positions.shape[1] - 1, frames).round().astype(np.int64)
    kinetic = 0.5 * np.einsum("n,bknx->bk", masses, chain.velocities[:, rows] ** 2)
    true = [[potential(x)[0] for x in replica[rows]] for replica in chain.positions]
    return np.asarray(kinetic + np.array(true))
