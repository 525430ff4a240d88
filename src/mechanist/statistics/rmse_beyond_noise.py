"""Errors of predicted probabilities against counts, beyond binomial noise.

Of n trials at a point of probability p the part phat that succeeds scatters by p (1 - p) / n about
p, so that

    E[(prediction - phat)^2 - phat (1 - phat) / (n - 1)] = (prediction - p)^2.
"""

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array


def squared_excess(p_predicted: Array, k: NDArray[np.int64], n: NDArray[np.int64]) -> Array:
    """Unbiased estimate of (predicted - true p)^2 at each point, (F,); may be negative.

    The square of predicted minus observed exceeds it by p(1-p)/n on average, for which
    phat(1-phat)/(n-1) is the unbiased estimate; points need at least two trials.
    """
    observed = k / n
    return np.asarray((p_predicted - observed) ** 2 - observed * (1 - observed) / (n - 1))


def rmse_beyond_noise(p_predicted: Array, k: NDArray[np.int64], n: NDArray[np.int64]) -> float:
    """Root mean square error of predicted probabilities, with the counting noise subtracted.

    Parameters
    ----------
    p_predicted
        (F,) probabilities.
    k, n
        (F,) successes and trials, n at least 2.

    Returns
    -------
    float
        0 if the counts differ from the predictions by less than noise alone would make them.
    """
    return float(np.sqrt(max(0.0, squared_excess(p_predicted, k, n).mean())))


def rmse_interval(
    p_predicted: Array,
    k: NDArray[np.int64],
    n: NDArray[np.int64],
    rng: np.random.Generator,
    level: float = 0.95,
    resamples: int = 2000,
) -> tuple[float, float]:
    """Bootstrap interval of `rmse_beyond_noise` over points (percentiles).

    Its upper end is at least `hidden`: counts that happen to scatter less than counting noise does
    say no more than those that scatter as much (power-constrained limits: Cowan, Cranmer, Gross and
    Vitells, arXiv:1105.3166).
    """
    excess = squared_excess(p_predicted, k, n)
    draws = rng.integers(len(excess), size=(resamples, len(excess)))
    values = np.sqrt(np.maximum(0.0, excess[draws].mean(axis=1)))
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), max(float(high), hidden(k, n, level))


def hidden(k: NDArray[np.int64], n: NDArray[np.int64], level: float = 0.95) -> float:
    """Error that counts with just the scatter of counting noise leave possible, with ``level``.

    With v the counting variance at a point, a right prediction has squares of variance 2 v^2 there,
    as for a normal distribution.
    """
    from scipy.special import ndtri

    p = (k + 0.5) / (n + 1)
    spread = np.sqrt((2 * (p * (1 - p) / n) ** 2).sum()) / len(n)
    return float(np.sqrt(ndtri((1 + level) / 2) * spread))
