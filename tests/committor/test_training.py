import numpy as np
import pytest

from mechanist.committor.calibration import calibration_test
from mechanist.committor.data import ShotData
from mechanist.committor.likelihood import loss_per_outcome
from mechanist.committor.training import bootstrap, train
from mechanist.errors import DataError
from mechanist.settings.learn import LearnSettings
from mechanist.statistics.held_out import held_out

NAMES = ("x0", "x1", "x2", "x3", "x4")
SETTINGS = LearnSettings(members=3, hidden=(16, 16), epochs_max=25, batch=64, learning_rate=0.02)


def quiet(*_):
    return None


@pytest.fixture(scope="module")
def trained():
    from tests.committor.conftest import planted

    data, q = planted(np.random.default_rng(1))
    out = held_out(data.chain, 5)
    model, record = train(data.subset(~out), SETTINGS, NAMES, np.random.default_rng(2), 1, quiet)
    return model, record, data.subset(out), q[out]


def test_it_comes_close_to_the_truth(trained):
    model, _, data, truth = trained
    best = loss_per_outcome(truth, data.n_a, data.n_b)
    # 800 held-out points: the excess of a good fit is below 0.02 nats, of a linear one above 0.05.
    assert loss_per_outcome(model.q(data.features), data.n_a, data.n_b) < best + 0.02
    test = calibration_test(model.q(data.features), data.n_a, data.n_b, data.chain, 0.03)
    assert test.p_value > 0.01


def test_members_differ_and_the_mean_beats_them(trained):
    model, _, data, _ = trained
    losses = [loss_per_outcome(q, data.n_a, data.n_b) for q in model.members(data.features)]
    assert model.members(data.features).std(axis=0, ddof=1).min() > 0
    assert loss_per_outcome(model.q(data.features), data.n_a, data.n_b) < np.mean(losses)


def test_same_seed_same_weights(shots):
    data, _ = shots
    short = SETTINGS.model_copy(update={"epochs_max": 5})
    q = [
        train(data, short, NAMES, np.random.default_rng(9), 1, quiet)[0].q(data.features)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*q)


def test_bootstrap_draws_whole_chains_and_leaves_some_out():
    chain = np.repeat(np.arange(10), 7)
    weights = bootstrap(chain, 50, np.random.default_rng(3))
    by_chain = weights.reshape(50, 10, 7)
    assert (by_chain == by_chain[:, :, :1]).all()
    assert (by_chain[:, :, 0] == 0).any(axis=1).all()
    assert (weights.sum(axis=1) > 0).all()


def test_one_chain_is_refused(shots):
    data, _ = shots
    one = ShotData(data.features, data.n_a, data.n_b, np.zeros(len(data), dtype=int))
    with pytest.raises(DataError, match="two chains"):
        train(one, SETTINGS, NAMES, np.random.default_rng(0), 1, quiet)


def test_few_shots_stay_sane(shots):
    data, _ = shots
    few = data.subset(np.arange(0, 4000, 200))
    model, _ = train(few, SETTINGS, NAMES, np.random.default_rng(0), 1, quiet)
    assert np.abs(model.q(data.features)).max() < 50


def test_points_without_outcome_and_their_chains_do_not_count(shots):
    data, _ = shots
    n_a, n_b = data.n_a.copy(), data.n_b.copy()
    n_a[data.chain > 0] = n_b[data.chain > 0] = 0
    with pytest.raises(DataError, match="two chains"):
        train(
            ShotData(data.features, n_a, n_b, data.chain),
            SETTINGS,
            NAMES,
            np.random.default_rng(0),
            1,
            quiet,
        )


def test_a_descriptor_that_is_not_finite_is_refused(shots):
    data, _ = shots
    features = data.features.copy()
    features[3, 1] = np.nan
    broken = ShotData(features, data.n_a, data.n_b, data.chain)
    with pytest.raises(DataError, match="not a finite number"):
        train(broken, SETTINGS, NAMES, np.random.default_rng(0), 1, quiet)


def test_weight_decay_follows_the_problem():
    """A wave in two inputs needs freedom; a line hidden among forty idle inputs needs restraint."""
    rng = np.random.default_rng(3)
    chain = np.repeat(np.arange(30), 50)
    settings = SETTINGS.model_copy(update={"weight_decay": (0.03, 0.2, 0.8)})

    def chosen(x, q):
        n_b = rng.binomial(2, 1 / (1 + np.exp(-q)))
        names = tuple(f"x{i}" for i in range(x.shape[1]))
        data = ShotData(x, 2 - n_b, n_b, chain)
        return train(data, settings, names, np.random.default_rng(1), 1, quiet)[1].weight_decay

    wave = rng.uniform(-2, 2, size=(1500, 2))
    line = rng.normal(size=(1500, 41))
    least, *_ = settings.weight_decay
    assert chosen(wave, 4 * np.sin(3 * wave[:, 0]) * np.cos(2 * wave[:, 1])) == least
    assert chosen(line, line[:, 0]) > least


def test_numpy_and_torch_agree(trained):
    """Weights are trained with torch and used with numpy; both must mean the same function."""
    import torch

    from mechanist.committor.ensemble import logits

    model, _, data, _ = trained
    x = (data.features - model.mean) / model.scale
    parameters = [torch.as_tensor(model.skip[:, :, None])]
    for weights, biases in model.layers:
        parameters += [torch.as_tensor(weights), torch.as_tensor(biases[:, None, :])]
    expected = logits(parameters, torch.as_tensor(x)).numpy()
    # Single precision against double: 1e-7 relative, a few hundred terms of size one.
    np.testing.assert_allclose(model.members(data.features), expected, atol=1e-4)
