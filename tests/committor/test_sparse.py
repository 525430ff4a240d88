"""Few shots and many inputs: networks that begin at a sparse linear model."""

import numpy as np
import pytest

from mechanist.committor.data import ShotData
from mechanist.committor.sparse import STRENGTHS, sparse_start, wanted
from mechanist.committor.training import train
from mechanist.settings.learn import LearnSettings
from mechanist.statistics.logistic import q_to_p

INPUTS, USED = 100, [3, 40]


def quiet(*_):
    return None


def q_of(x):
    """Of two inputs, steeper where it is positive."""
    line = x[:, USED] @ [1.2, 0.8]
    return line + 0.5 * np.maximum(line, 0)


def planted(rng, shots):
    x = rng.normal(size=(shots, INPUTS))
    n_b = rng.binomial(2, q_to_p(q_of(x)))
    return ShotData(x, 2.0 - n_b, n_b.astype(float), np.arange(shots) // 20)


@pytest.fixture(scope="module", params=[1, 2, 3])
def few(request):
    """Trained on 300 shots with a hundred inputs, of which two matter."""
    rng = np.random.default_rng(request.param)
    data, lines = planted(rng, 300), []
    names = tuple(f"x{i}" for i in range(INPUTS))
    found = train(data, LearnSettings(), names, rng, 1, lines.append)
    return *found, lines


def test_members_use_few_inputs_and_the_right_ones(few):
    model, record, lines = few
    assert record.inputs is not None
    assert max(record.inputs) < 50
    members = LearnSettings().members
    assert len(model.skip) == 2 * members == 2 * len(record.inputs)
    assert (model.skip[:members] != 0).all()
    weights = model.layers[0][0]
    for member, count in enumerate(record.inputs, start=members):
        own = set(np.flatnonzero(model.skip[member] != 0))
        assert len(own) <= count
        assert set(USED) <= own
        unused = sorted(set(range(INPUTS)) - own)
        assert (weights[member, unused] == 0).all()
    assert "shots are few" in lines[-1]


def test_p_b_is_nearer_than_with_all_inputs_and_the_spread_is_wider(few):
    """Errors of p_B: 0.19 to 0.21 with all inputs, 0.06 to 0.09 sparse, 0.12 to 0.15 both."""
    model, record, _ = few
    x = np.random.default_rng(9).normal(size=(4000, INPUTS))
    q, count = model.members(x), len(record.inputs)
    truth = q_to_p(q_of(x))
    dense, sparse, both = (
        np.sqrt(((q_to_p(some.mean(axis=0)) - truth) ** 2).mean())
        for some in (q[:count], q[count:], q)
    )
    assert sparse < 0.6 * dense
    assert both < 0.8 * dense
    assert model.members(x).std(axis=0, ddof=1).mean() > q[count:].std(axis=0, ddof=1).mean()


def test_with_many_shots_all_inputs_are_used():
    assert wanted(300, INPUTS)
    assert not wanted(80 * INPUTS, INPUTS)
    rng = np.random.default_rng(4)
    data = planted(rng, 4000)
    names = tuple(f"x{i}" for i in range(INPUTS))
    short = LearnSettings(epochs_max=8, steps=100)
    model, record = train(data, short, names, rng, 1, quiet)
    assert record.inputs is None
    assert (model.skip != 0).all()


def test_one_strength_for_all_members():
    """And shots that ended in one state only teach nothing, but break nothing."""
    rng = np.random.default_rng(5)
    data = planted(rng, 200)
    counts = np.stack([data.n_a, data.n_b])
    seen = np.ones((2, 200))
    seen[0, :100] = seen[1, 100:] = 0
    weights, constants = sparse_start(data.features, counts, seen)
    assert weights.shape == (2, INPUTS)
    assert constants.shape == (2,)
    assert len(STRENGTHS) > 1
    counts[0] += counts[1]
    counts[1] = 0
    weights, _ = sparse_start(data.features, counts, seen)
    assert not weights.any()
