import numpy as np
import pytest

from mechanist.committor.calibration import calibration_test
from mechanist.committor.data import ShotData, held_out
from mechanist.committor.likelihood import loss_per_outcome
from mechanist.committor.network import load, save
from mechanist.committor.training import bootstrap, train
from mechanist.errors import DataError
from mechanist.settings.learn import LearnSettings

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


def test_calibration_test_rejects_an_overconfident_model(trained):
    model, _, data, _ = trained
    q = 3 * model.q(data.features)
    assert calibration_test(q, data.n_a, data.n_b, data.chain, 0.02).p_value < 1e-4


def test_members_differ_and_the_mean_beats_them(trained):
    model, _, data, _ = trained
    losses = [loss_per_outcome(q, data.n_a, data.n_b) for q in model.members(data.features)]
    assert model.spread(data.features).min() > 0
    assert loss_per_outcome(model.q(data.features), data.n_a, data.n_b) < np.mean(losses)


def test_same_seed_same_weights(shots):
    data, _ = shots
    q = [
        train(data, SETTINGS, NAMES, np.random.default_rng(9), 1, quiet)[0].q(data.features)
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


def test_save_and_load(trained, tmp_path):
    model, _, data, _ = trained
    weights, card = tmp_path / "m.safetensors", tmp_path / "m.json"
    save(model, weights, card)
    again = load(weights, card)
    np.testing.assert_array_equal(again.q(data.features), model.q(data.features))
    weights.write_bytes(weights.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"m.safetensors: damaged"):
        load(weights, card)


def test_loading_does_not_import_torch(trained, tmp_path):
    import subprocess
    import sys

    weights, card = tmp_path / "m.safetensors", tmp_path / "m.json"
    save(trained[0], weights, card)
    code = (
        "import sys; from pathlib import Path; from mechanist.committor.network import load;"
        f"load(Path({str(weights)!r}), Path({str(card)!r})); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
