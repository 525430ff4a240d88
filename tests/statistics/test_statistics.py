import numpy as np
import pytest
from scipy.stats import binomtest

from mechanist.statistics.clopper_pearson import clopper_pearson, missed
from mechanist.statistics.effective_samples import effective_samples
from mechanist.statistics.rhat import split_rhat
from mechanist.statistics.rmse_beyond_noise import rmse_beyond_noise, rmse_interval, squared_excess


def autoregressive(rng, length, phi):
    """Stationary AR(1) series with unit variance."""
    noise = rng.normal(size=length) * np.sqrt(1 - phi**2)
    series = np.empty(length)
    series[0] = rng.normal()
    for i in range(1, length):
        series[i] = phi * series[i - 1] + noise[i]
    return series


def test_rhat_is_the_textbook_value_for_equal_lengths():
    rng = np.random.default_rng(1)
    chains = [rng.normal(loc=shift, size=100) for shift in (0.0, 0.3, 0.1)]
    halves = np.concatenate([np.split(chain, 2) for chain in chains])
    n = halves.shape[1]
    within = halves.var(axis=1, ddof=1).mean()
    between = n * halves.mean(axis=1).var(ddof=1)
    expected = np.sqrt(((n - 1) / n * within + between / n) / within)
    assert split_rhat(chains) == pytest.approx(expected, rel=1e-12)


def test_rhat_is_one_for_independent_draws_of_unequal_length():
    rng = np.random.default_rng(2)
    chains = [rng.normal(size=length) for length in (300, 450, 1001, 2000)]
    # The pooled over within variance exceeds 1 by (F - 1) / n with F near 1: under 0.01 here.
    assert split_rhat(chains) == pytest.approx(1.0, abs=0.01)


@pytest.mark.parametrize("drift", [0.0, 3.0])
def test_rhat_sees_chains_that_differ_and_chains_that_drift(drift):
    rng = np.random.default_rng(3)
    slope = np.linspace(0, drift, 400)
    chains = [rng.normal(size=400) + slope + (2.0 if i == 0 and not drift else 0) for i in range(4)]
    assert split_rhat(chains) > 1.15


def test_rhat_of_degenerate_chains():
    assert split_rhat([np.full(10, 0.1), np.full(12, 0.1)]) == 1.0
    assert split_rhat([np.full(10, 0.1), np.full(10, 0.2)]) == np.inf
    assert np.isnan(split_rhat([np.array([1.0, 2.0, 3.0])]))
    assert np.isnan(split_rhat([]))


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9])
def test_effective_samples_of_autoregressive_chains(phi):
    rng = np.random.default_rng(4)
    chains = [autoregressive(rng, length, phi) for length in (3000, 4000, 5000, 8000)]
    expected = 20_000 * (1 - phi) / (1 + phi)
    # The relative error of the integrated time is about sqrt(2 (2 W + 1) / N) with the window W of
    # some 5 to 6 times the time (Sokal): 0.11 for phi = 0.9. Four of these are 0.45.
    assert effective_samples(chains) == pytest.approx(expected, rel=0.45 if phi == 0.9 else 0.2)


def test_effective_samples_match_the_scatter_of_means():
    # The definition itself: the variance of the mean is sigma^2 over the effective number.
    rng = np.random.default_rng(5)
    sets = [[autoregressive(rng, n, 0.8) for n in (150, 250)] for _ in range(200)]
    means = [np.concatenate(chains).mean() for chains in sets]
    measured = 1 / np.var(means)
    estimated = np.mean([effective_samples(chains) for chains in sets])
    # 200 means give the variance to 10 %; four standard errors.
    assert estimated == pytest.approx(measured, rel=0.4)


def test_effective_samples_of_stuck_chains_are_few():
    rng = np.random.default_rng(6)
    stuck = [rng.normal(size=500) + 20 * i for i in range(4)]
    assert effective_samples(stuck) < 20
    assert effective_samples([np.full(100, 3.0)] * 3) == 3
    assert effective_samples([np.array([1.0, 2.0])]) == 0


def test_clopper_pearson_agrees_with_scipy():
    k, n = np.array([0, 1, 30, 59, 60]), np.array([60, 60, 60, 60, 60])
    low, high = clopper_pearson(k, n, 0.9)
    for i in range(len(k)):
        exact = binomtest(int(k[i]), int(n[i])).proportion_ci(0.9, method="exact")
        assert (low[i], high[i]) == pytest.approx((exact.low, exact.high), abs=1e-10)


def test_clopper_pearson_covers():
    rng = np.random.default_rng(7)
    p = rng.random(4000)
    low, high = clopper_pearson(rng.binomial(40, p), 40)
    covered = np.mean((low <= p) & (p <= high))
    assert covered > 0.95 - 4 * np.sqrt(0.05 * 0.95 / 4000)
    assert covered < 1.0


def test_rmse_beyond_noise_is_unbiased():
    rng = np.random.default_rng(8)
    p = rng.uniform(0.1, 0.9, size=20_000)
    n = np.full(p.shape, 40)
    k = rng.binomial(n, p)
    off = p + np.where(rng.random(p.shape) < 0.5, 0.06, -0.06)
    for predicted, truth in ((p, 0.0), (off, 0.06**2)):
        excess = squared_excess(predicted, k, n)
        error = excess.std() / np.sqrt(len(excess))
        assert excess.mean() == pytest.approx(truth, abs=4 * error)
    assert rmse_beyond_noise(off, k, n) == pytest.approx(0.06, abs=0.004)
    # Without the subtraction the noise of 40 shots, 0.07, would be all there is to see.
    assert rmse_beyond_noise(p, k, n) < 0.015


def test_rmse_interval_covers_the_truth():
    rng = np.random.default_rng(9)
    hits, trials = 0, 100
    for _ in range(trials):
        p = rng.uniform(0.05, 0.95, size=120)
        n = np.full(p.shape, 60)
        k = rng.binomial(n, np.clip(p + rng.normal(scale=0.08, size=p.shape), 0, 1))
        low, high = rmse_interval(p, k, n, rng, resamples=300)
        hits += low <= 0.08 <= high
    # Percentile bootstrap of 120 points covers a little less than the nominal 95 %.
    assert hits >= 95 - 4 * np.sqrt(trials * 0.05 * 0.95) - 3


def test_an_error_that_noise_can_hide_is_not_excluded_by_luck():
    """40 points of 40 trials; 4 standard errors of 500 draws. Seed 10."""
    rng = np.random.default_rng(10)
    n, p = np.full(40, 40), np.linspace(0.03, 0.97, 40)
    for error in (0.0, 0.02, 0.04):
        off = np.clip(p + error * rng.choice([-1, 1], size=(500, 40)), 0, 1)
        limits = [rmse_interval(one, rng.binomial(n, p), n, rng, resamples=200) for one in off]
        low, high = np.array(limits).T
        assert (high < error).mean() < 0.025 + 4 * np.sqrt(0.025 * 0.975 / 500)
        assert high.min() > 0.035
        assert (low > error).mean() < 0.025 + 4 * np.sqrt(0.025 * 0.975 / 500)
    # Counts without any scatter.
    assert rmse_interval(p, np.round(n * p).astype(int), n, rng) == (0.0, pytest.approx(0.049, 0.1))


@pytest.mark.parametrize("n", [20, 60])
def test_the_share_of_intervals_that_miss(n):
    """By drawing 40,000 counts at each of three probabilities; 4 standard errors. Seed 21."""
    rng = np.random.default_rng([21, n])
    for p in (0.1, 0.3, 0.5):
        low, high = clopper_pearson(rng.binomial(n, p, 40_000), n)
        share = ((p < low) | (p > high)).mean()
        expected = float(missed(np.array([p]), np.array([n]))[0])
        assert abs(share - expected) < 4 * np.sqrt(0.05 * 0.95 / 40_000)
        assert expected <= 0.05


def test_at_60_trials_3_3_percent_miss_on_average():
    p = np.linspace(0.02, 0.98, 500)
    assert missed(p, np.full(500, 60)).mean() == pytest.approx(0.033, abs=5e-4)
