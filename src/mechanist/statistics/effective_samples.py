"""Effective number of independent draws in several chains of one quantity.

The initial positive monotone sequence of Geyer, Statist. Sci. 7, 473 (1992), over several chains as
in Vehtari et al., Bayesian Anal. 16, 667 (2021), equations 10 and 11, written for chains of unequal
length as in `mechanist.statistics.rhat`:

    rho_t = 1 - (W - C_t) / V,  tau = -1 + 2 sum_k (rho_2k + rho_2k+1),  N_eff = N / tau,

where W and V are the variances of R-hat, C_t is the autocovariance at lag t, the sum ends at the
first pair that is not positive, and pairs may not rise.
"""

from collections.abc import Sequence

import numpy as np

from mechanist.arrays import Array
from mechanist.statistics.rhat import variances


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
    within, pooled, _ = variances(chains)
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
