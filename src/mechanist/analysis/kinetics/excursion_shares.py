"""Equilibrium shares of groups of transitions, such as channels, with intervals."""

import numpy as np

from mechanist.analysis.kinetics.excursion_data import AB, ExcursionData
from mechanist.analysis.kinetics.rate_results import Resampled
from mechanist.arrays import Array, Rows, Weights
from mechanist.statistics.intervals import TWO_SIDED, Interval

TAIL = 0.025
"""Chance on each side of a 95 % interval."""


def transition_rows(data: ExcursionData) -> Rows:
    """Numbers (T,) of the excursions that join A and B, in the order of their table."""
    return np.flatnonzero(data.kind == AB)


def excursion_shares(
    resampled: Resampled, labels: Rows, unit: Rows, groups: int
) -> dict[int, Interval]:
    """Share of each group in the transitions at equilibrium.

    The interval is normal in arcsin(share^(1/2)), whose variance does not depend on the share
    (Anscombe, Biometrika 35, 246 (1948)), from the same bootstrap samples as those of the rates. A
    sample without a group hardly widens it; in ln(share / (1 - share)) it is infinitely far away.
    A group without transitions has a share of 0, and an upper end by the number n of the runs and
    chains that have any: 1 - 0.025^(1/n).

    Parameters
    ----------
    resampled
        The estimate and its bootstrap samples.
    labels, unit
        (T,) group, and run or chain, of each excursion of `transition_rows`.
    groups
        Number of groups that have a share, be it 0; further labels have one if they occur.
    """
    counted = resampled.transition_weights > 0
    units = len(np.unique(unit[counted]))
    found = {}
    for label in sorted({*range(groups), *labels[counted].tolist()}):
        mine = labels == label
        if not (counted & mine).any():
            found[label] = Interval(0.0, 0.0, 1 - TAIL ** (1 / max(1, units)))
            continue
        share = _share(resampled.transition_weights[None], mine)[0]
        every = _angle(_share(resampled.transitions, mine))
        width = TWO_SIDED * float(every.std(ddof=1))
        ends = np.clip(_angle(share) + np.array([-width, width]), 0, np.pi / 2)
        low, high = np.sin(ends) ** 2
        found[label] = Interval(float(share), float(low), float(high))
    return found


def _share(weights: Weights, mine: Rows) -> Array:
    """(S,) share of some excursions in weights (S, T)."""
    return np.asarray(weights[:, mine].sum(axis=1) / weights.sum(axis=1))


def _angle(share: Array) -> Array:
    """arcsin(share^(1/2))."""
    return np.asarray(np.arcsin(np.sqrt(np.clip(share, 0, 1))))
