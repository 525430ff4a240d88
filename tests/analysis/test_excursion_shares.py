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
    return excursion_shares(resampled, (data.frames[joins] > LONG).astype(int))


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
