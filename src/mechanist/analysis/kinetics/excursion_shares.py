"""Equilibrium shares of groups of transitions, such as channels, with intervals."""

import numpy as np

from mechanist.analysis.kinetics.excursion_data import AB, ExcursionData
from mechanist.analysis.kinetics.rate_results import Resampled
from mechanist.arrays import Array, Rows, Weights
from mechanist.statistics.intervals import TWO_SIDED, Interval
from mechanist.statistics.logistic import q_to_p


def transition_rows(data: ExcursionData) -> Rows:
    """Numbers (T,) of the excursions that join A and B, in the order of their table."""
    return np.flatnonzero(data.kind == AB)


def excursion_shares(resampled: Resampled, labels: Rows) -> dict[int, Interval]:
    """Share of each group in the transitions at equilibrium.

    The interval is normal in ln(share / (1 - share)), from the same bootstrap samples as those of
    the rates.

    Parameters
    ----------
    resampled
        The estimate and its bootstrap samples.
    labels
        (T,) group of each excursion of `transition_rows`.
    """
    rows = np.flatnonzero(resampled.transition_weights > 0)
    found = {}
    for label in np.unique(labels[rows]).tolist():
        mine = labels == label
        share = _share(resampled.transition_weights[None], mine)[0]
        every = _log_odds(_share(resampled.transitions, mine))
        width = TWO_SIDED * float(every.std(ddof=1))
        middle = _log_odds(np.array(share))
        low, high = q_to_p(np.array([middle - width, middle + width]))
        found[label] = Interval(float(share), float(low), float(high))
    return found


def _share(weights: Weights, mine: Rows) -> Array:
    """(S,) share of some excursions in weights (S, T)."""
    return np.asarray(weights[:, mine].sum(axis=1) / weights.sum(axis=1))


def _log_odds(share: Array) -> Array:
    """ln(share / (1 - share)), of a share between 0 and 1 exclusive."""
    inside = np.clip(share, 1e-6, 1 - 1e-6)
    return np.asarray(np.log(inside / (1 - inside)))
