"""The proof of a formula: fresh shots from points that it has chosen itself.

Points spread over a formula's own p_B test its calibration: of shots from points where it says 0.3,
30 % must end in B. Points where it says 1/2 test whether its surface q = 0 is the transition state:
a histogram of the true p_B over a surface is peaked at 1/2 if it is a surface of equal committor,
and flat or two-peaked if the formula has missed a coordinate (Geissler, Dellago, Chandler, J. Phys.
Chem. B 103, 3706 (1999); Peters, J. Chem. Phys. 125, 241101 (2006), for taking counting noise off).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.analysis.validation.validation import choose_points
from mechanist.arrays import Array, Counts
from mechanist.statistics.binomial import fit_logistic
from mechanist.statistics.logistic import q_to_p
from mechanist.statistics.rmse_beyond_noise import squared_excess

SURFACE = 0.2
"""Points count as on the surface if the formula's q is smaller in size: p_B from 0.45 to 0.55."""

PEAKED, FLAT = 0.15, 1 / np.sqrt(12)
"""Spread of p_B on a surface below which it is called peaked; that of a flat histogram."""

CENTRED = 0.1
"""How far the mean on the surface may be from 1/2."""

RESAMPLES = 500
FEWEST = 10
"""Points below which nothing is said."""


@dataclass(frozen=True)
class Proof:
    """What fresh shots say about a formula at points of its own choice.

    Attributes
    ----------
    points, surface_points
        Spread over the formula's p_B, and where it says 1/2.
    slope, shift
        Of the true q against the formula's, 1 and 0 if it is calibrated; None with too few points.
    slope_interval, shift_interval
        95 % by bootstrap over points.
    surface_mean, surface_spread
        Mean and standard deviation, beyond counting noise, of p_B on the surface; None with too
        few points.
    surface_mean_interval, surface_spread_interval
        95 % by bootstrap over points.
    text
        The same in words.
    """

    points: int
    surface_points: int
    slope: float | None
    slope_interval: tuple[float, float] | None
    shift: float | None
    shift_interval: tuple[float, float] | None
    surface_mean: float | None
    surface_mean_interval: tuple[float, float] | None
    surface_spread: float | None
    surface_spread_interval: tuple[float, float] | None
    text: str


def choose_own(
    q: Array, rng: np.random.Generator, points: int, surface: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Frames that a formula is tested at.

    Parameters
    ----------
    q
        (F,) of the formula at candidate frames.
    rng
        Source of random numbers.
    points, surface
        How many to choose over its p_B, and on its surface q = 0.

    Returns
    -------
    tuple of ndarray
        Rows spread evenly over p_B, and rows on the surface; fewer where the formula gives no more
        different values.
    """
    try:
        spread = choose_points(q_to_p(q), rng, points)
    except ValueError:
        spread = np.empty(0, dtype=np.int64)
    _, rows = np.unique(q, return_index=True)
    near = rows[np.abs(q[rows]) < SURFACE]
    chosen = rng.permutation(near)[:surface]
    return spread, np.sort(chosen)


def prove(
    q: Array, n: Counts, n_b: Counts, on_surface: NDArray[np.bool_], rng: np.random.Generator
) -> Proof:
    """Judge a formula by fresh shots.

    Parameters
    ----------
    q
        (F,) of the formula at the points.
    n, n_b
        (F,) half-shots that ended in a state, at least 2 each, and those that ended in B.
    on_surface
        (F,) points that were chosen on the surface; the others are spread over p_B.
    rng
        For the bootstrap.
    """
    line = _calibration(q[~on_surface], n[~on_surface], n_b[~on_surface], rng)
    flat = _surface(n[on_surface], n_b[on_surface], rng)
    return Proof(
        points=int((~on_surface).sum()),
        surface_points=int(on_surface.sum()),
        slope=line and line[0][0],
        slope_interval=line and line[0][1],
        shift=line and line[1][0],
        shift_interval=line and line[1][1],
        surface_mean=flat and flat[0][0],
        surface_mean_interval=flat and flat[0][1],
        surface_spread=flat and flat[1][0],
        surface_spread_interval=flat and flat[1][1],
        text=f"{_calibration_text(line)} {_surface_text(flat)}",
    )


Estimate = tuple[float, tuple[float, float]]
"""A number and the 95 % interval from a bootstrap over points."""


def _calibration(
    q: Array, n: Counts, n_b: Counts, rng: np.random.Generator
) -> tuple[Estimate, Estimate] | None:
    """Slope and shift of the true q against the formula's, by maximum likelihood."""
    if len(q) < FEWEST or np.ptp(q) == 0:
        return None
    best = recalibrated(q, n, n_b)
    draws = rng.integers(len(q), size=(RESAMPLES, len(q)))
    found = np.array([recalibrated(q[d], n[d], n_b[d]) for d in draws])
    low, high = np.quantile(found, [0.025, 0.975], axis=0)
    slope, shift = ((float(best[i]), (float(low[i]), float(high[i]))) for i in range(2))
    return slope, shift


def recalibrated(q: Array, n: Counts, n_b: Counts) -> Array:
    """Slope and shift (2,) of the logistic line through counts (Cox, Biometrika 45, 562 (1958))."""
    columns = np.stack([q, np.ones(len(q))], axis=1)
    return fit_logistic(columns, n, n_b, np.zeros(2), np.array([1.0, 0.0]))


def _surface(n: Counts, n_b: Counts, rng: np.random.Generator) -> tuple[Estimate, Estimate] | None:
    """Mean and spread of p_B on the surface."""
    if len(n) < FEWEST:
        return None
    draws = np.concatenate(
        [np.arange(len(n))[None], rng.integers(len(n), size=(RESAMPLES, len(n)))]
    )
    means = (n_b / n)[draws].mean(axis=1)
    # The scatter about the mean less counting noise; the mean is estimated, too.
    squares = np.array(
        [squared_excess(m, n_b[d], n[d]).mean() for m, d in zip(means, draws, strict=True)]
    )
    spreads = np.sqrt(np.maximum(0.0, squares * len(n) / (len(n) - 1)))
    mean, spread = (
        (float(x[0]), (float(np.quantile(x[1:], 0.025)), float(np.quantile(x[1:], 0.975))))
        for x in (means, spreads)
    )
    return mean, spread


def _calibration_text(line: tuple[Estimate, Estimate] | None) -> str:
    if line is None:
        return "The formula's own p_B has too few different values to test its calibration."
    (slope, (low, high)), (shift, (left, right)) = line
    text = f"Over its own p_B the true q rises by {slope:.2f} ({low:.2f} to {high:.2f})"
    text += f" for each 1 of the formula's, and is {shift:+.2f} ({left:+.2f} to {right:+.2f})"
    if low <= 1 <= high and left <= 0 <= right:
        return text + " where that is 0: calibrated."
    return text + " where that is 0."


def _surface_text(flat: tuple[Estimate, Estimate] | None) -> str:
    if flat is None:
        return "Too few frames lie where it says p_B = 1/2 to test that surface."
    (mean, _), (spread, (low, high)) = flat
    text = f"Where it says p_B = 1/2 the true p_B is {mean:.2f} on average and scatters by"
    text += f" {spread:.2f} ({low:.2f} to {high:.2f})"
    if abs(mean - 0.5) > CENTRED:
        return text + ": the surface is not the transition state."
    if spread < PEAKED:
        return text + ": peaked at 1/2, as on a transition state."
    if spread < FLAT:
        return text + ": a broad peak at 1/2, so that something is missing."
    return text + ": flat or worse, so that a coordinate is missing."
