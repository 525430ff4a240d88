"""Binomial likelihood of counts as a function of q = ln p / (1 - p), and logistic regression.

Of n trials with probability p = 1 / (1 + exp(-q)) of which n_b succeed, the negative log-likelihood
in nats, up to the binomial coefficient, and its derivatives by q are

    L(q)   = n softplus(q) - n_b q,  softplus(q) = ln(1 + e^q),
    L'(q)  = n p - n_b,
    L''(q) = n p (1 - p).

With n = 1 and a fraction for n_b it is the cross-entropy of p against that fraction, and with q
linear in some columns its minimum is logistic regression, found by Newton's method, which here is
the same as Fisher scoring and as iteratively reweighted least squares (McCullagh and Nelder,
Generalized Linear Models, 2nd edition, section 4.4).
"""

import numpy as np

from mechanist.arrays import Array, Ends
from mechanist.statistics.logistic import q_to_p

STEPS, SETTLED = 50, 1e-8
"""Newton steps at most, until no coefficient changes by more than this."""

LARGEST_STEP = 5.0
"""Of a coefficient: keeps Newton's method from leaping where the data are nearly separable."""


def softplus(q: Array) -> Array:
    """ln(1 + e^q) = max(q, 0) + ln(1 + e^-|q|), which does not overflow."""
    return np.asarray(np.maximum(q, 0) + np.log(1 + np.exp(-np.abs(q))))


def binomial_loss(q: Array, n: Ends | float, n_b: Ends) -> Array:
    """L(q) (N,) in nats, summed over the trials of each point."""
    return np.asarray(n * softplus(q) - n_b * q)


def binomial_derivatives(q: Array, n: Ends | float, n_b: Ends) -> tuple[Array, Array]:
    """L'(q) and L''(q), (N,) each."""
    p = q_to_p(q)
    return np.asarray(n * p - n_b), np.asarray(n * p * (1 - p))


def fit_logistic(columns: Array, n: Ends | float, n_b: Ends, penalty: Array, start: Array) -> Array:
    """Coefficients (K,) c of least loss, q = columns @ c.

    Parameters
    ----------
    columns
        (N, K).
    n, n_b
        (N,) trials, and those that succeeded.
    penalty
        (K,) lambda of the term lambda c^2 / 2 that is added to the loss, in nats.
    start
        (K,) first guess.
    """
    coefficients, ridge = start, np.diag(penalty)
    # With outcomes of one kind only the curvature of what has no penalty vanishes.
    least = 1e-9 * np.eye(len(start))
    for _ in range(STEPS):
        slope, weight = binomial_derivatives(columns @ coefficients, n, n_b)
        gradient = columns.T @ slope + ridge @ coefficients
        curvature = (columns * weight[:, None]).T @ columns + ridge
        step = np.linalg.solve(curvature + least, gradient)
        coefficients = coefficients - np.clip(step, -LARGEST_STEP, LARGEST_STEP)
        if np.abs(step).max() < SETTLED:
            break
    return np.asarray(coefficients)
