"""4-D networks, small, on a molecule of springs."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.trajectory.models.published import published
from mechanist.bookkeeping.files import read_json, write_bytes, write_json
from mechanist.errors import DataError
from mechanist.trajectory.dataset import by_time
from mechanist.trajectory.propagator import gicnet_store
from mechanist.trajectory.propagator.gicnet import perceptron
from mechanist.trajectory.propagator.gicnet_learn import (
    GicnetBudget,
    learn_gicnet,
    pairs_of,
    upright,
)
from mechanist.trajectory.propagator.momentum import momenta
from mechanist.trajectory.propagator.segments import follow_segments
from mechanist.trajectory.propagator.zmatrix import zmatrix_of
from tests.trajectory.conftest import turn

BUDGET = GicnetBudget(
    widths=(64, 32),
    energy_widths=(32, 16),
    members=2,
    steps=150,
    energy_steps=900,
    pairs=4000,
    batch=256,
)


@pytest.fixture(scope="module")
def dataset(motion):
    return by_time(motion, 22)


@pytest.fixture(scope="module")
def gicnet(dataset):
    return learn_gicnet(dataset.train, dataset.validate, BUDGET, 3)


@pytest.fixture
def states(dataset):
    test = dataset.test
    return test.positions[::100], test.velocities[::100]


def test_start_is_exact_and_times_come_in_any_order(gicnet, states):
    times = np.array([0.004, 0.0, 0.01, 0.00123])
    made = gicnet(*states, times)
    # Through internal coordinates and back.
    np.testing.assert_allclose(made.positions[:, 1], states[0], atol=1e-13)
    np.testing.assert_allclose(made.velocities[:, 1], states[1], atol=1e-11)
    again = gicnet(*states, times[::-1])
    np.testing.assert_allclose(again.positions, made.positions[:, ::-1], atol=1e-14)
    for wrong in (np.array([0.011]), np.array([-0.001])):
        with pytest.raises(DataError, match=r"between 0 and 0\.01"):
            gicnet(*states, wrong)
    with pytest.raises(DataError, match="must be"):
        gicnet(states[0][:, :5], states[1][:, :5], times)


def test_velocities_are_the_derivative_of_positions(gicnet, states):
    # The same formulas by automatic and by finite differences, where f rises and after.
    for t in (8e-5, 0.004):
        h = 1e-9
        made = gicnet(*states, np.array([t - h, t, t + h]))
        slope = (made.positions[:, 2] - made.positions[:, 0]) / (2 * h)
        np.testing.assert_allclose(made.velocities[:, 1], slope, atol=1e-5)


def test_the_answer_turns_with_the_molecule(gicnet, states):
    times = np.array([0.005])
    made = gicnet(*states, times)
    rotation = turn(np.random.default_rng(4))
    turned = gicnet(states[0] @ rotation + 1, states[1] @ rotation + 2, times)
    np.testing.assert_allclose(turned.positions, made.positions @ rotation + 1.01, atol=1e-9)
    np.testing.assert_allclose(turned.velocities, made.velocities @ rotation + 2, atol=1e-7)


def test_learning_helps(gicnet, dataset):
    test = dataset.test
    first = np.arange(0, len(test) - 20, 20)
    true = test.positions[first + 20]
    made = gicnet(test.positions[first], test.velocities[first], np.array([0.01]))
    straight = test.positions[first] + 0.01 * test.velocities[first]
    wrong = [np.abs(one - true).mean() for one in (made.positions[:, 0], straight)]
    assert wrong[0] < 0.5 * wrong[1]
    # The energy that was learned, against the true one.
    found = gicnet.total_energy(test.positions, test.velocities) - test.kinetic()
    assert (found - test.energy).std() < 0.7 * test.energy.std()
    assert 0.5 < gicnet.explained < 1


def test_energies_are_found_from_velocities_where_they_are_conserved(dataset):
    """Without energies; with velocities that belong to other frames nothing is explained."""
    parts = [replace(one, energy=None) for one in (dataset.train, dataset.validate)]
    brief = replace(BUDGET, steps=1, members=1)
    assert learn_gicnet(*parts, brief, 3).explained > 0.5
    rng = np.random.default_rng(5)
    mixed = [replace(one, velocities=rng.permutation(one.velocities)) for one in parts]
    assert learn_gicnet(*mixed, brief, 3).explained < 0.2


def test_pairs_are_states_with_earlier_or_later_ones(dataset, gicnet):
    train = dataset.train
    rng = np.random.default_rng(2)
    pairs = pairs_of(train, 0.01, gicnet.zmatrix, gicnet.pose, 300, rng)
    assert len(pairs) == 300
    lags = np.unique((2 * pairs.t).round())
    np.testing.assert_array_equal(lags, np.arange(1, 21))
    assert (pairs.q - pairs.q0)[..., 2].abs().max() <= np.pi + 1e-5
    # Straight lines are right to second order forwards and backwards alike.
    near = pairs.t < 1
    line = (pairs.q0 + pairs.s0 * pairs.t[:, None, None])[near]
    moved = (pairs.q0 - pairs.q)[near][..., 0].abs().mean()
    assert (line - pairs.q[near])[..., 0].abs().mean() < 0.2 * moved
    with pytest.raises(DataError, match="no two frames"):
        pairs_of(train[:10], 0.01, gicnet.zmatrix, gicnet.pose, 300, rng)


def test_the_published_form_has_the_same_start(dataset, states):
    brief = replace(BUDGET, steps=20, energy_steps=1, members=1)
    net = learn_gicnet(dataset.train, dataset.validate, brief, 3, make=published)
    made = net(*states, np.array([0.0, 0.01]))
    np.testing.assert_allclose(made.positions[:, 0], states[0], atol=1e-13)
    np.testing.assert_allclose(made.velocities[:, 0], states[1], atol=1e-11)


def test_chains_keep_momentum_and_energy(gicnet, states, motion):
    chain = follow_segments(gicnet, *states, 5, frames=2)
    assert chain.positions.shape == (len(states[0]), 11, 9, 3)
    assert chain.dt_ps == pytest.approx(0.005)
    # After so little training some states have more potential than total energy.
    kept = np.isclose(chain.energy[:, 2], chain.energy[:, 0], atol=1e-6)
    assert kept.sum() > 0.5 * len(kept)
    assert (chain.energy[~kept, 2] > chain.energy[~kept, 0]).all()
    alone = replace(gicnet, members=gicnet.members[:1])
    first = follow_segments(alone, *states, 1, frames=2).positions[:, 1]
    np.testing.assert_allclose(first, alone(*states, np.array([0.005])).positions[:, 0], atol=1e-13)
    plain = [follow_segments(one, *states, 1, scaled=False) for one in (gicnet, alone)]
    off = [np.abs(one.energy[:, 1] - one.energy[:, 0]) for one in plain]
    assert (off[0] <= off[1] + 1e-9).all()
    ends = plain[0].positions[:, -1], plain[0].velocities[:, -1]
    for end, start in zip(
        momenta(*ends, motion.masses), momenta(*states, motion.masses), strict=True
    ):
        np.testing.assert_allclose(end, start, atol=1e-9)


def test_the_reference_lies_off_the_fixed_points():
    rng = np.random.default_rng(1)
    for atoms in (2, 3, 6):
        x = upright(0.1 * rng.normal(size=(atoms, 3)), np.ones(atoms))
        bond = x[1] - x[0]
        np.testing.assert_allclose(bond[1:], 0, atol=1e-12)
        np.testing.assert_allclose(x.mean(axis=0), 0, atol=1e-12)
        zmatrix_of(x)


def test_an_ensemble_on_disk(gicnet, states, tmp_path):
    paths = tmp_path / "g.safetensors", tmp_path / "g.json"
    gicnet_store.save(gicnet, *paths)
    again = gicnet_store.load(*paths)
    times = np.array([0.003])
    np.testing.assert_array_equal(again(*states, times).positions, gicnet(*states, times).positions)
    np.testing.assert_array_equal(again.total_energy(*states), gicnet.total_energy(*states))
    card = read_json(paths[1])
    for wrong, told in (
        ({"widths": [64, 16]}, "do not fit"),
        ({"widths": None}, r"g\.json"),
        ({"members": 3}, "do not fit"),
        ({"format": 1}, "format 2"),
        ({"sha256": "0"}, "is not the file"),
    ):
        write_json(paths[1], card | wrong)
        with pytest.raises(DataError, match=told) as error:
            gicnet_store.load(*paths)
        assert "\n" not in str(error.value)
    write_json(paths[1], card)
    write_bytes(paths[0], paths[0].read_bytes()[:-9])
    with pytest.raises(DataError, match="damaged"):
        gicnet_store.load(*paths)


def test_layers_of_a_perceptron():
    kinds = [type(one).__name__ for one in perceptron([3, 4, 5, 1])]
    assert kinds == ["Linear", "GELU", "Linear", "GELU", "Linear"]
