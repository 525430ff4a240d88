import numpy as np
import pytest

from mechanist.committor import crossfit
from mechanist.committor.crossfit import BY_MODEL, FOLDS, cross_fit, folds
from mechanist.committor.data import ShotData
from mechanist.committor.likelihood import loss_per_outcome
from mechanist.committor.training import train
from mechanist.errors import DataError
from mechanist.settings.learn import LearnSettings
from mechanist.statistics.held_out import held_out
from tests.committor.conftest import planted
from tests.committor.test_training import NAMES, quiet

SETTINGS = LearnSettings(members=2, hidden=(16, 16), epochs_max=12, batch=64, learning_rate=0.02)


def fitted(data, settings=SETTINGS):
    training = data.subset(~held_out(data.chain, settings.held_out_every))
    model, _ = train(training, settings, NAMES, np.random.default_rng(2), 1, quiet)
    return cross_fit(data, model, settings, np.random.default_rng(3), 1, quiet)


@pytest.fixture(scope="module")
def made():
    data, q = planted(np.random.default_rng(1))
    return fitted(data), data, q


def test_every_chain_belongs_to_one_part_by_its_number():
    part = folds(np.arange(20), 5)
    assert (part == BY_MODEL).nonzero()[0].tolist() == [4, 9, 14, 19]
    assert np.bincount(part[part >= 0]).tolist() == [4] * FOLDS
    # More chains, the same part for each of the first ones: rounds are compared by it.
    np.testing.assert_array_equal(folds(np.arange(40), 5)[:20], part)
    assert folds(np.arange(4), 5).tolist() == [0, BY_MODEL, 1, BY_MODEL]


def test_predictions_are_near_the_truth(made):
    fit, data, q = made
    best = loss_per_outcome(q, data.n_a, data.n_b)
    # A linear model is above by 0.05 nats.
    assert loss_per_outcome(fit.q(data), data.n_a, data.n_b) < best + 0.03


def test_outcomes_of_a_part_decide_nothing_about_its_networks(made):
    fit, data, _ = made
    part = folds(data.chain, 5)
    for one in (0, 3):
        here = part == one
        n_a = np.where(here, data.n_b, data.n_a)
        turned = ShotData(data.features, n_a, data.n_a + data.n_b - n_a, data.chain)
        again = cross_fit(turned, fit.model, SETTINGS, np.random.default_rng(3), 1, quiet)
        # Bit for bit, though other networks learn from these shots in the same steps.
        features = data.features[here]
        np.testing.assert_array_equal(again.network(one).q(features), fit.network(one).q(features))
        other = (one + 1) % FOLDS
        assert np.abs(again.network(other).q(features) - fit.network(other).q(features)).max() > 0.1


def test_sparse_starts_have_not_seen_the_part_either():
    data, _ = planted(np.random.default_rng(4), shots=400)
    wide = ShotData(
        np.hstack([data.features, np.random.default_rng(5).normal(size=(400, 35))]),
        data.n_a, data.n_b, data.chain,
    )  # fmt: skip
    names = tuple(f"x{i}" for i in range(40))
    part = folds(wide.chain, 5)
    short = SETTINGS.model_copy(update={"epochs_max": 2})
    model, record = train(wide, short, names, np.random.default_rng(2), 1, quiet)
    assert record.inputs is not None
    fit = cross_fit(wide, model, short, np.random.default_rng(3), 1, quiet)
    assert all(len(network.skip) == 4 for network in fit.parts.values())
    here = part == 2
    turned = ShotData(
        wide.features, np.where(here, wide.n_b, wide.n_a), np.where(here, wide.n_a, wide.n_b),
        wide.chain,
    )  # fmt: skip
    again = cross_fit(turned, model, short, np.random.default_rng(3), 1, quiet)
    np.testing.assert_array_equal(
        again.network(2).members(wide.features[here])[2:],
        fit.network(2).members(wide.features[here])[2:],
    )


def test_it_comes_back_from_its_files(made, tmp_path):
    fit, data, _ = made
    paths = tmp_path / "crossfit.safetensors", tmp_path / "crossfit.json"
    crossfit.save(fit, *paths)
    again = crossfit.load(fit.model, *paths)
    np.testing.assert_array_equal(again.q(data), fit.q(data))


def test_files_of_fewer_chains_are_refused(made):
    fit, data, _ = made
    fewer = crossfit.CrossFit(fit.model, {0: fit.parts[0]}, 5)
    with pytest.raises(DataError, match="fewer chains"):
        fewer.q(data)
