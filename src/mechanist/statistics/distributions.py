"""Probabilities of counts, and p-values of Student and Fisher, from `scipy.special` alone.

`scipy.stats` has them all, but takes longer to load than most jobs to do their work. With the beta
function B, counts k of n trials have the probabilities

    C(n, k) p^k (1 - p)^(n - k),                     binomial,
    C(n, k) B(k + a, n - k + b) / B(a, b),           beta-binomial,
    C(n, k) = 1 / [(n + 1) B(n - k + 1, k + 1)]

(Johnson, Kemp, Kotz, Univariate Discrete Distributions, 3rd edition, chapters 3 and 6).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from mechanist.arrays import Array


def binomial_chance(k: ArrayLike, n: ArrayLike, p: ArrayLike) -> Array:
    """Probability of ``k`` successes of ``n`` with probability ``p``, broadcast; 0 <= k <= n."""
    from scipy.special import xlog1py, xlogy

    k, n = np.asarray(k), np.asarray(n)
    return np.asarray(np.exp(_log_choices(k, n) + xlogy(k, p) + xlog1py(n - k, -np.asarray(p))))


def beta_binomial_chance(k: ArrayLike, n: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """The same if p is drawn from the beta distribution of ``a`` and ``b``."""
    from scipy.special import betaln

    k, n, a, b = (np.asarray(one) for one in (k, n, a, b))
    return np.asarray(np.exp(_log_choices(k, n) + betaln(k + a, n - k + b) - betaln(a, b)))


def _log_choices(k: Array, n: Array) -> Array:
    """The logarithm of C(n, k)."""
    from scipy.special import betaln

    return np.asarray(-np.log(n + 1) - betaln(n - k + 1, k + 1))


def p_of_mean(values: Array) -> float:
    """p-value, two-sided, of Student's t that the mean of ``values`` (N,), which vary, is 0."""
    from scipy.special import stdtr

    count = len(values)
    t = values.mean() / (values.std(ddof=1) / np.sqrt(count))
    return float(2 * stdtr(count - 1, -abs(t)))


def p_of_groups(groups: Sequence[Array]) -> float:
    """p-value of Fisher's F that groups of values, (N,) each, have the same mean.

    0 if nothing varies within groups of different means.
    """
    from scipy.special import fdtrc

    every = np.concatenate(groups)
    means, sizes = (np.array([f(group) for group in groups]) for f in (np.mean, len))
    between = float((sizes * (means - every.mean()) ** 2).sum())
    within = float(sum(((group - group.mean()) ** 2).sum() for group in groups))
    if within == 0:
        return 0.0
    freedom = len(groups) - 1, len(every) - len(groups)
    return float(fdtrc(*freedom, between / freedom[0] / (within / freedom[1])))
