from dataclasses import replace

import numpy as np
import pytest

from benchmarks.trajectory.reference.molecules import molecule
from mechanist.errors import DataError
from mechanist.systems.forces.kernel import inverse_distances
from mechanist.trajectory.superres import store
from mechanist.trajectory.superres.forcefield import (
    covariance,
    fit_forces,
    internal,
    known_forces,
    pair_permutations,
    plain_metric,
    verlet_forces,
)
from mechanist.trajectory.superres.learned import learn_bridge
from mechanist.trajectory.superres.likelihood import Likelihood, likely_metric
from tests.trajectory.conftest import turn


@pytest.fixture(scope="module")
def forces(motion):
    rows = np.linspace(0, 4000, 30).astype(int)
    orders = molecule("ethanol").permutations
    x, f = motion.positions[rows], motion.forces[rows]
    return fit_forces(x, f, orders, likely_metric(x, f, orders))


def test_second_differences_are_the_forces_of_velocity_verlet(motion):
    x, f = verlet_forces(motion)
    np.testing.assert_array_equal(x, motion.positions[1:-1])
    # Positions of 0.1 nm to 1e-17 over (5e-4 ps)^2, times 16 Da: 1e-9 and some.
    np.testing.assert_allclose(f, motion.forces[1:-1], atol=1e-7)


def test_forces_are_not_taken_from_frames_that_are_not_steps(motion):
    np.testing.assert_array_equal(known_forces(motion)[1], verlet_forces(motion)[1])
    coarse = motion[::4]
    x, f = known_forces(coarse)
    np.testing.assert_array_equal(x, coarse.positions)
    np.testing.assert_array_equal(f, coarse.forces)
    assert np.abs(verlet_forces(coarse)[1] - f[1:-1]).max() > 100
    with pytest.raises(DataError, match="every step"):
        known_forces(replace(coarse, forces=None))


def test_learned_points_are_reproduced(motion):
    rows = np.linspace(0, 4000, 30).astype(int)
    identity = np.arange(9)[None]
    learned = fit_forces(motion.positions[rows], motion.forces[rows], identity)
    typical = motion.forces.std()
    wrong = learned(motion.positions[rows]) - motion.forces[rows]
    assert np.abs(wrong).max() < 1e-3 * typical
    fresh = learned(motion.positions[5000::40]) - motion.forces[5000::40]
    assert fresh.std() < 0.15 * typical


def test_forces_are_those_along_motions_that_change_distances(motion):
    x, f = motion.positions[:3], motion.forces[:3]
    _, slopes, known = internal(x, f)
    assert slopes.shape == (3, 36, 21)
    # No force turns the molecule or pushes its centre, so nothing is lost.
    np.testing.assert_allclose((known**2).sum(axis=1), (f**2).sum(axis=(1, 2)), rtol=1e-8)
    power = np.linalg.lstsq(slopes[0].T, known[0], rcond=None)[0]
    gradients = inverse_distances(x[:1])[1][0]
    again = np.zeros((9, 3))
    i, j = np.triu_indices(9, 1)
    np.add.at(again, i, power[:, None] * gradients)
    np.add.at(again, j, -power[:, None] * gradients)
    np.testing.assert_allclose(again, f[0], atol=1e-6 * np.abs(f[0]).max())
    both = internal(x[:, :2], f[:, :2] - f[:, :2].mean(axis=1, keepdims=True))
    assert both[1].shape == (3, 1, 1)


def test_likelihood_and_its_derivatives(motion):
    """Against the formula with the whole covariance, and against differences."""
    rows = np.array([0, 900, 2500])
    orders = pair_permutations(molecule("ethanol").permutations)
    likelihood = Likelihood(*internal(motion.positions[rows], motion.forces[rows]), orders)
    metric = plain_metric(likelihood.inverse, orders)
    # Scales must be alike for pairs that permutations exchange.
    scale = metric.scale / metric.width * np.linspace(0.8, 1.3, 36)[orders].mean(axis=0)
    value, slopes = likelihood(scale)
    matrix = covariance(likelihood.inverse * scale, likelihood.slopes * scale[:, None], orders, 1.0)
    matrix = np.tril(matrix) + np.tril(matrix, -1).T
    matrix += 1e-10 * np.trace(matrix) / len(matrix) * np.eye(len(matrix))
    y = likelihood.known.reshape(-1)
    quadratic = y @ np.linalg.solve(matrix, y) / len(y)
    expected = 0.5 * len(y) * np.log(quadratic) + 0.5 * np.linalg.slogdet(matrix)[1]
    assert value == pytest.approx(expected, rel=1e-9)
    for pair in (0, 7, 35):
        step = np.zeros(36)
        step[np.unique(orders[:, pair])] = 1e-5 * scale[pair]
        numeric = (likelihood(scale + step)[0] - likelihood(scale - step)[0]) / 2
        assert slopes @ step == pytest.approx(numeric, rel=1e-4)


def test_likely_scales(motion):
    """They are alike for like pairs, more likely than plain ones, and forces are better."""
    rows = np.linspace(0, 4000, 30).astype(int)
    permutations = molecule("ethanol").permutations
    orders = pair_permutations(permutations)
    x, f = motion.positions[rows], motion.forces[rows]
    inverse = inverse_distances(x)[0]
    plain, likely = plain_metric(inverse, orders), likely_metric(x, f, permutations)
    likelihood = Likelihood(*internal(x, f), orders)
    values = [likelihood(one.scale / one.width)[0] for one in (plain, likely)]
    assert values[1] < values[0] - 100
    wrong = []
    for metric in (plain, likely):
        for order in orders:
            np.testing.assert_allclose(metric.scale[order], metric.scale, rtol=1e-12)
        assert np.log(metric.scale).mean() == pytest.approx(0, abs=1e-12)
        learned = fit_forces(x, f, permutations, metric)
        wrong.append((learned(motion.positions[5000::20]) - motion.forces[5000::20]).std())
    assert wrong[1] < 0.8 * wrong[0]


def test_forces_are_a_gradient(forces, motion):
    """The work along a closed loop is none."""
    rng = np.random.default_rng(1)
    a, b = 0.004 * rng.normal(size=(2, 9, 3))
    # The loop a sin t + b (1 - cos t), by the trapezoidal rule, which is exact for smooth loops.
    t = 2 * np.pi * np.arange(64) / 64
    path = motion.positions[4500] + np.sin(t)[:, None, None] * a
    path = path + (1 - np.cos(t))[:, None, None] * b
    speed = np.cos(t)[:, None, None] * a + np.sin(t)[:, None, None] * b
    power = (forces(path) * speed).sum(axis=(1, 2))
    assert abs(power.mean()) < 1e-9 * np.abs(power).max()


def test_symmetries(forces, motion):
    x = motion.positions[4500:4503]
    f = forces(x)
    rotation = turn(np.random.default_rng(4))
    np.testing.assert_allclose(forces(x @ rotation + 1.0), f @ rotation, atol=1e-6)
    np.testing.assert_allclose(forces(-x), -f, atol=1e-6)
    np.testing.assert_allclose(f.sum(axis=1), 0, atol=1e-8)
    np.testing.assert_allclose(np.cross(x, f).sum(axis=1), 0, atol=1e-8)
    for order in molecule("ethanol").permutations:
        np.testing.assert_allclose(forces(x[:, order]), f[:, order], atol=1e-6)
    swapped = [0, 1, 2, 8, 4, 5, 6, 7, 3]
    assert np.abs(forces(x[:, swapped]) - f[:, swapped]).max() > 10


def test_gradients_of_inverse_distances():
    rng = np.random.default_rng(2)
    x, along = rng.normal(size=(1, 4, 3)), rng.normal(size=(1, 4, 3))
    values, gradients = inverse_distances(x)
    i, j = np.triu_indices(4, 1)
    slope = np.einsum("bpx,bpx->bp", gradients, along[:, i] - along[:, j])
    step = 1e-6
    numeric = (inverse_distances(x + step * along)[0] - inverse_distances(x - step * along)[0]) / (
        2 * step
    )
    np.testing.assert_allclose(slope, numeric, rtol=1e-6, atol=1e-9)
    assert values[0, 0] == pytest.approx(1 / np.linalg.norm(x[0, 0] - x[0, 1]))


def test_pairs_follow_their_atoms():
    order = np.array([[2, 0, 1, 3]])
    rng = np.random.default_rng(3)
    x = rng.normal(size=(1, 4, 3))
    there = inverse_distances(x[:, order[0]])[0]
    np.testing.assert_allclose(inverse_distances(x)[0][:, pair_permutations(order)[0]], there)


def test_too_many_geometries_are_refused(motion):
    identity = np.arange(9)[None]
    with pytest.raises(DataError, match="more than 1904"):
        fit_forces(motion.positions[:2000], motion.forces[:2000], identity)


def test_model_on_disk(motion, tmp_path):
    from mechanist.trajectory.dataset import by_time, windows

    dataset = by_time(motion, 12)
    bridge = learn_bridge(dataset, molecule("ethanol").permutations, 8)
    paths = tmp_path / "m.safetensors", tmp_path / "m.json"
    store.save(bridge, *paths)
    again = store.load(*paths)
    ends = windows(dataset.test, 5).ends.rows(slice(2))
    # Sums over another layout of memory round otherwise.
    np.testing.assert_allclose(again(ends).positions, bridge(ends).positions, atol=1e-14)
    np.testing.assert_array_equal(again.forces.scale, bridge.forces.scale)
    assert np.ptp(bridge.forces.scale) > 0.1
    (tmp_path / "old.json").write_text(
        paths[1].read_text(encoding="utf-8").replace('"format": 2', '"format": 1'), encoding="utf-8"
    )
    with pytest.raises(DataError, match="not a card of learned forces of format 2"):
        store.load(paths[0], tmp_path / "old.json")
    other = learn_bridge(dataset, molecule("ethanol").permutations, 9)
    store.save(other, tmp_path / "o.safetensors", tmp_path / "o.json")
    with pytest.raises(DataError, match="is not the file"):
        store.load(paths[0], tmp_path / "o.json")
    paths[0].write_bytes(b"no")
    with pytest.raises(DataError, match="damaged"):
        store.load(*paths)


def test_too_few_frames_to_learn_from(motion):
    from mechanist.trajectory.dataset import by_time

    with pytest.raises(DataError, match="are fewer than"):
        learn_bridge(by_time(motion[:600], 12), np.arange(9)[None], 500)
    with pytest.raises(DataError, match="validation block"):
        learn_bridge(by_time(motion[:600], 12), np.arange(9)[None], 20)
