"""Validation of a formula at points chosen by the formula itself.

Points spread over the p_B of a formula test its calibration: of shots from points with a predicted
p_B of 0.3, 30 % must end in B (`mechanist.analysis.validation.calibration_line`). Points with a
predicted p_B of 1/2 test whether the surface q = 0 is the transition state: the histogram of the
true p_B over a surface is peaked at 1/2 if it is a surface of equal committor, and flat or bimodal
if the formula lacks a coordinate (Geissler, Dellago, Chandler, J. Phys. Chem. B 103, 3706 (1999)).
Counting noise is subtracted from its variance (Peters, J. Chem. Phys. 125, 241101 (2006)). What is
said follows from the intervals; where they are too wide, nothing is.
"""

from dataclasses import dataclass

import numpy as np

from mechanist.analysis.validation.calibration_line import (
    FEWEST,
    RESAMPLES,
    UNDETERMINED,
    CalibrationLine,
    calibration_line,
)
from mechanist.analysis.validation.verdict import decided
from mechanist.arrays import Counts, Mask, Q
from mechanist.statistics.rmse_beyond_noise import squared_excess

PEAKED, FLAT = 0.15, 1 / np.sqrt(12)
"""Standard deviations of p_B on a surface: below the first it counts as peaked, the second is that
of a flat histogram."""

CENTRED = 0.1
"""Largest distance of the mean of p_B on the surface from 1/2."""


@dataclass(frozen=True)
class FormulaVerdict:
    """Calibration of a formula, and p_B on its surface q = 0.

    Attributes
    ----------
    points, surface_points
        Numbers of points spread over the formula's p_B, and on its surface.
    undecided
        Points of both kinds that are left out, since fewer than two half-shots from them ended in A
        or B.
    slope, shift
        Calibration slope and offset of q, 1 and 0 if calibrated; None with too few points.
    slope_interval, shift_interval
        95 % by bootstrap over points.
    surface_mean, surface_spread
        Mean of p_B on the surface, and its standard deviation beyond counting noise; None with too
        few points.
    surface_mean_interval, surface_spread_interval
        95 % by bootstrap over points.
    calibration
        What slope and offset say, see `mechanist.analysis.validation.calibration_line`.
    text
        The result in words.
    """

    points: int
    surface_points: int
    undecided: int
    slope: float | None
    slope_interval: tuple[float, float] | None
    shift: float | None
    shift_interval: tuple[float, float] | None
    calibration: str
    surface_mean: float | None
    surface_mean_interval: tuple[float, float] | None
    surface_spread: float | None
    surface_spread_interval: tuple[float, float] | None
    text: str


def judge_formula(
    q: Q, n: Counts, n_b: Counts, on_surface: Mask, rng: np.random.Generator
) -> FormulaVerdict:
    """Judge a formula by fresh shots from its own points.

    Parameters
    ----------
    q
        (P,) of the formula at the points.
    n, n_b
        (P,) half-shots that ended in a state, and those that ended in B; points that are not
        `decided` are left out.
    on_surface
        (P,) points that were chosen on the surface; the others are spread over p_B.
    rng
        For the bootstrap.
    """
    use = decided(n)
    undecided = int((~use).sum())
    q, n, n_b, on_surface = q[use], n[use], n_b[use], on_surface[use]
    line = calibration_line(q[~on_surface], n[~on_surface], n_b[~on_surface], rng)
    flat = _surface(n[on_surface], n_b[on_surface], rng)
    return FormulaVerdict(
        points=int((~on_surface).sum()),
        surface_points=int(on_surface.sum()),
        undecided=undecided,
        slope=line.slope if line else None,
        slope_interval=line.slope_interval if line else None,
        shift=line.offset if line else None,
        shift_interval=line.offset_interval if line else None,
        calibration=UNDETERMINED if line is None else line.state,
        surface_mean=flat and flat[0][0],
        surface_mean_interval=flat and flat[0][1],
        surface_spread=flat and flat[1][0],
        surface_spread_interval=flat and flat[1][1],
        text=f"{_calibration_text(line)} {_surface_text(flat)}{_undecided_text(undecided)}",
    )


WithInterval = tuple[float, tuple[float, float]]
"""An estimate and its 95 % interval by bootstrap over points."""


def _surface(
    n: Counts, n_b: Counts, rng: np.random.Generator
) -> tuple[WithInterval, WithInterval] | None:
    """Mean and standard deviation of p_B on the surface."""
    if len(n) < FEWEST:
        return None
    draws = np.concatenate(
        [np.arange(len(n))[None], rng.integers(len(n), size=(RESAMPLES, len(n)))]
    )
    means = (n_b / n)[draws].mean(axis=1)
    # The variance about the mean less counting noise; n - 1, since the mean is estimated.
    squares = np.array(
        [squared_excess(m, n_b[d], n[d]).mean() for m, d in zip(means, draws, strict=True)]
    )
    spreads = np.sqrt(np.maximum(0.0, squares * len(n) / (len(n) - 1)))
    mean, spread = (
        (float(x[0]), (float(np.quantile(x[1:], 0.025)), float(np.quantile(x[1:], 0.975))))
        for x in (means, spreads)
    )
    return mean, spread


def _calibration_text(line: CalibrationLine | None) -> str:
    if line is None:
        return "The p_B of the formula has too few different values to test its calibration."
    return line.text("formula")


def _undecided_text(undecided: int) -> str:
    if not undecided:
        return ""
    return (
        f" {undecided} of its points are left out, since too few shots from them ended in A or B."
    )


def _surface_text(flat: tuple[WithInterval, WithInterval] | None) -> str:
    if flat is None:
        return "Too few frames lie on its surface q = 0 to test it."
    (mean, (left, right)), (spread, (low, high)) = flat
    text = f"On its surface q = 0 the true p_B has a mean of {mean:.2f} and a standard deviation of"
    text += f" {spread:.2f} ({low:.2f} to {high:.2f})"
    if left - 0.5 > CENTRED or 0.5 - right > CENTRED:
        return text + ": not the transition state."
    if abs(left - 0.5) > CENTRED or abs(right - 0.5) > CENTRED:
        return text + ": whether its mean is 1/2 is not determined by so few points."
    if high < PEAKED:
        return text + ": peaked at 1/2, as for a transition state."
    if low > FLAT:
        return text + ": flat or bimodal, so the formula lacks a coordinate."
    if low >= PEAKED and high < FLAT:
        return text + ": broadly peaked at 1/2, so the formula is incomplete."
    if low >= PEAKED:
        return text + ": broad, so the formula is incomplete or lacks a coordinate."
    return text + ": whether it is peaked at 1/2 is not determined by so few points."
