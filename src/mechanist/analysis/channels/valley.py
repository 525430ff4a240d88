"""Two groups of paths with a valley between them, along one coordinate.

Draws are split where their density has a valley: a window that holds at most `DEEP` of what the
lower of the two peaks beside it holds. Along a Markov chain draws are correlated, and families that
have not mixed sit on peaks of their own whatever the density is. So the hill on either side counts
for as many draws as its chains are worth: the smaller one of the effective number of its draws and

    K var(x) / var_k(m_k)

for the means m_k of the K families on it, which is K where each family sits on its own spot. If
peak and valley were equally dense, k of n draws would be in the valley with the binomial chance of
k or fewer of n at 1/2; it must be below `CHANCE`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Mask, Rows
from mechanist.statistics.effective_samples import effective_samples

BINS = 40
"""Bins of the density."""

WINDOWS = (8, 3)
"""Bins of a window: wide ones, which hold most of a peak, are tried first."""

TAIL = 0.002
"""Share of the draws left out at either end of the range."""

NARROWEST = 1e-6
"""Range of values that are not all the same."""

DEEP = 0.3
"""Density of a valley in units of the lower peak; 0.27 between two normal distributions of the same
weight that are 4 standard deviations apart."""

CHANCE = 1e-4
"""Chance of a valley by luck among all coordinates tried."""

SHORTEST, STAYS = 4, 0.8
"""Draws of a chain that stays on a hill, at least, and their share of all its draws."""


@dataclass(frozen=True)
class Valley:
    """Where the density is lowest, there in units of the lower peak, and the bins of a window."""

    at: float
    depth: float
    window: int


def find_valley(values: Array, weights: Array, window: int) -> Valley | None:
    """The deepest valley of a weighted distribution; None if it has none."""
    order = np.argsort(values)
    share = np.cumsum(weights[order]) / weights.sum()
    places = np.minimum(np.searchsorted(share, [TAIL, 1 - TAIL]), len(order) - 1)
    ends = values[order[places]]
    low, high = float(ends[0]), float(ends[1])
    # Scaled features have unit variance over all paths: a smaller range is rounding.
    if not high - low > NARROWEST:
        return None
    counts, _ = np.histogram(np.clip(values, low, high), BINS, (low, high), weights=weights)
    dense = np.convolve(counts, np.ones(window), mode="valid")
    left, right = np.maximum.accumulate(dense), np.maximum.accumulate(dense[::-1])[::-1]
    lower = np.minimum(left, right)
    ratio = np.divide(dense, lower, out=np.ones_like(dense), where=lower > 0)
    # The middle of a wide valley, and of several that are empty the one with the largest peaks.
    best = np.flatnonzero(ratio <= ratio.min() + 1e-9)
    best = best[lower[best] >= lower[best].max() - 1e-9]
    if ratio.min() > DEEP:
        return None
    runs = np.split(best, np.flatnonzero(np.diff(best) > 1) + 1)
    longest = max(runs, key=len)
    middle = float(longest.mean()) + window / 2
    return Valley(float(low + middle * (high - low) / BINS), float(ratio.min()), window)


def significant(valley: Valley, series: Sequence[Array], family: Rows, tries: int) -> bool:
    """Whether chains (C) of draws, of families (C,), are worth enough to support a valley.

    ``tries`` is the number of coordinates that were looked at.
    """
    from scipy.special import bdtr

    draws = np.concatenate(series)
    low, high = np.quantile(draws, [TAIL, 1 - TAIL])
    half = valley.window / 2 * (high - low) / BINS
    inside = float((np.abs(draws - valley.at) <= half).mean())
    peaks, scales = [], []
    for side in (-1, 1):
        first, last, peak = _hill(draws[side * (draws - valley.at) > 0], low, high, valley.window)
        masks = [(chain >= first) & (chain <= last) for chain in series]
        there = sum(int(mask.sum()) for mask in masks)
        if there == 0:
            return False
        peaks.append(peak / len(draws))
        scales.append(_worth(series, masks, family) / (there / len(draws)))
    lower = min(peak * scale for peak, scale in zip(peaks, scales, strict=True))
    count = int(inside * min(scales))
    return inside <= DEEP * min(peaks) and bool(
        bdtr(count, count + int(lower), 0.5) < CHANCE / max(1, tries)
    )


def _hill(draws: Array, low: float, high: float, window: int) -> tuple[float, float, float]:
    """Range of the draws around the peak of their density, and how many the peak's window holds.

    It ends where the density falls below `DEEP` of the peak: beyond may be other channels.
    """
    if not len(draws):
        return np.inf, -np.inf, 0.0
    counts, edges = np.histogram(np.clip(draws, low, high), BINS, (low, high))
    dense = np.convolve(counts, np.ones(window), mode="same")
    top = int(dense.argmax())
    deep = np.flatnonzero(dense < DEEP * dense[top])
    first = int(deep[deep < top].max(initial=-1)) + 1
    last = int(deep[deep > top].min(initial=BINS)) - 1
    ends = (edges[first], edges[last + 1])
    # The outermost draws lie beyond the range that is drawn.
    start = -np.inf if first == 0 else float(ends[0])
    stop = np.inf if last == BINS - 1 else float(ends[1])
    mine = draws[(draws >= start) & (draws <= stop)]
    return float(mine.min()), float(mine.max()), float(dense[top])


def _worth(series: Sequence[Array], masks: Sequence[Mask], family: Rows) -> float:
    """How many independent draws those of some chains on one hill are worth.

    Chains that only visit the hill give no more than one a visit: they sit there together by luck.
    """
    long = np.array([mask.sum() for mask in masks]) >= SHORTEST
    stay = np.array([mask.sum() >= STAYS * len(mask) for mask in masks])
    parts = [chain[mask] for chain, mask in zip(series, masks, strict=True)]
    worth = [
        _agreeing([parts[row] for row in rows.tolist()], family[rows]) if len(rows) else 0.0
        for rows in (np.flatnonzero(long & stay), np.flatnonzero(long & ~stay))
    ]
    entries = [int(mask[0]) + int((mask[1:] & ~mask[:-1]).sum()) for mask in masks if len(mask)]
    there = [stays for stays, mask in zip(stay.tolist(), masks, strict=True) if len(mask)]
    visits = sum(count for count, stays in zip(entries, there, strict=True) if not stays)
    return worth[0] + min(worth[1], float(visits))


def _agreeing(chains: Sequence[Array], own: Rows) -> float:
    """Effective number of draws of chains of the families ``own`` (C,), by their agreement.

    A path that was kept for many moves is one draw, whatever the autocorrelation of few draws says.
    """
    distinct = sum(1 + int((np.diff(chain) != 0).sum()) for chain in chains)
    size = min(effective_samples(chains), float(distinct))
    draws, each = np.concatenate(chains), np.repeat(own, [len(chain) for chain in chains])
    names, member = np.unique(each, return_inverse=True)
    if len(names) < 2:
        return size
    counts = np.bincount(member)
    means = np.bincount(member, draws) / counts
    between = float(counts @ (means - draws.mean()) ** 2) / counts.sum()
    between *= len(names) / (len(names) - 1)
    return float(min(size, len(names) * float(draws.var()) / max(between, 1e-300)))
