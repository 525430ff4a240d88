"""Rates in 1/ps with their intervals, and whether the data carry them at all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.analysis.kinetics.kinetics import (
    AB,
    FIRST_WINDOW,
    RUN_A,
    RUN_B,
    ExcursionData,
    Kinetics,
    estimate,
)
from mechanist.analysis.kinetics.reweighting import Reweighted
from mechanist.arrays import Array
from mechanist.errors import MechanistError

LEVEL = 0.95
LEAST_TRANSITIONS = 20
LEAST_OVERLAP = 0.003
"""Part of the excursions of a run that the shots could have made, at least."""
WIDEST = 30.0
"""Ratio of the ends of an interval beyond which there is no rate to speak of."""
LARGEST_DIFFERENCE = 3.5
"""Of the rates from two groups of shots that should agree, in its standard errors."""

GROUPS = (
    ("half", "first and second half of the shots"),
    ("start", "chains that started near the states and those that started from transition paths"),
)
"""Fields of the data that say to which of two groups a shot belongs, in words."""


@dataclass(frozen=True)
class Interval:
    """A number with its 95 % interval."""

    value: float
    low: float
    high: float


def log_interval(value: float, samples: Array) -> Interval:
    """Interval of a positive quantity from the spread of the logarithm over bootstrap samples.

    A normal interval of the logarithm: with a few dozen independent units its coverage is nearer
    to the nominal one than that of percentiles. Student's t would widen it by less than 3 %.
    """
    width = 1.96 * float(np.log(samples).std(ddof=1))
    return Interval(value, value * np.exp(-width), value * np.exp(width))


def normal_interval(value: float, samples: Array) -> Interval:
    """Interval from the standard deviation over bootstrap samples."""
    width = 1.96 * float(samples.std(ddof=1))
    return Interval(value, value - width, value + width)


def objections(
    data: ExcursionData,
    estimated: tuple[Kinetics, Reweighted],
    samples: list[Kinetics],
    wanted: int,
) -> list[str]:
    """Why the data cannot carry a rate, in words; empty if they can.

    ``estimated`` is the estimate from all data, ``samples`` are those from bootstrap samples, of
    which ``wanted`` were tried.
    """
    _, solved = estimated
    found = []
    shots = data.source >= FIRST_WINDOW
    transitions = int(((data.kind == AB) & shots).sum())
    if transitions < LEAST_TRANSITIONS:
        plural = "" if transitions == 1 else "s"
        found.append(
            f"only {transitions} shot{plural} joined A and B (at least {LEAST_TRANSITIONS})"
        )
    for side, name in ((RUN_A, "A"), (RUN_B, "B")):
        shared = float(solved.overlap[side, FIRST_WINDOW:].sum())
        if shared < LEAST_OVERLAP:
            found.append(
                f"the runs in {name} and the shots overlap by {shared:.2g} only"
                f" (at least {LEAST_OVERLAP:g}); longer runs reach further"
            )
    if len(samples) < 0.9 * wanted:
        found.append(f"{wanted - len(samples)} of {wanted} bootstrap samples were not connected")
    if found:
        return found
    for name in ("k_ab", "k_ba"):
        spread = log_interval(1.0, np.array([getattr(sample, name) for sample in samples]))
        if spread.high / spread.low > WIDEST:
            found.append(f"the interval of {name} spans a factor {spread.high / spread.low:.0f}")
    for groups in GROUPS:
        found += _disagreement(data, estimated, samples, groups)
    return found


def _disagreement(
    data: ExcursionData,
    estimated: tuple[Kinetics, Reweighted],
    samples: list[Kinetics],
    groups: tuple[str, str],
) -> list[str]:
    """Whether two groups of the shots disagree; ``groups`` are the field and its words."""
    (rates, solved), (field, words) = estimated, groups
    member: NDArray[np.int64] = getattr(data, field)
    logs, parts = [], []
    for group in (0, 1):
        rows = member != 1 - group
        try:
            part, _ = estimate(data, None, solved.normalisers, rows, rates.log_odds)
        except MechanistError:
            return [f"the {words} alone are too few to check the rates"]
        logs.append(np.log([part.k_ab, part.k_ba]))
        parts.append(max(1, int((member == group).sum())))
    spread = np.log([[s.k_ab, s.k_ba] for s in samples]).std(axis=0, ddof=1)
    # The variance of a part goes with one over its size; the runs, which both share, add none, so
    # that this is an upper bound of the error of the difference.
    error = spread * np.sqrt(sum(sum(parts) / size for size in parts))
    drift = float((np.abs(logs[1] - logs[0]) / error).max())
    if drift > LARGEST_DIFFERENCE:
        return [f"the {words} give rates that differ by {drift:.1f} standard errors"]
    return []
