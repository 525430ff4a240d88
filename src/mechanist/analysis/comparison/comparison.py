"""Guided against uniform selection: what both make of the same number of MD steps.

A transition is a shot whose halves join A and B. A path is decorrelated when it shares no
configuration with the one counted before it (as OpenPathSampling counts, Swenson, Prinz, Noe,
Chodera, Bolhuis, J. Chem. Theory Comput. 15, 813 (2019)). Both selections sample the same paths, so
their mean path durations must agree; how narrow their intervals are is what selection buys.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Rows
from mechanist.sampling.records.tables import Table
from mechanist.statistics.clusters import clustered_mean
from mechanist.statistics.effective_samples import effective_samples

SERIES_COLUMNS = (
    "guided",
    "round",
    "chain",
    "move",
    "steps",
    "transition",
    "accepted",
    "decorrelated",
    "duration",
    "p_predicted",
)
"""One row a shot: whether a guided run made it, round, chain, move, MD steps of both halves,
whether they joined A and B, whether the path was accepted, whether it is decorrelated; duration in
ps of the path that is current after the move; predicted p_B of the point, or NaN."""

LEAST_IN_BIN = 400
"""Guided shots in a bin of predicted p_B, at least."""


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Outcome:
    """What one run has made of its MD steps.

    Attributes
    ----------
    steps, shots, transitions, accepted, decorrelated
        Counts.
    effective_paths
        Independent draws of the path duration in the later half of the moves.
    duration
        Mean over the later half of each chain's moves in ps, with the interval over chains.
    """

    steps: int
    shots: int
    transitions: int
    accepted: int
    decorrelated: int
    effective_paths: float
    duration: Estimate


def in_order(series: Table) -> Table:
    """Shots by move, then by chain: all chains go on side by side."""
    order = np.lexsort([series["chain"], series["move"]])
    return {name: column[order] for name, column in series.items()}


def spent_within(series: Table, budget: float) -> Table:
    """The first shots of a series in order, whose MD steps together are at most ``budget``."""
    stop = int(np.searchsorted(np.cumsum(series["steps"]), budget, side="right"))
    return {name: column[:stop] for name, column in series.items()}


def current_durations(chain: Array, accepted: Array, lengths: Array) -> Array:
    """Duration of the path that is current after each move, (S,).

    Parameters
    ----------
    chain, accepted
        (S,) of the shots of a job by chain and move.
    lengths
        Durations of the paths of the job by chain and move, the one it began with first.
    """
    ordinal = np.unique(chain, return_inverse=True)[1]
    return np.asarray(lengths[np.cumsum(accepted) + ordinal])


def decorrelated_paths(chain: Array, accepted: Array, points: Array) -> NDArray[np.bool_]:
    """Which shots made a path that shares no configuration with the one counted before it.

    An accepted path shares its shooting point with the path before, and nothing else. It shares
    something with an older one only if all paths since were shot from one and the same point.

    Parameters
    ----------
    chain, accepted
        (S,) of shots by chain and move.
    points
        (S,) what tells shooting points apart, such as a hash of the coordinates.
    """
    result = np.zeros(len(chain), dtype=np.bool_)
    of, shared = -1, None
    for row in np.flatnonzero(accepted).tolist():
        if chain[row] != of:
            of, shared = int(chain[row]), None
        if shared is None:
            shared = points[row]
        elif points[row] != shared:
            result[row], shared = True, None
    return result


def later_half(series: Table) -> Table:
    """Shots of the later half of the moves.

    By moves and not by what was accepted: which moves count must not hang on the paths themselves.
    """
    moves = series["move"]
    use = moves >= (int(moves.max()) + 1) // 2 if len(moves) else np.zeros(0, dtype=np.bool_)
    return {name: column[use] for name, column in series.items()}


def over_chains(values: Array, chain: Rows) -> Estimate:
    """Mean with its 95 % interval with chains as the independent units."""
    from scipy.special import stdtrit

    mean, error = clustered_mean(values, chain)
    width = float(stdtrit(max(1, len(np.unique(chain)) - 1), 0.975)) * error
    return Estimate(mean, mean - width, mean + width)


def over_seeds(values: Array) -> Estimate:
    """Mean over seeds with the 95 % interval of Student's t."""
    from scipy.special import stdtrit

    mean = float(np.mean(values))
    error = float(np.std(values, ddof=1) / np.sqrt(len(values)))
    width = float(stdtrit(len(values) - 1, 0.975)) * error
    return Estimate(mean, mean - width, mean + width)


def ratio_over_seeds(guided: Array, uniform: Array) -> Estimate | None:
    """Geometric mean over seeds of guided / uniform; None if one of them is zero or unknown."""
    if not ((guided > 0) & (uniform > 0)).all():
        return None
    log = over_seeds(np.log(guided / uniform))
    return Estimate(*(float(np.exp(value)) for value in (log.value, log.low, log.high)))


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
    """How a series in order has come along after so many MD steps, (K,) each.

    Returns
    -------
    dict
        ``transitions``, ``accepted`` and ``decorrelated`` so far, ``duration`` in ps, and its
        standard error ``duration_se``; NaN where there are no two chains yet.
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
    """Transitions per MD step of guided shots, by the p_B that was predicted for their points.

    A selection by this p_B mixes these rates with the steps that it spends on each: none can have
    more transitions per step than the best of them. Bins hold equally many shots.
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
