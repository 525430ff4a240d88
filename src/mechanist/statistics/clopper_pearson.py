"""Exact intervals of a binomial probability (Clopper and Pearson, Biometrika 26, 404 (1934))."""

import numpy as np
from numpy.typing import ArrayLike

from mechanist.arrays import Array, Counts


def clopper_pearson(k: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Array, Array]:
    """Interval of a probability from counts, by quantiles of the beta distribution.

    Parameters
    ----------
    k, n
        Successes and trials, broadcast against each other.
    level
        Chance, at least, that the interval covers the probability.

    Returns
    -------
    tuple of ndarray
        Lower and upper ends, in the broadcast shape.
    """
    from scipy.special import betaincinv

    hits, trials = np.broadcast_arrays(np.asarray(k, np.float64), np.asarray(n, np.float64))
    tail = (1 - level) / 2
    misses = trials - hits
    # The beta function has no parameter 0; the masked ends are 0 and 1 exactly.
    low = np.where(hits > 0, betaincinv(np.maximum(hits, 1), misses + 1, tail), 0.0)
    high = np.where(misses > 0, betaincinv(hits + 1, np.maximum(misses, 1), 1 - tail), 1.0)
    return low, high


def missed(p: Array, n: Counts, level: float = 0.95) -> Array:
    """Chance (F,) that the interval of a count does not hold the true probability ``p``.

    Counts are whole, so it is below 1 - ``level``: 3.3 % on average for 95 % and 60 trials.
    """
    from scipy.stats import binom

    result = np.empty(len(n))
    for trials in np.unique(n).tolist():
        counts = np.arange(trials + 1)
        low, high = clopper_pearson(counts, np.full(trials + 1, trials), level)
        rows = np.flatnonzero(n == trials)
        chances = binom.pmf(counts, trials, p[rows, None])
        outside = (p[rows, None] < low) | (p[rows, None] > high)
        result[rows] = (chances * outside).sum(axis=1)
    return result
