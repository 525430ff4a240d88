import numpy as np

from mechanist.committor.data import ShotData
from mechanist.committor.relevance import relevance
from mechanist.committor.training import train
from mechanist.settings.learn import LearnSettings
from mechanist.statistics.held_out import held_out
from tests.committor.conftest import planted

SETTINGS = LearnSettings(members=3, hidden=(16,), epochs_max=25, batch=128)


def quiet(_):
    return None


def test_two_inputs_that_tell_something_only_together_share_the_credit():
    # q = 2.5 x y: neither x nor y alone says anything about the outcome. Seed 4.
    rng = np.random.default_rng(4)
    features = rng.normal(size=(5000, 6))
    q = 2.5 * features[:, 1] * features[:, 4]
    n_b = rng.binomial(2, 1 / (1 + np.exp(-q)))
    data = ShotData(features, 2 - n_b, n_b, np.repeat(np.arange(50), 100))
    out = held_out(data.chain, 5)
    names = tuple("abcdef")
    model, _ = train(data.subset(~out), SETTINGS, names, np.random.default_rng(1), 1, quiet)
    rows = relevance(
        model,
        data.subset(out),
        np.arange(6),
        names,
        3,
        np.random.default_rng(1),
        quiet,
        data.subset(~out),
    )
    assert {row.descriptor for row in rows[:2]} == {"b", "e"}
    for row in rows[:2]:
        assert row.importance > 3 * row.spread
    assert all(row.importance < 0.1 * rows[1].importance for row in rows[2:])


def test_what_matters_only_together_with_two_others_comes_next():
    # q = 2 x y / r, which surfaces of pairs do not see; the rest is idle. Seed 8.
    rng = np.random.default_rng(8)
    features = np.hstack([rng.normal(size=(8000, 3)), rng.uniform(0.4, 2, size=(8000, 6))])
    q = 2 * features[:, 0] * features[:, 1] / features[:, 6]
    n_b = rng.binomial(2, 1 / (1 + np.exp(-q)))
    data = ShotData(features, 2 - n_b, n_b, np.repeat(np.arange(50), 160))
    out = held_out(data.chain, 5)
    names = tuple("xyabcdref")
    known, rest = data.subset(~out), data.subset(out)
    own = SETTINGS.model_copy(update={"hidden": (32, 32)})
    model, _ = train(known, own, names, np.random.default_rng(1), 1, quiet)
    rng = np.random.default_rng(1)
    rows = relevance(model, rest, np.arange(9), names, 3, rng, quiet, known)
    assert {row.descriptor for row in rows[:2]} == {"x", "y"}
    assert rows[2].descriptor == "r"


def test_a_twin_does_not_hide_what_matters():
    data, _ = planted(np.random.default_rng(6), shots=6000)
    out = held_out(data.chain, 5)
    names = ("a", "b", "twin of a", "idle", "constant")

    model, _ = train(data.subset(~out), SETTINGS, names, np.random.default_rng(1), 1, quiet)
    rows = relevance(
        model,
        data.subset(out),
        np.arange(5),
        names,
        4,
        np.random.default_rng(1),
        quiet,
        data.subset(~out),
    )
    by_name = {row.descriptor: row for row in rows}
    # The truth is 2 a - b^2 + 1: a alone tells most, its twin nothing more.
    assert [row.descriptor for row in rows[:2]] == ["a", "b"]
    assert by_name["twin of a"].importance < 0.05 * by_name["a"].importance
    assert by_name["b"].importance > 3 * by_name["b"].spread
    assert abs(by_name["constant"].marginal) < 1e-12
    assert by_name["a"].marginal > 0.05
