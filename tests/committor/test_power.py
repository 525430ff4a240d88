"""Does the calibration criterion refuse a model that is off by 0.1, with any number of chains?

All sizes with 100 trials each are in `tests/truth/test_power.py`.
"""

import numpy as np
import pytest
from scipy.special import stdtr

from mechanist.committor.calibration import calibration_test
from mechanist.settings.convergence import ConvergenceSettings
from mechanist.statistics.clusters import clustered_mean
from mechanist.statistics.held_out import held_out
from mechanist.statistics.logistic import q_to_p
from tests.truth.chains import SHAPES, right, shots

LIMITS = ConvergenceSettings()


def passes(q, n_a, n_b, chain):
    test = calibration_test(q, n_a, n_b, chain)
    return test.p_value >= LIMITS.calibration_p and test.power <= LIMITS.calibration_power


def without_power(q, n_a, n_b, chain):
    """Broken on purpose: what cannot be seen passes."""
    return calibration_test(q, n_a, n_b, chain).p_value >= LIMITS.calibration_p


def held_out_chains_alone(q, n_a, n_b, chain):
    """Broken on purpose: the test of before, on every fifth chain, with chains as units."""
    use = held_out(chain, 5)
    p, n, n_b, chain = q_to_p(q[use]), (n_a + n_b)[use], n_b[use], chain[use]
    place, chances = np.minimum((10 * p).astype(int), 9), []
    for b in range(10):
        here = place == b
        if len(np.unique(chain[here])) > 1:
            off, error = clustered_mean((n_b - p * n)[here], chain[here], n[here])
            chances.append(2 * stdtr(len(np.unique(chain[here])) - 1, (0.02 - abs(off)) / error))
    return min(1.0, len(chances) * min(chances)) >= LIMITS.calibration_p


def passed(check, size, truth, trials):
    return sum(check(*shots(seed, *size, truth)) for seed in range(trials))


@pytest.mark.parametrize("size", [(4, 1000), (16, 250), (500, 8)])
def test_wrong_models_are_refused_and_right_ones_pass(size):
    # Of 40 right models at least 95 % pass with a chance above 0.95 if 99 % do; 10 % of wrong ones
    # would be 4.
    assert passed(passes, size, right, 40) >= 38
    for shape in SHAPES.values():
        assert passed(passes, size, shape, 20) <= 2


def test_few_shots_are_refused_because_nothing_can_be_seen():
    size = (4, 100)
    assert passed(passes, size, right, 20) == 0
    assert passed(without_power, size, SHAPES["above 1/2"], 20) > 10


def test_the_test_of_before_lets_wrong_models_pass():
    size = (16, 250)
    assert passed(held_out_chains_alone, size, SHAPES["shift up"], 20) > 10
    assert passed(passes, size, SHAPES["shift up"], 20) == 0


def test_the_power_is_the_deviation_that_is_found_in_nine_of_ten():
    """A deviation of the stated power, in all windows alike, is found at least that often."""
    size, trials = (16, 80), 60
    power = np.median([calibration_test(*shots(s, *size)).power for s in range(10)])
    off = passed(without_power, size, lambda p: np.clip(p + power, 0, 0.999), trials)
    # Nine of ten by the worst window; other windows add to it. 12 of 60 has a chance of 0.01.
    assert off <= 12
    half = passed(without_power, size, lambda p: np.clip(p + power / 4, 0, 0.999), trials)
    assert half > trials // 2
