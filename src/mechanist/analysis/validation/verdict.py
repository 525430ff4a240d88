"""Predictions of network and formula against fresh committor shots.

The number of shots from one configuration that end in B is binomial with p_B, so predictions are
compared with counts by their error beyond binomial noise
(`mechanist.statistics.rmse_beyond_noise`).
"""

from dataclasses import dataclass, fields
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.analysis.validation.calibration_line import UNDETERMINED, calibration_line
from mechanist.arrays import Array, Counts, Mask
from mechanist.committor.calibration import calibration_test
from mechanist.statistics.clopper_pearson import clopper_pearson
from mechanist.statistics.logistic import p_to_q
from mechanist.statistics.rmse_beyond_noise import rmse_beyond_noise, rmse_interval, squared_excess

ZONES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
"""Edges of the ranges of predicted p_B of which the one with the largest error is named."""

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
    "n_too_long",
    "low_bound",
    "high_bound",
)

LEVEL = 0.9
"""Level of the intervals of the network."""

TOLERANCE, LEAST_P = 0.05, 0.01
"""Deviation of the network's p_B from fresh shots, in windows of p_B, that is tolerated, and the
p-value below which it is rejected. Fresh points are few and the error of each stands for many
frames, hence more than is tolerated of the outcomes of all chains."""

LINE_SEED = 0
"""Of the bootstrap of the calibration of the network."""


@dataclass(frozen=True)
class Verdict:
    """Errors of the predictions.

    Attributes
    ----------
    points, shots_per_point
        Number of configurations, and mean number of decided half-shots from each.
    undecided
        Configurations that are left out, since fewer than two half-shots from them ended in A or B.
        If none is left, all below is None.
    network_rmse, formula_rmse
        Root mean square error of p_B beyond counting noise.
    network_interval, formula_interval
        Their 95 % bootstrap intervals over points.
    network_coverage, formula_coverage
        Fraction of points whose 95 % Clopper-Pearson interval holds the prediction.
    network_interval_coverage
        Fraction of points whose count lies in the network's 90 % interval of p_B widened by the
        binomial noise of the shots; 0.9 if the intervals are right.
    network_explained, formula_explained
        Explained fraction of the variance of the true p_B over the points; None without variance.
    network_slope, network_shift
        Calibration slope and offset of the network's q, with 95 % intervals.
    network_calibration
        What they say, see `mechanist.analysis.validation.calibration_line`.
    network_p, network_power
        P-value of the test that in no window of p_B the network is off by more than `TOLERANCE`,
        and the smallest deviation that it finds with a chance of 90 %.
    too_long
        Share of the fresh half-shots that were too long. They are left out of all these numbers.
    text
        The result in a few sentences.
    """

    points: int
    shots_per_point: float
    undecided: int
    network_rmse: float | None
    network_interval: tuple[float, float] | None
    network_coverage: float | None
    network_interval_coverage: float | None
    network_explained: float | None
    formula_rmse: float | None
    formula_interval: tuple[float, float] | None
    formula_coverage: float | None
    formula_explained: float | None
    network_slope: float | None
    network_slope_interval: tuple[float, float] | None
    network_shift: float | None
    network_shift_interval: tuple[float, float] | None
    network_calibration: str
    network_p: float | None
    network_power: float | None
    too_long: float
    text: str

    @staticmethod
    def without_points(undecided: int, too_long: float) -> "Verdict":
        """A verdict where no point is left."""
        empty = dict.fromkeys(f.name for f in fields(Verdict))
        text = _left_out(undecided, undecided)
        told: dict[str, Any] = {"points": 0, "shots_per_point": 0.0, "undecided": undecided}
        told |= {"too_long": too_long, "network_calibration": UNDETERMINED}
        return Verdict(**{**empty, **told, "text": text})


FEWEST_SHOTS = 2
"""Decided half-shots that a point needs, so that the noise of its count can be estimated."""


def decided(n: Counts) -> Mask:
    """Points (P,) whose ``n`` half-shots that ended in A or B suffice for a comparison."""
    return np.asarray(n >= FEWEST_SHOTS)


def _left_out(undecided: int, points: int) -> str:
    """A sentence on the points that are left out."""
    if not points:
        return "There are no validation points, so that nothing can be validated."
    rest = "" if undecided < points else "; none is left, so that nothing can be validated"
    return (
        f"{undecided} of {points} validation points are left out, since fewer than {FEWEST_SHOTS}"
        f" half-shots from each reached A or B within dynamics.max_half_path{rest}."
    )


def explained(p: Array, k: Counts, n: Counts) -> float | None:
    """R^2 of predictions: 1 - mean squared error / variance of p_B, both beyond counting noise.

    For predictions ``p`` (P,) beside ``k`` of ``n`` shots (P,) that ended in B; None if the true
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
    """Rank of each count in its predictive distribution (the probability integral transform).

    The true p_B is taken as beta distributed with mean ``p`` and standard deviation ``error``, the
    count given p_B as binomial, so the count is beta-binomial. Since counts are whole, the
    probability of the count itself is counted by half (mid-p).

    Parameters
    ----------
    p, error
        (P,) predicted p_B and the standard deviation of its error.
    k, n
        (P,) successes and trials.

    Returns
    -------
    ndarray
        (P,) from 0 to 1, uniform if predictions and errors are right.
    """
    from scipy.stats import betabinom

    p = np.clip(p, 1e-6, 1 - 1e-6)
    # The variance of a beta distribution is below p (1 - p).
    size = np.maximum(p * (1 - p) / np.maximum(error, 1e-6) ** 2 - 1, 0.1)
    counts = betabinom(n, p * size, (1 - p) * size)
    return np.asarray(counts.cdf(k) - 0.5 * counts.pmf(k))


def _interval_coverage(p: Array, error: Array, k: Counts, n: Counts) -> float:
    rank = predictive_rank(p, error, k, n)
    return float((np.abs(rank - 0.5) <= 0.5 * LEVEL).mean())


def _worst(p: Array, k: Counts, n: Counts) -> str:
    """The zone of predicted p_B with the largest share of the error, and the bias there."""
    observed = k / n
    zone = np.clip(np.searchsorted(ZONES, p, side="right") - 1, 0, len(ZONES) - 2)
    excess = squared_excess(p, k, n)
    sums = np.bincount(zone, excess, minlength=len(ZONES) - 1)
    worst = int(np.argmax(sums))
    here = zone == worst
    rmse = float(np.sqrt(max(0.0, excess[here].mean())))
    bias = float((p - observed)[here].mean())
    side = "high" if bias > 0 else "low"
    average = "" if abs(bias) < 0.01 else f", on average {abs(bias):.2f} too {side}"
    return f"{ZONES[worst]:.1f} and {ZONES[worst + 1]:.1f} ({rmse:.2f}{average})"


def _error_text(rmse: float, interval: tuple[float, float]) -> str:
    """An error; its upper limit where it is hidden by counting noise."""
    return f"{rmse:.3f}" if rmse > 0 else f"at most {interval[1]:.3f}"


def _sentence(
    p_formula: Array, k: Counts, n: Counts, network: str, formula: str, coverage: float
) -> str:
    share = explained(p_formula, k, n)
    text = (
        f"At {len(n)} validation points ({n.mean():.0f} fresh shots each) the RMS error of p_B"
        f" beyond counting noise is {network} for the network and {formula} for the formula"
    )
    if share is not None:
        part = f"{100 * share:.0f} %" if share > 0 else "none"
        text += f"; the formula explains {part} of the variance of p_B"
    if squared_excess(p_formula, k, n).mean() > 0:
        text += f". The error of the formula is largest for p_B between {_worst(p_formula, k, n)}"
    text += f". The network's {100 * LEVEL:.0f} % intervals agree with the shots at"
    return text + f" {100 * coverage:.0f} % of the points."


def judge(
    p_network: Array,
    p_error: Array,
    p_formula: Array,
    n: Counts,
    n_b: Counts,
    rng: np.random.Generator,
    too_long: Counts | None = None,
) -> Verdict:
    """Judge network and formula by fresh shots.

    Parameters
    ----------
    p_network, p_error, p_formula
        (P,) predicted p_B of the configurations; the standard deviation of the network's error.
    n, n_b
        (P,) half-shots that ended in a state, and those that ended in B; points that are not
        `decided` are left out.
    rng
        For the bootstrap.
    too_long
        (P,) half-shots that were too long.
    """
    use = decided(n)
    undecided = int((~use).sum())
    left = 0 if too_long is None else int(too_long.sum())
    share = left / max(1, left + int(n.sum()))
    if not use.any():
        return Verdict.without_points(undecided, share)
    p_network, p_error, p_formula = p_network[use], p_error[use], p_formula[use]
    n, n_b = n[use], n_b[use]
    network, formula = rmse_beyond_noise(p_network, n_b, n), rmse_beyond_noise(p_formula, n_b, n)
    network_interval = rmse_interval(p_network, n_b, n, rng)
    formula_interval = rmse_interval(p_formula, n_b, n, rng)
    interval_coverage = _interval_coverage(p_network, p_error, n_b, n)
    errors = _error_text(network, network_interval), _error_text(formula, formula_interval)
    q = p_to_q(p_network)
    line = calibration_line(q, n, n_b, np.random.default_rng(LINE_SEED))
    test = calibration_test(q, n - n_b, n_b, np.arange(len(n)), TOLERANCE, LEAST_P)
    text = _sentence(p_formula, n_b, n, *errors, interval_coverage)
    text += "" if line is None else f" {line.text('network')}"
    text += _too_long(left, share)
    if undecided:
        text += f" {_left_out(undecided, len(use))}"
    return Verdict(
        points=len(n),
        shots_per_point=float(n.mean()),
        undecided=undecided,
        network_rmse=network,
        network_interval=network_interval,
        network_coverage=_coverage(p_network, n_b, n),
        network_interval_coverage=interval_coverage,
        network_explained=explained(p_network, n_b, n),
        formula_rmse=formula,
        formula_interval=formula_interval,
        formula_coverage=_coverage(p_formula, n_b, n),
        formula_explained=explained(p_formula, n_b, n),
        network_slope=line.slope if line else None,
        network_slope_interval=line.slope_interval if line else None,
        network_shift=line.offset if line else None,
        network_shift_interval=line.offset_interval if line else None,
        network_calibration=UNDETERMINED if line is None else line.state,
        network_p=test.p_value if test.windows else None,
        network_power=test.power if np.isfinite(test.power) else None,
        too_long=share,
        text=text,
    )


def _too_long(count: int, share: float) -> str:
    if not count:
        return ""
    return (
        f" {count:,} of the fresh half-shots ({100 * share:.1f} %) were too long and are left out;"
        " low_bound and high_bound of validation.csv count them for either state."
    )


def validation_columns(
    p_network: Array,
    p_error: Array,
    p_formula: Array,
    n: Counts,
    n_b: Counts,
    too_long: Counts | None = None,
) -> dict[str, NDArray[Any]]:
    """Columns of validation.csv, `VALIDATION_COLUMNS`.

    Points that are not `decided` are left out. ``low`` and ``high`` are 95 % Clopper-Pearson
    intervals from the shots, ``network_low`` and ``network_high`` the 90 % intervals that the
    network predicted. ``low_bound`` and ``high_bound`` are the ends of the 95 % intervals if all
    half-shots that were too long, ``n_too_long``, had ended in A, or in B.
    """
    numbers = np.flatnonzero(decided(n))
    p_network, p_error, p_formula = p_network[numbers], p_error[numbers], p_formula[numbers]
    n, n_b = n[numbers], n_b[numbers]
    left = np.zeros_like(n) if too_long is None else too_long[numbers]
    low, high = clopper_pearson(n_b, n)
    low_bound, high_bound = (
        clopper_pearson(n_b, n + left)[0],
        clopper_pearson(n_b + left, n + left)[1],
    )
    half = NormalDist().inv_cdf(0.5 + 0.5 * LEVEL) * p_error
    return {
        "point": numbers,
        "p_network": p_network,
        "p_formula": p_formula,
        "n": n,
        "n_B": n_b,
        "low": low,
        "high": high,
        "network_low": np.maximum(p_network - half, 0),
        "network_high": np.minimum(p_network + half, 1),
        "n_too_long": left,
        "low_bound": low_bound,
        "high_bound": high_bound,
    }
