import numpy as np
import pytest

from mechanist.analysis.convergence.inertia import (
    check_transitions,
    fit_latent_correlation,
    transition_probability,
)


def shots(seed, size, rho, chains=40):
    """Shots whose halves go by two normal sums of correlation ``rho``; p_B, ends, chains."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.03, 0.97, size=size)
    sums = rng.multivariate_normal([0, 0], [[1, rho], [rho, 1]], size=size)
    from scipy.special import ndtri

    in_b = sums < ndtri(p)[:, None]
    return p, in_b[:, 0], in_b[:, 1], rng.integers(chains, size=size)


def test_limits_that_are_known():
    p = np.linspace(0.01, 0.99, 25)
    np.testing.assert_allclose(transition_probability(p, 0.0), 2 * p * (1 - p), atol=1e-12)
    # Halves that always oppose each other can do so as often as the rarer end comes up, twice.
    np.testing.assert_allclose(
        transition_probability(p, -1 + 1e-12), 2 * np.minimum(p, 1 - p), atol=1e-5
    )
    np.testing.assert_allclose(transition_probability(p, 1 - 1e-12), 0, atol=1e-5)
    assert transition_probability(np.array([0.0, 1.0]), -0.5) == pytest.approx([0, 0], abs=1e-9)


@pytest.mark.parametrize("rho", [-0.9, -0.4, 0.0, 0.3])
def test_the_correlation_is_found_again(rho):
    p, first, second, _ = shots(1, 20_000, rho)
    found = fit_latent_correlation(p, first, second)
    # 20,000 pairs: a standard error of about (1 - rho^2) / sqrt(20,000) * 1.6 < 0.012.
    assert found == pytest.approx(rho, abs=4 * 0.012)
    expected = transition_probability(p, rho).sum()
    assert (first != second).sum() == pytest.approx(expected, abs=4 * 0.5 * np.sqrt(20_000))


def test_no_shots_no_correlation():
    nothing = np.zeros(0)
    assert fit_latent_correlation(nothing, nothing.astype(bool), nothing.astype(bool)) is None
    assert check_transitions(nothing, nothing.astype(bool), nothing.astype(int), 0, 0.02) is None


def test_right_predictions_pass_in_99_of_100_and_wrong_ones_do_not():
    outcomes = []
    for seed in range(100):
        p, first, second, chain = shots(seed, 500, -0.7)
        check = check_transitions(p, first != second, chain, -0.7, 0.0)
        outcomes.append(abs(check.observed - check.expected) <= check.allowed)
    # 1 in 100 fails on average; 6 or more have a chance of 5e-4.
    assert sum(outcomes) >= 95
    p, first, second, chain = shots(7, 20_000, -0.7)
    independent = check_transitions(p, first != second, chain, 0.0, 0.02)
    assert independent.observed - independent.expected > independent.allowed
    right = check_transitions(p, first != second, chain, -0.7, 0.02)
    assert abs(right.observed - right.expected) <= right.allowed
