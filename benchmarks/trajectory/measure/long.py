"""Table T3: long motion at constant energy, its total energy and its spectra."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.trajectory.measure.infrared import WIDTH, infrared
from benchmarks.trajectory.measure.likeness import similarity
from benchmarks.trajectory.measure.propagator_sizes import PropagatorSize
from benchmarks.trajectory.measure.rows import X_H
from benchmarks.trajectory.names import SPACETIME
from benchmarks.trajectory.reference.generate import with_energy
from benchmarks.trajectory.reference.nve import Potential, maxwell, still
from mechanist.arrays import Array
from mechanist.trajectory.propagator.gicnet import GicnetMotion
from mechanist.trajectory.propagator.learned import LearnedMotion
from mechanist.trajectory.propagator.motion import Chain
from mechanist.trajectory.propagator.segments import follow_segments
from mechanist.trajectory.spectrum import HIGHEST, Spectrum, density_of_states
from mechanist.trajectory.trajectory import Trajectory

Dipoles = Callable[[Array], Array]

KCAL = 4.184
"""kJ in a kcal."""

STRIDE = 4
"""Steps from one kept frame to the next."""

PIECE = 2.0
"""Length in ps of the chains whose spectra are compared with the reference."""

SHOWN = 500
"""Points of the energy along a chain in the figure."""

HELD = 7.0
"""Deviation of the total energy from the start, in kcal/mol, at which a chain is invalid."""


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


def held(chain: Chain, true: Array) -> list[float]:
    """Time in ps until the true energy (B, F) of each replica is `HELD` off."""
    off = ~(np.abs(true - true[:, :1]) <= HELD * KCAL)
    rows = np.linspace(0, chain.positions.shape[1] - 1, true.shape[1]).round()
    frames = np.where(off.any(axis=1), rows[off.argmax(axis=1)], rows[-1])
    return [float(one) for one in frames * chain.dt_ps]


def compared(true: Spectrum, made: Spectrum, halves: tuple[Spectrum, Spectrum]) -> dict[str, Any]:
    """Similarity, shift of the highest X-H peak, both also between halves of the truth, curves."""
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


def pieces(motion: LearnedMotion, trajectory: Trajectory) -> tuple[Chain, NDArray[np.int64]]:
    """Chains from frames of the reference motion one `PIECE` apart, and the frames of both.

    Energy flows slowly between vibrations: other starts, and longer chains, would have other
    intensities over the length of the reference.

    Returns
    -------
    tuple
        P chains, and (P, K) frames of the reference at the same times.
    """
    steps = STRIDE * (min(round(PIECE / motion.step_ps), (len(trajectory) - 1) // 4) // STRIDE)
    first = np.arange(0, len(trajectory) - steps, steps)
    x, v = trajectory.positions[first], trajectory.moving()[first]
    rows = first[:, None] + np.arange(0, steps + 1, STRIDE)
    return motion.follow(x, v, steps, STRIDE), rows


def averaged(spectra: list[Spectrum], others: list[Spectrum]) -> dict[str, Any]:
    """Means of true spectra and of others, compared; halves are those of the true ones."""
    half = len(spectra) // 2
    return compared(mean(spectra), mean(others), (mean(spectra[:half]), mean(spectra[half:])))


def mean(spectra: list[Spectrum]) -> Spectrum:
    """Of spectra with the same points."""
    density = np.mean([one.density for one in spectra], axis=0)
    return Spectrum(spectra[0].wave_numbers, np.asarray(density))


def power(trajectory: Trajectory, chain: Chain, rows: NDArray[np.int64]) -> dict[str, Any]:
    """Densities of states of the reference motion and of the chains that start on it."""
    true, made = (
        [density_of_states(one, trajectory.masses, chain.dt_ps, WIDTH) for one in many]
        for many in (trajectory.moving()[rows], chain.velocities)
    )
    return averaged(true, made)


def absorption(
    trajectory: Trajectory, chain: Chain, rows: NDArray[np.int64], dipoles: Dipoles, frames: int
) -> dict[str, Any]:
    """Infrared spectra of the same, of as many chains as make about ``frames`` kept frames."""
    count = max(2, frames // rows.shape[1])
    some = np.unique(np.linspace(0, len(rows) - 1, count).round().astype(np.int64))
    true, made = (
        [infrared(dipoles(one), chain.dt_ps) for one in many]
        for many in (trajectory.positions[rows[some]], chain.positions[some])
    )
    return averaged(true, made)


def long_motion(
    trajectory: Trajectory,
    test: Trajectory,
    motion: LearnedMotion,
    networks: Mapping[str, GicnetMotion],
    potential: Potential,
    dipoles: Dipoles,
    size: PropagatorSize,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Chains of all models, and spectra.

    Long chains start from frames of the test block with new velocities and have the mean total
    energy of the reference motion.
    """
    assert trajectory.energy is not None
    assert test.energy is not None
    total = float((trajectory.kinetic() + trajectory.energy).mean())
    rows = np.linspace(0, len(test) - 1, size.replicas).round().astype(np.int64)
    start = starts(test.positions[rows], test.energy[rows], test.masses, total, rng)
    chain = motion.follow(*start, round(size.chain_ps / motion.step_ps), STRIDE)
    true = true_energy(chain, test.masses, potential, size.judged)
    short, frames = pieces(motion, trajectory)
    lost = {}
    for name, net in networks.items():
        segments = round(size.gicnet_ps / net.reach_ps)
        made = follow_segments(net, *start, segments, scaled=name == SPACETIME)
        lost[name] = held(made, true_energy(made, test.masses, potential, size.judged))
    return {
        "energy": energies(chain, true),
        "networks": lost,
        "power": power(trajectory, short, frames),
        "infrared": absorption(trajectory, short, frames, dipoles, size.dipoles),
    }
