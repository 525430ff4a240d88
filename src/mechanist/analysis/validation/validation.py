"""Fresh committor shots against the predictions of the network and of the formula.

The number of shots that end in B from one configuration is binomial, so that predictions are
compared with counts by what they miss beyond binomial noise
(`mechanist.statistics.rmse_beyond_noise`).
"""

from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Counts
from mechanist.statistics.clopper_pearson import clopper_pearson
from mechanist.statistics.rmse_beyond_noise import rmse_beyond_noise, rmse_interval, squared_excess

P_RANGE = (0.02, 0.98)
"""Configurations outside are decided; shots from them would test nothing."""

ZONES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Edges of the zones of p_B that the worst one is named from."""

VALIDATION_COLUMNS = (
    "point",
    "p_network",
    "p_formula",
    "n",
    "n_B",
    "low",
    "high",
    "network_low",
    "network_high",
)

LEVEL = 0.9
"""Of the intervals of the network that fresh shots test."""


@dataclass(frozen=True)
class Verdict:
    """How far predictions are from the truth.

    Attributes
    ----------
    points, shots_per_point
        Configurations, and the mean number of decided half-shots from each.
    network_rmse, formula_rmse
        Root mean square error of p_B beyond counting noise.
    network_interval, formula_interval
        Their 95 % bootstrap intervals over points.
    network_coverage, formula_coverage
        Fraction of points whose 95 % Clopper-Pearson interval holds the prediction.
    network_interval_coverage
        Fraction of points whose count lies where the network's 90 % interval of p_B, widened by the
        noise of the shots, says; 0.9 if the intervals are right.
    network_explained, formula_explained
        Explained part of the variance of the true p_B over the points; None if it has none.
    text
        The same in a sentence or two.
    """

    points: int
    shots_per_point: float
    network_rmse: float
    network_interval: tuple[float, float]
    network_coverage: float
    network_interval_coverage: float
    network_explained: float | None
    formula_rmse: float
    formula_interval: tuple[float, float]
    formula_coverage: float
    formula_explained: float | None
    text: str

    def to_json(self) -> dict[str, Any]:
        """Plain data for validation/verdict.json."""
        return asdict(self)


def choose_points(p_predicted: Array, rng: np.random.Generator, points: int) -> NDArray[np.int64]:
    """Choose frames spread evenly over predicted p_B in `P_RANGE`.

    Parameters
    ----------
    p_predicted
        (F,) predicted p_B of candidate frames. Frames with exactly the same value are taken for
        copies of one configuration.
    rng
        Source of random numbers.
    points
        How many to choose.

    Returns
    -------
    ndarray
        Rows of frames without repeats, in ascending p_B; fewer than ``points`` only if there are
        fewer frames. Every bin of width 0.96 / ``points`` gives one frame before any gives two,
        and so on.

    Raises
    ------
    ValueError
        If no frame lies in the range.
    """
    low, high = P_RANGE
    values, rows = np.unique(p_predicted, return_index=True)
    inside = (values >= low) & (values <= high)
    values, rows = values[inside], rows[inside]
    if not len(rows):
        raise ValueError(f"no frame has a predicted p_B from {low} to {high}")
    bins = np.minimum(((values - low) / (high - low) * points).astype(np.int64), points - 1)
    shuffled = rng.permutation(len(rows))
    order = shuffled[np.argsort(bins[shuffled], kind="stable")]
    counts = np.bincount(bins, minlength=points)
    # Place of each frame in its own bin's random order: all first ones go before all second ones.
    place = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    ranked = order[np.lexsort((rng.random(len(order)), place))]
    return np.asarray(rows[np.sort(ranked[:points])], dtype=np.int64)


def explained(p: Array, k: Counts, n: Counts) -> float | None:
    """One minus mean squared error over variance of the true p_B, both beyond counting noise.

    For predictions ``p`` (F,) beside ``k`` of ``n`` shots (F,) that ended in B; None if the true
    p_B has no variance.
    """
    observed = k / n
    noise = (observed * (1 - observed) / (n - 1)).mean()
    variance = float(observed.var(ddof=1) - noise) if len(n) > 1 else 0.0
    if variance <= 0:
        return None
    return float(1 - max(0.0, squared_excess(p, k, n).mean()) / variance)


def _coverage(p: Array, k: Counts, n: Counts) -> float:
    low, high = clopper_pearson(k, n)
    return float(((p >= low) & (p <= high)).mean())


def predictive_rank(p: Array, error: Array, k: Counts, n: Counts) -> Array:
    """Where each count stands in the distribution that a prediction with its error gives.

    The true p_B is taken as beta distributed with mean ``p`` and standard deviation ``error``, the
    count given p_B as binomial; a count half counts as below itself (mid-p), as counts are whole.

    Parameters
    ----------
    p, error
        (F,) predicted p_B and the standard deviation of its error.
    k, n
        (F,) successes and trials.

    Returns
    -------
    ndarray
        (F,) from 0 to 1, uniform if predictions and errors are right.
    """
    from scipy.stats import betabinom

    p = np.clip(p, 1e-6, 1 - 1e-6)
    # A beta distribution cannot be wider than a coin's.
    size = np.maximum(p * (1 - p) / np.maximum(error, 1e-6) ** 2 - 1, 0.1)
    counts = betabinom(n, p * size, (1 - p) * size)
    return np.asarray(counts.cdf(k) - 0.5 * counts.pmf(k))


def _interval_coverage(p: Array, error: Array, k: Counts, n: Counts) -> float:
    rank = predictive_rank(p, error, k, n)
    return float((np.abs(rank - 0.5) <= 0.5 * LEVEL).mean())


def _worst(p: Array, k: Counts, n: Counts) -> str:
    """The zone of predicted p_B that adds most to the error, and which way it goes there."""
    observed = k / n
    zone = np.clip(np.searchsorted(ZONES, p, side="right") - 1, 0, len(ZONES) - 2)
    excess = squared_excess(p, k, n)
    sums = np.bincount(zone, excess, minlength=len(ZONES) - 1)
    worst = int(np.argmax(sums))
    here = zone == worst
    rmse = float(np.sqrt(max(0.0, excess[here].mean())))
    bias = float((p - observed)[here].mean())
    way = "" if abs(bias) < 0.01 else f", on average {abs(bias):.2f} too {_side(bias)}"
    return f"{ZONES[worst]:.1f} and {ZONES[worst + 1]:.1f} (off by {rmse:.2f}{way})"


def _side(bias: float) -> str:
    return "high" if bias > 0 else "low"


def _off(rmse: float, interval: tuple[float, float]) -> str:
    """An error in words; where counting noise hides it, what it is at most."""
    return f"{rmse:.3f}" if rmse > 0 else f"at most {interval[1]:.3f}"


def _sentence(
    p_formula: Array, k: Counts, n: Counts, network: str, formula: str, coverage: float
) -> str:
    share = explained(p_formula, k, n)
    text = (
        f"On {len(n)} fresh points ({n.mean():.0f} shots each) the network is off by "
        f"{network} in p_B and the formula by {formula} beyond counting noise"
    )
    if share is not None:
        if share > 0:
            text += f"; the formula explains {100 * share:.0f} % of the variance of p_B"
        else:
            text += "; the formula explains none of the variance of p_B"
    if squared_excess(p_formula, k, n).mean() > 0:
        text += f". The formula is worst where it says p_B between {_worst(p_formula, k, n)}"
    text += f". The network's {100 * LEVEL:.0f} % intervals agree with {100 * coverage:.0f} %"
    return text + " of the points."


def judge(
    p_network: Array,
    p_error: Array,
    p_formula: Array,
    n: Counts,
    n_b: Counts,
    rng: np.random.Generator,
) -> Verdict:
    """Compare predictions with fresh shots.

    Parameters
    ----------
    p_network, p_error, p_formula
        (F,) predicted p_B of the configurations; the standard deviation of the network's error.
    n, n_b
        (F,) half-shots that ended in a state, at least 2 each, and those that ended in B.
    rng
        For the bootstrap.

    Raises
    ------
    ValueError
        If there is no point, or one with fewer than two decided shots.
    """
    if not len(n) or int(n.min()) < 2:
        raise ValueError("every point needs at least two shots that end in a state")
    network, formula = rmse_beyond_noise(p_network, n_b, n), rmse_beyond_noise(p_formula, n_b, n)
    network_interval = rmse_interval(p_network, n_b, n, rng)
    formula_interval = rmse_interval(p_formula, n_b, n, rng)
    interval_coverage = _interval_coverage(p_network, p_error, n_b, n)
    off = _off(network, network_interval), _off(formula, formula_interval)
    return Verdict(
        points=len(n),
        shots_per_point=float(n.mean()),
        network_rmse=network,
        network_interval=network_interval,
        network_coverage=_coverage(p_network, n_b, n),
        network_interval_coverage=interval_coverage,
        network_explained=explained(p_network, n_b, n),
        formula_rmse=formula,
        formula_interval=formula_interval,
        formula_coverage=_coverage(p_formula, n_b, n),
        formula_explained=explained(p_formula, n_b, n),
        text=_sentence(p_formula, n_b, n, *off, interval_coverage),
    )


def validation_columns(
    p_network: Array, p_error: Array, p_formula: Array, n: Counts, n_b: Counts
) -> dict[str, NDArray[Any]]:
    """Columns of validation.csv, `VALIDATION_COLUMNS`.

    ``low`` and ``high`` are 95 % Clopper-Pearson intervals of the shots, ``network_low`` and
    ``network_high`` the network's 90 % intervals, made before the shots.
    """
    low, high = clopper_pearson(n_b, n)
    half = NormalDist().inv_cdf(0.5 + 0.5 * LEVEL) * p_error
    return {
        "point": np.arange(len(n)),
        "p_network": p_network,
        "p_formula": p_formula,
        "n": n,
        "n_B": n_b,
        "low": low,
        "high": high,
        "network_low": np.maximum(p_network - half, 0),
        "network_high": np.minimum(p_network + half, 1),
    }
