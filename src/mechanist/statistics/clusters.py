"""Errors of means over observations that are independent between clusters only.

Shots of one Markov chain start from paths that share frames, so chains are the independent units of
a standard error and not shots. The ratio r = sum_i y_i / sum_i w_i has, to first order (Liang and
Zeger, Biometrika 73, 13 (1986)),

    se(r)^2 = C / (C - 1) sum_c [sum_(i in c) (y_i - r w_i)]^2 / (sum_i w_i)^2

over C clusters c; observations of one cluster may be correlated in any way.
"""

import numpy as np

from mechanist.arrays import Array, Rows


def cluster_sums(values: Array, cluster: Rows) -> Array:
    """Sums of values (N,) or (N, K) over each cluster, (C,) or (C, K), by ascending cluster."""
    names, member = np.unique(cluster, return_inverse=True)
    sums = np.zeros((len(names), *values.shape[1:]))
    np.add.at(sums, member, values)
    return sums


def clustered_error(residuals: Array, cluster: Rows, total: float) -> Array:
    """Standard error of a ratio, () or (K,), from y - r w, (N,) or (N, K), and the sum of w.

    NaN with fewer than two clusters.
    """
    sums = cluster_sums(residuals, cluster)
    count = len(sums)
    correction = count / (count - 1) if count > 1 else np.nan
    return np.asarray(np.sqrt(correction * (sums**2).sum(axis=0)) / total)


def clustered_mean(
    values: Array, cluster: Rows, weights: Array | None = None
) -> tuple[float, float]:
    """Mean of values (N,), or their sum over that of ``weights`` (N,), and its standard error.

    Both are NaN with fewer than two clusters.
    """
    weights = np.ones(len(values)) if weights is None else weights
    if len(values) == 0:
        return float("nan"), float("nan")
    total = weights.sum()
    mean = float(values.sum() / total)
    error = float(clustered_error(values - mean * weights, cluster, total))
    return (mean, error) if np.isfinite(error) else (float("nan"), float("nan"))
