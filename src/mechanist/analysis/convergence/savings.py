"""MD steps saved by stopping shots whose end was nearly certain."""

from dataclasses import dataclass

import numpy as np

from mechanist.sampling.records.tables import Table
from mechanist.statistics.clusters import clustered_mean

LEAST = 2
"""Chains of either kind that an interval needs."""


@dataclass(frozen=True)
class Savings:
    """MD steps saved, as fractions of the steps of shots that are never stopped.

    Parameters
    ----------
    watched
        Fraction of guided shots that might be stopped.
    stopped
        Fraction of these of which a half was stopped.
    share, low, high
        Fraction of steps saved in these, with a 95 % interval.
    """

    watched: float
    stopped: float
    share: float
    low: float
    high: float


def savings(shots: Table) -> Savings | None:
    """Compare shots that might be stopped with the others of the same rounds.

    The others are those of held-out chains and those that predictions are fitted to. Chains are the
    independent units of the interval of the ratio of means, to first order.

    Parameters
    ----------
    shots
        A table with `mechanist.sampling.records.tables.SHOT_COLUMNS`.

    Returns
    -------
    Savings or None
        None if no shot might be stopped, or too few chains are there to compare with.
    """
    guided = np.isfinite(np.asarray(shots["p_predicted"], dtype=np.float64))
    watched = np.asarray(shots["watched"], dtype=bool) & guided
    steps = np.asarray(shots["steps_backward"] + shots["steps_forward"], dtype=np.float64)
    means = []
    for rows in (watched, guided & ~watched):
        chains = shots["chain"][rows]
        if len(np.unique(chains)) < LEAST:
            return None
        means.append(clustered_mean(steps[rows], chains))
    (ours, our_error), (plain, plain_error) = means
    ratio = ours / plain
    error = ratio * np.hypot(our_error / ours, plain_error / plain)
    ends = np.stack([shots["end_backward"], shots["end_forward"]], axis=1)[watched]
    return Savings(
        watched=float(watched.sum() / guided.sum()),
        stopped=float((ends == "stopped").any(axis=1).mean()),
        share=1 - ratio,
        low=1 - ratio - 1.96 * error,
        high=1 - ratio + 1.96 * error,
    )
