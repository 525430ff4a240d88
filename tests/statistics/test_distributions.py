"""The same numbers as `scipy.stats`."""

import numpy as np
import pytest
from scipy import stats

from mechanist.statistics.distributions import (
    beta_binomial_chance,
    binomial_chance,
    p_of_groups,
    p_of_mean,
)


@pytest.mark.parametrize("trials", [1, 10, 5000])
@pytest.mark.parametrize("p", [0.0, 1e-6, 0.3, 1.0])
def test_binomial(trials, p):
    k = np.arange(trials + 1)
    expected = stats.binom.pmf(k, trials, p)
    np.testing.assert_allclose(binomial_chance(k, trials, p), expected, rtol=1e-8, atol=1e-290)


@pytest.mark.parametrize("trials", [1, 60])
@pytest.mark.parametrize(("a", "b"), [(0.05, 0.1), (2.0, 5.0), (3e9, 7e9)])
def test_beta_binomial(trials, a, b):
    k = np.arange(trials + 1)
    expected = stats.betabinom.pmf(k, trials, a, b)
    # With 10^10 it is a difference of numbers of 10^11, known to 10^-5.
    np.testing.assert_allclose(beta_binomial_chance(k, trials, a, b), expected, rtol=1e-4)


def test_students_t(rng):
    for size in (2, 5, 200):
        values = rng.normal(0.3, size=size)
        assert p_of_mean(values) == pytest.approx(stats.ttest_1samp(values, 0).pvalue, rel=1e-9)


def test_fishers_f(rng):
    groups = [rng.normal(shift, size=size) for shift, size in ((0, 2), (0.4, 30), (1, 5), (0, 1))]
    assert p_of_groups(groups) == pytest.approx(stats.f_oneway(*groups).pvalue, rel=1e-9)
    assert p_of_groups([np.zeros(3), np.ones(2)]) == 0
