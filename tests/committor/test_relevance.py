import numpy as np

from mechanist.committor.data import held_out
from mechanist.committor.relevance import relevance
from mechanist.committor.training import train
from mechanist.settings.learn import LearnSettings
from tests.committor.conftest import planted

SETTINGS = LearnSettings(members=3, hidden=(16,), epochs_max=25, batch=128)


def test_a_twin_does_not_hide_what_matters():
    data, _ = planted(np.random.default_rng(6), shots=6000)
    out = held_out(data.chain, 5)
    names = ("a", "b", "twin of a", "idle", "constant")

    def quiet(_):
        return None

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
