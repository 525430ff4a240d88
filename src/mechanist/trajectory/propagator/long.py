"""Table T3: long motion at constant energy, its total energy and its spectra."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.trajectory.nve import Potential
from mechanist.trajectory.propagator.chain import (
    KCAL,
    Chain,
    follow,
    spread,
    starts,
    true_energy,
)
from mechanist.trajectory.propagator.gicnet import GicnetMotion
from mechanist.trajectory.propagator.infrared import WIDTH, infrared
from mechanist.trajectory.propagator.learned import LearnedMotion
from mechanist.trajectory.propagator.segments import follow_segments
from mechanist.trajectory.propagator.sizes import PropagatorSize
from mechanist.trajectory.spectrum import HIGHEST, Spectrum, density_of_states, similarity
from mechanist.trajectory.superres.table import X_H
from mechanist.trajectory.trajectory import Trajectory

Array = NDArray[np.float64]
Dipoles = Callable[[Array], Array]

STRIDE = 4
"""Steps from one kept frame to the next."""

SHOWN = 500
"""Points of the energy along a chain in the figure."""

HELD = 7.0
"""Distance of the total energy from its start, in kcal/mol, at which a chain counts as lost."""


def energies(chain: Chain, true: Array) -> dict[str, Any]:
    """Spreads of every replica in kcal/mol, and the energy along the first."""
    model = [spread(one) for one in chain.energy]
    real = [spread(one) for one in true]
    some = np.linspace(0, chain.energy.shape[1] - 1, SHOWN).round().astype(np.int64)
    first = (chain.energy[0, some] - chain.energy[0, 0]) / KCAL
    length = chain.dt_ps * (chain.energy.shape[1] - 1)
    return {
        "ps": length,
        "model_std": [one for one, _ in model],
        "model_max": [most for _, most in model],
        "true_std": [one for one, _ in real],
        "true_max": [most for _, most in real],
        "shown": {
            "time": (some * chain.dt_ps).tolist(),
            "model": first.tolist(),
            "true_time": np.linspace(0, length, true.shape[1]).tolist(),
            "true": ((true[0] - true[0, 0]) / KCAL).tolist(),
        },
    }


def held(chain: Chain) -> list[float]:
    """Time in ps until each replica is `HELD` off."""
    off = np.abs(chain.energy - chain.energy[:, :1]) > HELD * KCAL
    frames = np.where(off.any(axis=1), off.argmax(axis=1), off.shape[1] - 1)
    return [float(one) for one in frames * chain.dt_ps]


def compared(true: Spectrum, made: Spectrum, halves: tuple[Spectrum, Spectrum]) -> dict[str, Any]:
    """Likeness, shift of the highest X-H peak, both between halves of the truth, and curves."""
    inside = true.wave_numbers <= HIGHEST
    thin = slice(None, None, max(1, int(inside.sum()) // 2000))
    return {
        "similarity": similarity(true, made),
        "shift": made.peak(*X_H) - true.peak(*X_H),
        "floor": similarity(*halves),
        "floor_shift": halves[1].peak(*X_H) - halves[0].peak(*X_H),
        "wave_numbers": true.wave_numbers[inside][thin].tolist(),
        "true": true.density[inside][thin].tolist(),
        "made": made.density[inside][thin].tolist(),
    }


def power(trajectory: Trajectory, twin: Chain) -> dict[str, Any]:
    """Density of states of the reference motion and of the chain that starts as it does."""
    masses, dt = trajectory.masses, twin.dt_ps
    v = trajectory.moving()[::STRIDE][: twin.velocities.shape[1]]
    half = len(v) // 2
    spectra = [
        density_of_states(part, masses, dt, WIDTH)
        for part in (v, twin.velocities[0, : len(v)], v[:half], v[-half:])
    ]
    return compared(spectra[0], spectra[1], (spectra[2], spectra[3]))


def absorption(
    trajectory: Trajectory, twin: Chain, dipoles: Dipoles, frames: int
) -> dict[str, Any]:
    """Infrared spectra of the same, over at most ``frames`` kept frames."""
    x = trajectory.positions[::STRIDE]
    frames = min(frames, len(x), twin.positions.shape[1])
    true, made = dipoles(x[:frames]), dipoles(twin.positions[0, :frames])
    half = frames // 2
    first, second = (infrared(part, twin.dt_ps) for part in (true[:half], true[-half:]))
    return compared(infrared(true, twin.dt_ps), infrared(made, twin.dt_ps), (first, second))


def long_motion(
    trajectory: Trajectory,
    test: Trajectory,
    models: tuple[LearnedMotion, GicnetMotion],
    potential: Potential,
    dipoles: Dipoles,
    size: PropagatorSize,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Chains of both models, and spectra.

    Chains start from frames of the test block with new velocities and have the mean total energy of
    the reference motion. Spectra are of a chain that starts with the first frame of that motion:
    energy goes slowly from one vibration to others, so that other starts have other intensities.
    """
    motion, gicnet = models
    assert trajectory.energy is not None
    assert test.energy is not None
    total = float((trajectory.kinetic() + trajectory.energy).mean())
    rows = np.linspace(0, len(test) - 1, size.replicas).round().astype(np.int64)
    start = starts(test.positions[rows], test.energy[rows], test.masses, total, rng)
    chain = follow(motion, *start, round(size.chain_ps / motion.step_ps), STRIDE)
    true = true_energy(chain, test.masses, potential, size.judged)
    twin = follow(
        motion, trajectory.positions[:1], trajectory.moving()[:1], len(trajectory) - 1, STRIDE
    )
    lost = follow_segments(gicnet, *start, round(size.gicnet_ps / gicnet.reach_ps))
    return {
        "energy": energies(chain, true),
        "gicnet_held": held(lost),
        "power": power(trajectory, twin),
        "infrared": absorption(trajectory, twin, dipoles, size.dipoles),
    }
