"""Shares of groups of transitions."""

import numpy as np
import pytest

from mechanist.analysis.kinetics.excursion_shares import excursion_shares, transition_rows
from mechanist.analysis.kinetics.kinetics import bootstrap, estimate
from mechanist.analysis.kinetics.rate_results import Resampled
from tests.analysis.lattice import draw
from tests.analysis.test_kinetics import BARRIER, EVEN

LONG = 24
"""Frames; about half of the transitions are longer."""


def shares(seed):
    """Share of long transitions, by the shots and the runs, in one set of data."""
    rng = np.random.default_rng(seed)
    data = draw(BARRIER, rng, 1500, 8, 2000, EVEN)
    whole = estimate(data)
    joins = transition_rows(data)
    samples = list(bootstrap(data, whole, 60, rng))
    weights = np.array([sample.reweighted.weights[joins] for sample in samples])
    own = whole.reweighted.weights[joins]
    resampled = Resampled(whole, samples, own, weights, np.empty(0), np.empty(0))
    labels = (data.frames[joins] > LONG).astype(int)
    return excursion_shares(resampled, labels, data.unit[joins], 2)


def test_shares_are_those_of_brute_force_and_their_intervals_cover():
    # Transitions one after another by a walk that is put back after each; seed 1, 20 sets of data.
    rng, lengths = np.random.default_rng(1), []
    from tests.analysis.lattice import Walk

    walk = Walk(BARRIER, rng)
    while len(lengths) < 400:
        path = [0, *walk.half(walk.step(0) or 1)]
        if walk.state(path[-1]) == 1:
            lengths.append(len(path) + 1)
    truth = np.mean(np.array(lengths) > LONG)
    error = np.sqrt(truth * (1 - truth) / len(lengths))
    found = [shares(seed) for seed in range(20)]
    for one in found:
        assert one[0].value + one[1].value == pytest.approx(1)
        assert one[1].low < one[1].value < one[1].high
    values = np.array([one[1].value for one in found])
    assert abs(values.mean() - truth) < 4 * np.hypot(error, values.std(ddof=1) / np.sqrt(20))
    covered = sum(one[1].low - 2 * error < truth < one[1].high + 2 * error for one in found)
    assert covered >= 16


def made(weights, samples):
    """What `excursion_shares` reads of an estimate."""
    nothing = np.empty(0)
    return Resampled(None, [], np.array(weights), np.array(samples), nothing, nothing)


def test_a_sample_without_a_group_does_not_make_the_interval_useless():
    # One chain in ten is in group 1. In 7 of 20 samples it is not drawn, as in 0.9^10 of all.
    rng = np.random.default_rng(2)
    drawn = np.array([np.bincount(rng.integers(10, size=10), minlength=10) for _ in range(200)])
    labels, unit = np.array([0] * 9 + [1]), np.arange(10)
    found = excursion_shares(made(np.ones(10), drawn), labels, unit, 2)
    assert (drawn[:, 9] == 0).any()
    assert found[1].value == pytest.approx(0.1)
    assert found[1].low < 0.01
    assert 0.25 < found[1].high < 0.5
    assert found[0].low == pytest.approx(1 - found[1].high)


def test_a_group_without_transitions_has_an_upper_end():
    # The chance that none of 12 chains is in a group of that share is 0.025.
    labels, unit = np.zeros(24, dtype=int), np.repeat(np.arange(12), 2)
    found = excursion_shares(made(np.ones(24), np.ones((5, 24))), labels, unit, 2)
    assert (found[0].value, found[0].low, found[0].high) == (1.0, 1.0, 1.0)
    assert (found[1].value, found[1].low) == (0.0, 0.0)
    assert (1 - found[1].high) ** 12 == pytest.approx(0.025)
    # A label outside the groups counts only if it occurs.
    assert 2 not in found
    assert 2 in excursion_shares(made(np.ones(24), np.ones((5, 24))), 2 + labels, unit, 2)
