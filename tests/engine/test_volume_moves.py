"""Moves of the volume sample the isothermal-isobaric ensemble, and carry their box."""

from dataclasses import replace

import numpy as np
import openmm
import pytest
from scipy.stats import gamma, kstest

from mechanist.engine.contexts import langevin, read_state
from mechanist.engine.half_shots import HalfShots
from mechanist.engine.pool import Pool
from mechanist.engine.volume_moves import VolumeMoves
from mechanist.systems.barostat import Barostat
from tests.truth.shells_in_a_box import (
    KT,
    PRESSURE,
    SHAPE,
    distances,
    energy,
    shells_in_a_box,
    volumes,
    walkers,
)


@pytest.fixture(scope="module")
def sampled() -> np.ndarray:
    """Frames of 40 walkers, 25 strides apart (seed 7)."""
    prepared = shells_in_a_box()
    pool, busy = walkers(prepared, 40, 7), np.ones(40, dtype=np.bool_)
    now, kept = np.empty((40, prepared.atoms, 3)), []
    for stride in range(425):
        pool.advance(busy, now)
        if stride % 25 == 24 and stride > 100:
            kept.append(now.copy())
    return np.concatenate(kept)


def test_volumes_have_their_exact_distribution(sampled: np.ndarray):
    # 25 strides with 20 attempts are long for the volume. KS with p > 1e-4 for 520 volumes.
    law = gamma(SHAPE, scale=KT / PRESSURE)
    assert kstest(volumes(sampled), law.cdf).pvalue > 1e-4


def test_distances_have_theirs_at_any_volume(sampled: np.ndarray):
    # r^2 exp(-U / kT). The share of the outer well in both halves of the volumes, within 4
    # standard errors of independent frames, times 2 as frames of a walker are alike.
    r = np.linspace(0.05, 0.9, 4000)
    density = r**2 * np.exp(-energy(r) / KT)
    share = density[r > 0.5].sum() / density.sum()
    outer, large = distances(shells_in_a_box(), sampled) > 0.5, volumes(sampled) > 26
    for part in (large, ~large):
        error = np.sqrt(share * (1 - share) / part.sum())
        assert abs(outer[part].mean() - share) < 8 * error, (outer[part].mean(), share, error)


def test_a_move_keeps_velocities_at_the_time_of_the_positions():
    # Half a kick with the new force, subtracted from the same velocity.
    prepared = shells_in_a_box(change=0.5, chance=1.0)
    pool = walkers(prepared, 1, 3)
    context, kick = pool._contexts[0], pool._kick[:-1]

    def on_step() -> tuple[np.ndarray, np.ndarray]:
        positions, velocities = pool.state(np.array([0]))
        _, forces = pool.forces(np.array([0]))
        return positions[0], velocities[0, :-1] + kick * forces[0, :-1]

    before, v = on_step()
    moved = 0
    for _ in range(20):
        moved += pool._volume.attempt(context, 0.5)
    after, w = on_step()
    assert moved > 3
    assert after[-1, 0] != before[-1, 0]
    np.testing.assert_allclose(w, v, rtol=1e-12)
    # Every particle is a molecule here, so fractional coordinates are kept.
    np.testing.assert_allclose(after[:-1] / after[-1, 0], before[:-1] / before[-1, 0], rtol=1e-12)


def test_a_half_shot_starts_in_the_box_of_its_frame():
    prepared = shells_in_a_box()
    still = Pool(replace(prepared, barostat=None), 2, "Reference", 1)
    positions = np.repeat(prepared.positions[None], 2, axis=0)
    positions[1] *= 1.1
    none = np.zeros_like(positions)
    still.load(np.arange(2), HalfShots(np.arange(2), positions, none))
    now = np.empty_like(positions)
    still.advance(np.ones(2, dtype=np.bool_), now)
    np.testing.assert_allclose(now[:, -1], positions[:, -1], rtol=1e-12)


def test_a_restored_pool_goes_on_with_the_same_numbers():
    prepared = shells_in_a_box()
    pool, busy = walkers(prepared, 3, 5), np.ones(3, dtype=np.bool_)
    now, again = np.empty((2, 3, prepared.atoms, 3))
    for _ in range(5):
        pool.advance(busy, now)
    state, noise = pool.state(np.arange(3)), pool.noise()
    for _ in range(5):
        pool.advance(busy, now)
    other = Pool(prepared, 3, "Reference", 99)
    other.restore(np.arange(3), *state)
    other.set_noise(noise)
    for _ in range(5):
        other.advance(busy, again)
    np.testing.assert_allclose(again, now, rtol=1e-12)
    assert len(np.unique(now[:, -1, 0])) == 3


@pytest.fixture
def diatomics():
    """Ten rigid molecules without interaction but for a cutoff of 0.9 nm, in a box of 2 nm."""
    system = openmm.System()
    system.setDefaultPeriodicBoxVectors([2, 0, 0], [0, 2, 0], [0, 0, 2])
    force = openmm.NonbondedForce()
    force.setNonbondedMethod(openmm.NonbondedForce.CutoffPeriodic)
    force.setCutoffDistance(0.9)
    for number in range(20):
        system.addParticle(10.0 + number % 2)
        force.addParticle(0.0, 0.1, 0.0)
    for first in range(0, 20, 2):
        system.addConstraint(first, first + 1, 0.2)
    system.addForce(force)
    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(system, langevin(300.0, 1.0, 0.002, 1), platform)
    # Anywhere, also in other images of the box.
    centres = np.random.default_rng(4).uniform(-5, 5, (10, 1, 3))
    ends = np.array([[0.1, 0, 0], [-0.1, 0, 0]])
    context.setPositions((centres + ends).reshape(20, 3))
    return context


def test_molecules_are_moved_as_a_whole_and_no_box_is_smaller_than_the_cutoff_allows(diatomics):
    before, after, nothing = np.zeros((3, 21, 3))
    read_state(diatomics, before, nothing)
    # At this pressure the mean volume is far below the smallest one.
    moves = VolumeMoves(Barostat(2000.0, 1.0, 1.0), diatomics, 2.5, 0.002, 8)
    edges = []
    for _ in range(200):
        moves.attempt(diatomics, 1.0)
        read_state(diatomics, after, nothing)
        edges.append(after[-1, 0])
    assert moves.accepted > 10
    assert 1.8 <= min(edges) < 1.82
    pairs = after[:20].reshape(10, 2, 3), before[:20].reshape(10, 2, 3)
    np.testing.assert_allclose(*(p[:, 1] - p[:, 0] for p in pairs), atol=1e-12)
    scale = after[-1, 0] / before[-1, 0]
    np.testing.assert_allclose(pairs[0].mean(axis=1), scale * pairs[1].mean(axis=1), rtol=1e-10)
