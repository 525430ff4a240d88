"""Symmetries and exactness of every model, on a molecule of springs."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.trajectory.measure.superres_errors import errors
from benchmarks.trajectory.models.budget import Budget
from benchmarks.trajectory.models.networks import KINDS
from benchmarks.trajectory.models.polynomials import hermite_with_accelerations, linear, spline
from benchmarks.trajectory.models.recurrent import train_steppers
from benchmarks.trajectory.reference.molecules import molecule
from mechanist.trajectory.dataset import Ends, by_time, windows
from mechanist.trajectory.superres.bridge import Bridge
from mechanist.trajectory.superres.learned import learn_bridge, memory_of
from mechanist.trajectory.superres.polynomials import hermite
from mechanist.trajectory.superres.ridge import fit_ridge
from tests.trajectory.conftest import turn

GAP = 12


@pytest.fixture(scope="module")
def dataset(motion):
    return by_time(motion, GAP)


@pytest.fixture(scope="module")
def test_gaps(dataset):
    return windows(dataset.test, GAP)


@pytest.fixture(scope="module")
def ridge(dataset, motion):
    parts = windows(dataset.train, GAP, 5), windows(dataset.validate, GAP, 5)
    return fit_ridge(*parts, motion.masses)


@pytest.fixture(scope="module")
def bridge(dataset):
    return learn_bridge(dataset, molecule("ethanol").permutations[:1], 40)


@pytest.fixture(scope="module")
def steppers(dataset, motion):
    gaps = [windows(dataset.train, GAP, 5)]
    budget = Budget(hidden=24, layers=1, frames=600, batch=32)
    return {
        (kind, both): train_steppers(kind, both, gaps, motion.masses, budget, 4)[0]
        for kind in ("lstm", "hnn")
        for both in (True, False)
    }


@pytest.fixture(scope="module")
def models(ridge, bridge, steppers):
    return {
        "linear": linear,
        "hermite": hermite,
        "ridge": ridge,
        "bridge": bridge,
        "bi-lstm": steppers["lstm", True],
        "bi-hnn": steppers["hnn", True],
    }


NAMES = ["linear", "hermite", "ridge", "bridge", "bi-lstm", "bi-hnn"]


def moved(ends, rotation, shift):
    parts = {name: getattr(ends, name) @ rotation for name in ("x0", "v0", "x1", "v1")}
    return replace(ends, **(parts | {"x0": parts["x0"] + shift, "x1": parts["x1"] + shift}))


@pytest.mark.parametrize("name", NAMES)
def test_turning_the_molecule_turns_the_answer(models, test_gaps, name):
    ends = test_gaps.ends.rows(slice(3))
    rotation, shift = turn(np.random.default_rng(5)), np.array([0.3, -1.0, 2.0])
    one, other = models[name](ends), models[name](moved(ends, rotation, shift))
    # Networks work in single precision.
    place, speed = (1e-6, 1e-3) if name.startswith("bi-") else (1e-9, 1e-6)
    np.testing.assert_allclose(other.positions, one.positions @ rotation + shift, atol=place)
    np.testing.assert_allclose(other.velocities, one.velocities @ rotation, atol=speed)


@pytest.mark.parametrize("name", ["linear", "hermite", "bridge"])
def test_time_can_run_backwards(models, test_gaps, name):
    ends = test_gaps.ends.rows(slice(3))
    one, other = models[name](ends), models[name](ends.reversed())
    np.testing.assert_allclose(other.positions[:, ::-1], one.positions, atol=1e-13)
    np.testing.assert_allclose(-other.velocities[:, ::-1], one.velocities, atol=1e-9)


def test_exchanged_hydrogens_give_exchanged_answers(dataset, test_gaps):
    orders = molecule("ethanol").permutations
    bridge = learn_bridge(dataset, orders, 8)
    # The error of the forces is measured atom by atom; it must not tell like atoms apart here.
    bridge = replace(bridge, errors=np.full(9, 50.0))
    ends = test_gaps.ends.rows(slice(2))
    for order in orders[1:3]:
        parts = {name: getattr(ends, name)[:, order] for name in ("x0", "v0", "x1", "v1")}
        other = bridge(replace(ends, **parts))
        np.testing.assert_allclose(other.positions, bridge(ends).positions[:, :, order], atol=1e-10)


def test_polynomials_of_their_degree_are_exact():
    rng = np.random.default_rng(6)
    terms = rng.normal(size=(6, 2, 3))
    t = np.linspace(0, 0.4, 7)

    def motion_of(degree):
        powers = np.arange(degree + 1)
        x = np.einsum("tk,knx->tnx", t[:, None] ** powers, terms[: degree + 1])
        slopes = powers[1:, None, None] * terms[1 : degree + 1]
        v = np.einsum("tk,knx->tnx", t[:, None] ** powers[:-1], slopes)
        bends = powers[1:-1, None, None] * slopes[1:]
        a = np.einsum("tk,knx->tnx", t[:, None] ** powers[:-2], bends)
        return Ends(x[:1], v[:1], x[-1:], v[-1:], 5, t[1]), x, v, a

    ends, x, v, _ = motion_of(1)
    np.testing.assert_allclose(linear(ends).positions[0], x[1:-1])
    np.testing.assert_allclose(linear(ends).velocities[0], v[1:-1])
    ends, x, v, _ = motion_of(3)
    np.testing.assert_allclose(hermite(ends).positions[0], x[1:-1])
    np.testing.assert_allclose(hermite(ends).velocities[0], v[1:-1])
    ends, x, v, a = motion_of(5)
    assert np.abs(hermite(ends).positions[0] - x[1:-1]).max() > 1e-5
    filled = hermite_with_accelerations(ends, a[None, [0, -1]])
    np.testing.assert_allclose(filled.positions[0], x[1:-1])
    np.testing.assert_allclose(filled.velocities[0], v[1:-1])


def test_a_spline_goes_through_cubics_and_not_across_breaks():
    t = np.arange(41) * 0.1
    x = (1 + t - 2 * t**2 + 0.5 * t**3)[:, None, None] * np.ones((2, 3))
    knots = x[::4]
    v = np.zeros_like(knots[:-1])
    ends = Ends(knots[:-1], v, knots[1:], v, 3, 0.1)
    truth = x[:-1].reshape(10, 4, 2, 3)[:, 1:]
    np.testing.assert_allclose(spline(ends).positions, truth)
    rows = np.r_[0:4, 6:10]
    broken = Ends(ends.x0[rows], v[rows], ends.x1[rows], v[rows], 3, 0.1)
    np.testing.assert_allclose(spline(broken).positions, truth[rows])


def test_a_bridge_of_the_true_forces_is_the_truth(springs, motion, test_gaps):
    def true(x):
        return np.array([springs(one)[1] for one in x])

    exact = Bridge(true, motion.masses, np.full(9, 10.0), 0.002, iterations=1)
    few = test_gaps.ends.rows(slice(3))
    filled = exact(few)
    np.testing.assert_allclose(filled.positions, test_gaps.positions[:3, 1:-1], atol=1e-9)
    np.testing.assert_allclose(filled.velocities, test_gaps.velocities[:3, 1:-1], atol=1e-5)


def test_a_bridge_of_wrong_forces_meets_both_ends(springs, motion, test_gaps):
    """Forces 5 % too strong: pushes must close the gap better with each iteration."""

    def wrong(x):
        return 1.05 * np.array([springs(one)[1] for one in x])

    ends = test_gaps.ends.rows(slice(2))
    free = np.zeros((2, GAP + 2, 9, 3))
    missed = []
    for iterations in (1, 2):
        bridge = Bridge(wrong, motion.masses, np.full(9, 50.0), 0.002, iterations)
        x, v = bridge.shoot(ends, free)
        path = np.concatenate([ends.x0[:, None], hermite(ends).positions, ends.x1[:, None]], 1)
        gain = bridge._gain(bridge._stiffness(path), ends.dt_ps, bridge._prior(ends, None)[1])
        push = free
        start = np.abs(x[:, -1] - ends.x1).max()
        for _ in range(iterations):
            push = push + bridge._correction(ends, x, v, gain)
            x, v = bridge.shoot(ends, push)
        missed.append(np.abs(x[:, -1] - ends.x1).max())
    assert missed[0] < 0.2 * start
    assert missed[1] < 0.2 * missed[0]


def test_a_gap_whose_end_is_not_found_gets_a_polynomial(springs, motion, test_gaps):
    """Forces that push apart what they should hold lead nowhere near the other end."""

    def apart(x):
        return -3 * np.array([springs(one)[1] for one in x])

    lost = Bridge(apart, motion.masses, np.full(9, 50.0), 0.002)
    few = test_gaps.ends.rows(slice(2))
    filled, plain = lost(few), hermite(few)
    np.testing.assert_array_equal(filled.positions, plain.positions)
    np.testing.assert_array_equal(filled.velocities, plain.velocities)


def test_accelerations_at_the_ends_make_it_better(bridge, test_gaps, motion):
    known = test_gaps.accelerations
    plain, more = bridge(test_gaps.ends), bridge(test_gaps.ends, known)
    found = [errors(one, test_gaps, motion.numbers).position for one in (plain, more)]
    assert found[1] < 0.8 * found[0]
    few = test_gaps.ends.rows(slice(2))
    again = bridge(few.reversed(), known[:2, ::-1])
    np.testing.assert_allclose(again.positions[:, ::-1], more.positions[:2], atol=1e-13)


def test_a_process_that_is_known_at_the_ends_is_so(bridge, test_gaps, motion):
    ends = test_gaps.ends.rows(slice(2))
    push, alike = bridge._prior(ends, test_gaps.accelerations[:2])
    np.testing.assert_allclose(alike[[0, -1]], 0, atol=1e-12)
    x = np.stack([ends.x0, ends.x1], axis=1)
    learned = bridge.forces(x.reshape(-1, 9, 3)).reshape(x.shape) / motion.masses[:, None]
    np.testing.assert_allclose(push[:, [0, -1]] + learned, test_gaps.accelerations[:2], rtol=1e-9)


def test_forces_that_run_away_leave_hermite_polynomials(motion, test_gaps):
    """Repulsion beyond all numbers, on the molecule that starts with its first atom at x > 0."""

    def wild(x):
        away = x - x.mean(axis=1, keepdims=True)
        runs = (x[:, 0, 0] > 0.5)[:, None, None]
        return np.where(runs, 1e9 * away * np.exp(np.minimum(np.abs(away), 700)), 0.0)

    bridge = Bridge(wild, motion.masses, np.full(9, 10.0), 0.002)
    ends = test_gaps.ends.rows(slice(4))
    shift = np.zeros((4, 1, 1)) + np.array([[[0.0]], [[9.0]], [[0.0]], [[9.0]]]) * np.array(
        [1.0, 0, 0]
    )
    moved = replace(ends, x0=ends.x0 + shift, x1=ends.x1 + shift)
    filled = bridge(moved)
    plain = hermite(moved)
    assert np.isfinite(filled.positions).all()
    np.testing.assert_array_equal(filled.positions[1::2], plain.positions[1::2])
    assert np.abs(filled.positions[::2] - plain.positions[::2]).max() > 1e-6


def test_learned_bridges_beat_every_baseline(models, test_gaps, motion):
    found = {
        name: errors(model(test_gaps.ends), test_gaps, motion.numbers).position
        for name, model in models.items()
    }
    assert found["bridge"] < found["ridge"] < found["hermite"] < found["linear"]


def test_two_ends_are_better_than_one(steppers, test_gaps, motion):
    both, one, base = (
        errors(model(test_gaps.ends), test_gaps, motion.numbers).position
        for model in (steppers["lstm", True], steppers["lstm", False], hermite)
    )
    assert both < one < base


@pytest.mark.parametrize("kind", ["lstm", "hnn"])
def test_networks_from_both_ends_can_run_backwards(steppers, test_gaps, kind):
    ends = test_gaps.ends.rows(slice(3))
    one, other = steppers[kind, True](ends), steppers[kind, True](ends.reversed())
    # Single precision.
    np.testing.assert_allclose(other.positions[:, ::-1], one.positions, atol=1e-6)
    np.testing.assert_allclose(-other.velocities[:, ::-1], one.velocities, atol=1e-3)
    from_one = steppers["lstm", False]
    back = from_one(ends.reversed()).positions[:, ::-1]
    assert np.abs(back - from_one(ends).positions).max() > 1e-5


@pytest.mark.parametrize("kind", KINDS)
def test_untrained_networks_are_hermite_polynomials(dataset, motion, test_gaps, kind):
    """They start at uniform motion, and what that misses at the other end is added."""
    gaps = [windows(dataset.train, GAP, 50)]
    budget = Budget(hidden=8, layers=1, frames=1, batch=4, rate=0.0)
    net = train_steppers(kind, True, gaps, motion.masses, budget, 4)[0]
    still = replace(net.scaling, change_mean=torch.zeros_like(net.scaling.change_mean))
    made, base = replace(net, scaling=still)(test_gaps.ends), hermite(test_gaps.ends)
    np.testing.assert_allclose(made.positions, base.positions, atol=1e-6)
    np.testing.assert_allclose(made.velocities, base.velocities, atol=1e-3)


def test_training_is_repeatable_and_leaves_random_numbers_alone(dataset, motion):
    gaps = [windows(dataset.train, 3, 50)]
    budget = Budget(hidden=8, layers=1, frames=9, batch=4)
    before = torch.random.get_rng_state()
    nets = [train_steppers("rnn", True, gaps, motion.masses, budget, 4)[0].net for _ in (0, 1)]
    assert torch.equal(before, torch.random.get_rng_state())
    for one, other in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        assert torch.equal(one, other)


def test_errors_count_light_and_heavy_atoms_apart(test_gaps, motion):
    filled = hermite(test_gaps.ends)
    shifted = replace(
        filled,
        positions=test_gaps.positions[:, 1:-1]
        + np.array([3.0, 0, 0]) * (motion.numbers == 1)[:, None],
        velocities=test_gaps.velocities[:, 1:-1] + 2.0,
    )
    found = errors(shifted, test_gaps, motion.numbers)
    assert found.position_hydrogen == pytest.approx(1.0)
    assert found.position_heavy == 0
    assert found.position == pytest.approx(6 / 9)
    assert found.position_p99 == pytest.approx(3.0)
    assert found.velocity == pytest.approx(2.0)


def test_memory_of_a_known_process():
    """An AR(1) series with r = exp(-1/10) falls to exp(-1/2) after 5 steps."""
    rng = np.random.default_rng(9)
    keep = np.exp(-0.1)
    series = np.zeros((4000, 30))
    for k in range(1, 4000):
        series[k] = keep * series[k - 1] + np.sqrt(1 - keep**2) * rng.normal(size=30)
    # Of about 4000 x 30 / 20 independent values; the next lag would need a change of 0.06.
    assert memory_of(series[100:].reshape(-1, 10, 3)) in (5, 6)
