from dataclasses import replace

import numpy as np
import pytest

from mechanist.errors import DataError
from mechanist.trajectory.molecules import molecule
from mechanist.trajectory.superres import store
from mechanist.trajectory.superres.forcefield import (
    fit_forces,
    inverse_distances,
    known_forces,
    pair_permutations,
    verlet_forces,
)
from mechanist.trajectory.superres.learned import learn_bridge
from tests.trajectory.conftest import turn


@pytest.fixture(scope="module")
def forces(motion):
    rows = np.linspace(0, 4000, 30).astype(int)
    orders = molecule("ethanol").permutations
    return fit_forces(motion.positions[rows], motion.forces[rows], orders)


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


def test_too_many_or_equal_geometries_are_refused(motion):
    identity = np.arange(9)[None]
    with pytest.raises(DataError, match="more than 1481"):
        fit_forces(motion.positions[:1500], motion.forces[:1500], identity)


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
    other = learn_bridge(dataset, molecule("ethanol").permutations, 9)
    store.save(other, tmp_path / "o.safetensors", tmp_path / "o.json")
    with pytest.raises(DataError, match="is not the file"):
        store.load(paths[0], tmp_path / "o.json")
    paths[0].write_bytes(b"no")
    with pytest.raises(DataError, match="damaged"):
        store.load(*paths)


def test_too_few_frames_to_learn_from(motion):
    from mechanist.trajectory.dataset import by_time

    with pytest.raises(DataError, match="are to be learned from"):
        learn_bridge(by_time(motion[:600], 12), np.arange(9)[None], 500)
    with pytest.raises(DataError, match="validation block"):
        learn_bridge(by_time(motion[:600], 12), np.arange(9)[None], 20)
