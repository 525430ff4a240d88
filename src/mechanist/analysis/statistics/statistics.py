"""Statistics of chains and of counts: R-hat, effective samples, exact intervals, RMSE beyond noise.

Split R-hat after Gelman et al., Bayesian Data Analysis, 3rd edition, section 11.4; effective
samples with the initial positive monotone sequence of Geyer, Statist. Sci. 7, 473 (1992), over
several chains as in Vehtari et al., Bayesian Anal. 16, 667 (2021). Both are written for chains of
unequal length: means over chains become means over draws, and the common length becomes the
effective group size of the one-way analysis of variance.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mechanist.arrays import Array

SHORTEST_PIECE = 2
"""Draws that half a chain needs for a variance."""


def split(chains: Sequence[Array]) -> list[Array]:
    """Halves of all chains; a chain of odd length loses its middle draw, short ones are dropped."""
    halves: list[Array] = []
    for chain in chains:
        half = len(chain) // 2
        if half >= SHORTEST_PIECE:
            halves += [np.asarray(chain[:half]), np.asarray(chain[-half:])]
    return halves


def _variances(pieces: Sequence[Array]) -> tuple[float, float, float]:
    """Within-piece variance, pooled variance of the target, and effective piece length."""
    lengths = np.array([len(piece) for piece in pieces], dtype=np.float64)
    means = np.array([piece.mean() for piece in pieces])
    squares = np.array([((piece - piece.mean()) ** 2).sum() for piece in pieces])
    total, groups = lengths.sum(), len(pieces)
    within = float(squares.sum() / (total - groups))
    if groups == 1:
        return within, within * (total - 1) / total, float(total)
    grand = float(lengths @ means / total)
    size = float((total - (lengths**2).sum() / total) / (groups - 1))
    between = float(lengths @ (means - grand) ** 2 / (groups - 1))
    return within, (size - 1) / size * within + between / size, size


def split_rhat(chains: Sequence[Array]) -> float:
    """Split R-hat: square root of the pooled variance over the variance within half chains.

    Parameters
    ----------
    chains
        One-dimensional arrays of draws, of any lengths; those under four draws are left out.

    Returns
    -------
    float
        Near 1 if the halves of all chains agree. 1 if every draw is the same, infinity if each
        half is constant but they differ, NaN if no chain is long enough.
    """
    pieces = split(chains)
    if not pieces:
        return float("nan")
    within, pooled, _ = _variances(pieces)
    scale = max(float(np.abs(np.concatenate(pieces)).max()), np.finfo(np.float64).tiny)
    # Rounding of the mean makes the variance of a constant series a few ulp, not zero.
    if within <= (1e-12 * scale) ** 2:
        return 1.0 if pooled <= (1e-12 * scale) ** 2 else float("inf")
    return float(np.sqrt(pooled / within))


def autocovariance(series: Array) -> Array:
    """Autocovariance at lags 0 .. n-1 with the 1/n normalisation, by fast Fourier transform."""
    n = len(series)
    padded = np.fft.rfft(series - series.mean(), 2 * n)
    return np.asarray(np.fft.irfft(padded * padded.conj(), 2 * n)[:n] / n)


def _geyer_time(rho: Array) -> float:
    """Integrated autocorrelation time from autocorrelations (lag 0 first), in draws."""
    pairs = rho[: len(rho) // 2 * 2].reshape(-1, 2).sum(axis=1)
    stop = int(np.argmax(pairs <= 0)) if np.any(pairs <= 0) else len(pairs)
    return float(2 * np.minimum.accumulate(pairs[:stop]).sum() - 1)


def effective_samples(series: Sequence[Array]) -> float:
    """Effective number of independent draws in several chains of one quantity.

    Parameters
    ----------
    series
        One-dimensional arrays, one a chain, of any lengths; those under four draws are left out.

    Returns
    -------
    float
        Between 0 and the number of draws. Chains that disagree lower it. A quantity that never
        changes says nothing: 1 for each chain.
    """
    chains = [np.asarray(chain, dtype=np.float64) for chain in series if len(chain) >= 4]
    if not chains:
        return 0.0
    total = sum(len(chain) for chain in chains)
    within, pooled, _ = _variances(chains)
    scale = float(np.abs(np.concatenate(chains)).max())
    if within <= (1e-12 * scale) ** 2:
        return float(len(chains))
    longest = max(len(chain) for chain in chains)
    covariance, draws = np.zeros(longest), np.zeros(longest)
    for chain in chains:
        n = len(chain)
        # n / (n - 1) at lag 0 makes the mean over chains the within variance above.
        covariance[:n] += autocovariance(chain) * n * n / (n - 1)
        draws[:n] += n
    # Vehtari et al., equation 10, with means over draws.
    rho = 1 - (within - covariance / draws) / pooled
    rho[0] = 1.0
    return float(min(total / max(_geyer_time(rho), 1.0), total))


def clopper_pearson(k: ArrayLike, n: ArrayLike, level: float = 0.95) -> tuple[Array, Array]:
    """Exact interval of a probability from counts (Clopper and Pearson, Biometrika 26, 404 (1934)).

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
