"""Local R-hat: split R-hat of whether a quantity exceeds a threshold, the largest over thresholds.

Moins, Arbel, Dutfoy, Girard, Bayesian Anal. (2023), doi:10.1214/23-BA1399. A quantity whose mean
agrees between chains can still be distributed differently; and one chain of many that has left a
region changes the variances of the quantity little, but is all of the variance of the indicator.
"""

from collections.abc import Sequence

import numpy as np

from mechanist.arrays import Array
from mechanist.statistics.rhat import SHORTEST_PIECE

QUANTILES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99, 0.995)
"""Of all draws, as thresholds."""


def split_rhats(chains: Sequence[Array]) -> Array:
    """`mechanist.statistics.rhat.split_rhat` of each column (K,) of chains (n, K)."""
    halves = [len(chain) // 2 for chain in chains]
    pieces: list[Array] = []
    for chain, half in zip(chains, halves, strict=True):
        if half >= SHORTEST_PIECE:
            pieces += [chain[:half], chain[-half:]]
    if len(pieces) < 2:
        return np.full(chains[0].shape[1] if len(chains) else 0, np.nan)
    lengths = np.array([len(piece) for piece in pieces], dtype=np.float64)
    every = np.concatenate(pieces).astype(np.float64)
    first = np.cumsum([0, *lengths[:-1].astype(int)])
    means = np.add.reduceat(every, first) / lengths[:, None]
    rest = every - np.repeat(means, lengths.astype(int), axis=0)
    total, groups = lengths.sum(), len(pieces)
    within = (rest**2).sum(axis=0) / (total - groups)
    grand = lengths @ means / total
    size = (total - (lengths**2).sum() / total) / (groups - 1)
    between = lengths @ (means - grand) ** 2 / (groups - 1)
    pooled = (size - 1) / size * within + between / size
    # Rounding of the mean makes the variance of a constant series a few ulp, not zero.
    least = (1e-12 * np.maximum(np.abs(every).max(axis=0), np.finfo(np.float64).tiny)) ** 2
    ratio = np.divide(pooled, within, out=np.full(len(within), np.inf), where=within > least)
    return np.where((within <= least) & (pooled <= least), 1.0, np.sqrt(ratio))


def local_rhats(chains: Sequence[Array]) -> Array:
    """The larger of split R-hat and local R-hat of each column (K,) of chains (n, K)."""
    result = split_rhats(chains)
    if np.isnan(result).all():
        # No column, or no chain long enough.
        return result
    for threshold in np.quantile(np.concatenate(chains), QUANTILES, axis=0):
        above = [(chain > threshold).astype(np.float64) for chain in chains]
        result = np.fmax(result, split_rhats(above))
    return result
