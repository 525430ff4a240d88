import numpy as np
import pytest

from mechanist.committor.calibration import calibration_test, reliability
from mechanist.errors import DataError


def outcomes(seed, chains=12, shots=80, error=0.0, scale=1.0, own=0.3):
    """Predictions q, and outcomes whose p_B is off by ``error`` or overstated by ``scale``.

    Each chain is off by an amount of its own, and every second shot has opposed halves.
    """
    rng = np.random.default_rng(seed)
    chain = np.repeat(np.arange(chains), shots)
    q = rng.uniform(-3, 3, size=len(chain))
    p = 1 / (1 + np.exp(-q / scale))
    p = np.clip(p + error + own * p * (1 - p) * rng.normal(size=chains)[chain], 0, 1)
    first = rng.random(len(chain))
    second = np.where(rng.random(len(chain)) < 0.5, 1 - first, rng.random(len(chain)))
    n_b = (first < p).astype(int) + (second < p)
    return q, 2 - n_b, n_b, chain


def rejections(level, runs=400, **how):
    return np.mean([calibration_test(*outcomes(s, **how)).p_value < level for s in range(runs)])


@pytest.mark.parametrize("error", [0.0, 0.02])
def test_a_model_within_the_tolerance_is_rarely_rejected(error):
    # At most 5 % of 400 runs, plus 4 standard errors of that fraction (0.011).
    assert rejections(0.05, error=error) < 0.05 + 4 * 0.011


def test_errors_beyond_the_tolerance_are_found():
    assert rejections(0.01, runs=50, scale=2.0) > 0.9
    assert rejections(0.01, runs=50, error=0.15) > 0.9


def test_more_shots_do_not_reject_what_is_tolerated():
    """Where a test of exact calibration must fail: a small error and very many shots."""
    many = outcomes(1, chains=100, shots=2000, error=0.01, own=0.03)
    assert calibration_test(*many, tolerance=0.02).p_value > 0.05
    assert calibration_test(*many, tolerance=0.0).p_value < 1e-3


def test_bins_by_hand():
    q = np.log([0.25 / 0.75, 0.25 / 0.75, 0.75 / 0.25, 0.75 / 0.25])
    n_a, n_b = np.array([2, 1, 0, 1]), np.array([0, 1, 2, 0])
    table = reliability(q, n_a, n_b, np.array([0, 1, 0, 1]), bins=2, width=1)
    np.testing.assert_allclose(table.predicted, [0.25, 0.75])
    np.testing.assert_allclose(table.observed, [1 / 4, 2 / 3])
    np.testing.assert_array_equal(table.outcomes, [4, 3])
    np.testing.assert_array_equal(table.freedom, [1, 1])
    # First bin: chain sums of n_B - p n are -1/2 and 1/2, mean 0; variance 2 (1/4 + 1/4) = 1.
    assert table.standard_error[0] == pytest.approx(1 / 4)


def test_copies_of_shots_within_a_chain_bring_no_certainty():
    q, n_a, n_b, chain = outcomes(2)
    once = reliability(q, n_a, n_b, chain).standard_error
    # All copies in one piece of the chain after another, as a chain that repeats itself makes them.
    copied = reliability(*(np.tile(v, 25) for v in (q, n_a, n_b, chain))).standard_error
    # Taking copies for new shots would divide the errors by five.
    assert (copied > 0.8 * once).all()


def test_bins_where_all_agree_still_have_an_error():
    q = np.full(40, -3.0)
    table = reliability(q, np.full(40, 2), np.zeros(40, int), np.repeat([0, 1], 20))
    assert table.standard_error[0] > 0


def test_nothing_to_test():
    test = calibration_test(np.zeros(3), np.ones(3, int), np.ones(3, int), np.zeros(3, int))
    assert test.p_value == 1
    nothing = np.zeros(3, int)
    assert calibration_test(np.zeros(3), nothing, nothing, np.arange(3)).p_value == 1


def test_nan_is_an_error():
    with pytest.raises(DataError, match="non-finite q"):
        reliability(np.array([np.nan]), np.array([1]), np.array([1]), np.array([0]))
