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
    """Bootstrap interval of `rmse_beyond_noise` over points (percentiles)."""
    excess = squared_excess(p_predicted, k, n)
    draws = rng.integers(len(excess), size=(resamples, len(excess)))
    values = np.sqrt(np.maximum(0.0, excess[draws].mean(axis=1)))
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
