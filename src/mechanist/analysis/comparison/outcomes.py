"""Guided against uniform selection: what both gain from the same number of MD steps.

A transition is a shot whose halves join A and B. Both selections sample the same path ensemble, so
their mean path durations must agree; the widths of their intervals tell which one is more
efficient.
"""

from dataclasses import dataclass

import numpy as np

from mechanist.analysis.comparison.series import later_half
from mechanist.arrays import Array, Rows
from mechanist.sampling.records.tables import Table
from mechanist.statistics.clusters import clustered_mean
from mechanist.statistics.effective_samples import effective_samples
from mechanist.statistics.intervals import Interval

LEAST_IN_BIN = 400
"""Least number of guided shots in a bin of predicted p_B."""


@dataclass(frozen=True)
class Outcome:
    """What one run gained from its MD steps.

    Attributes
    ----------
    steps, shots, transitions, accepted, decorrelated
        Counts.
    effective_paths
        Effective number of independent path durations in the later half of the moves.
    duration
        Mean over the later half of each chain's moves in ps, with the interval over chains.
    """

    steps: int
    shots: int
    transitions: int
    accepted: int
    decorrelated: int
    effective_paths: float
    duration: Interval


def over_chains(values: Array, chain: Rows) -> Interval:
    """Mean and its 95 % interval, with chains as the independent units."""
    from scipy.special import stdtrit

    mean, error = clustered_mean(values, chain)
    width = float(stdtrit(max(1, len(np.unique(chain)) - 1), 0.975)) * error
    return Interval(mean, mean - width, mean + width)


def over_seeds(values: Array) -> Interval:
    """Mean over seeds with the 95 % interval of Student's t."""
    from scipy.special import stdtrit

    mean = float(np.mean(values))
    error = float(np.std(values, ddof=1) / np.sqrt(len(values)))
    width = float(stdtrit(len(values) - 1, 0.975)) * error
    return Interval(mean, mean - width, mean + width)


def ratio_over_seeds(guided: Array, uniform: Array) -> Interval | None:
    """Geometric mean over seeds of guided / uniform; None if one of them is zero or unknown."""
    if not ((guided > 0) & (uniform > 0)).all():
        return None
    log = over_seeds(np.log(guided / uniform))
    return Interval(*(float(np.exp(value)) for value in (log.value, log.low, log.high)))


def outcome(series: Table) -> Outcome:
    """Count a series in order."""
    later = later_half(series)
    chains = np.unique(later["chain"])
    durations = [later["duration"][later["chain"] == chain] for chain in chains]
    return Outcome(
        steps=int(series["steps"].sum()),
        shots=len(series["steps"]),
        transitions=int(series["transition"].sum()),
        accepted=int(series["accepted"].sum()),
        decorrelated=int(series["decorrelated"].sum()),
        effective_paths=effective_samples(durations),
        duration=over_chains(later["duration"], later["chain"]),
    )


def curves(series: Table, budgets: Array) -> dict[str, Array]:
    """Totals of a series in order after given numbers of MD steps, (K,) each.

    Returns
    -------
    dict
        ``transitions``, ``accepted`` and ``decorrelated`` so far, ``duration`` in ps, and its
        standard error ``duration_se``; NaN where there are fewer than two chains.
    """
    spent = np.cumsum(series["steps"])
    stops = np.searchsorted(spent, budgets, side="right")
    names = ("transitions", "accepted", "decorrelated")
    columns = ("transition", "accepted", "decorrelated")
    result = {
        name: np.r_[0, np.cumsum(series[column])][stops].astype(np.float64)
        for name, column in zip(names, columns, strict=True)
    }
    means = np.full((len(budgets), 2), np.nan)
    for i, stop in enumerate(stops.tolist()):
        later = later_half({name: series[name][:stop] for name in ("move", "duration", "chain")})
        means[i] = clustered_mean(later["duration"], later["chain"])
    return result | {"duration": means[:, 0], "duration_se": means[:, 1]}


@dataclass(frozen=True)
class Place:
    """Shots from one range of predicted p_B: transitions per million MD steps, standard error."""

    p_low: float
    p_high: float
    shots: int
    transitions: int
    rate: float
    error: float


def yield_by_place(series: Table, bins: int = 10) -> list[Place]:
    """Transitions per MD step of guided shots, by the predicted p_B of their points.

    Any selection by this p_B has an average of these rates, weighted by the steps spent on each, so
    none exceeds the largest of them. Bins have equally many shots.
    """
    p = np.asarray(series["p_predicted"], dtype=np.float64)
    known = np.isfinite(p)
    bins = min(bins, int(known.sum()) // LEAST_IN_BIN)
    if bins < 1:
        return []
    edges = np.quantile(p[known], np.linspace(0, 1, bins + 1))
    place = np.clip(np.searchsorted(edges, p[known], side="right") - 1, 0, bins - 1)
    shots = np.bincount(place, minlength=bins)
    found = np.bincount(place, series["transition"][known], bins)
    millions = np.bincount(place, series["steps"][known], bins) / 1e6
    return [
        Place(
            p_low=float(edges[i]),
            p_high=float(edges[i + 1]),
            shots=int(shots[i]),
            transitions=int(found[i]),
            rate=float(found[i] / millions[i]),
            error=float(np.sqrt(found[i]) / millions[i]),
        )
        for i in range(bins)
        if millions[i] > 0
    ]
