"""Rates in 1/ps with their intervals, and whether the data carry them at all."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.analysis.kinetics import (
    AB,
    FIRST_WINDOW,
    RUN_A,
    RUN_B,
    ExcursionData,
    Kinetics,
    estimate,
)
from mechanist.analysis.reweighting import Reweighted
from mechanist.errors import MechanistError

Array = NDArray[np.float64]

LEVEL = 0.95
LEAST_TRANSITIONS = 20
LEAST_OVERLAP = 0.003
"""Part of the excursions of a run that the shots could have made, at least."""
WIDEST = 30.0
"""Ratio of the ends of an interval beyond which there is no rate to speak of."""
LARGEST_DRIFT = 4.0
"""Difference of the two halves of the shots, in its standard errors."""


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
    data: ExcursionData, solved: Reweighted, samples: list[Kinetics], wanted: int
) -> list[str]:
    """Why the data cannot carry a rate, in words; empty if they can."""
    found = []
    shots = data.source >= FIRST_WINDOW
    transitions = int(((data.kind == AB) & shots).sum())
    if transitions < LEAST_TRANSITIONS:
        found.append(f"only {transitions} shots joined A and B (at least {LEAST_TRANSITIONS})")
    for side, name in ((RUN_A, "A"), (RUN_B, "B")):
        shared = float(solved.overlap[side, FIRST_WINDOW:].sum())
        if shared < LEAST_OVERLAP:
            found.append(
                f"the runs in {name} and the shots overlap by {shared:.2g} only"
                f" (at least {LEAST_OVERLAP:g}); longer runs reach further"
            )
    if len(samples) < 0.9 * wanted:
        found.append(f"{wanted - len(samples)} of {wanted} bootstrap samples were not connected")
        return found
    for name in ("k_ab", "k_ba"):
        spread = log_interval(1.0, np.array([getattr(sample, name) for sample in samples]))
        if spread.high / spread.low > WIDEST:
            found.append(f"the interval of {name} spans a factor {spread.high / spread.low:.0f}")
    found += _drift(data, solved, samples)
    return found


def _drift(data: ExcursionData, solved: Reweighted, samples: list[Kinetics]) -> list[str]:
    """Whether the first and the second half of the shots disagree."""
    logs = []
    for half in (0, 1):
        try:
            rates, _ = estimate(data, None, solved.normalisers, data.half != 1 - half)
        except MechanistError:
            return ["half of the shots is too few"]
        logs.append(np.log(rates.k_ab * rates.k_ba))
    # Halves have twice the variance of the whole; their difference four times.
    error = 2 * float(np.std([np.log(s.k_ab * s.k_ba) for s in samples], ddof=1))
    drift = abs(logs[1] - logs[0]) / error
    if drift > LARGEST_DRIFT:
        return [f"the two halves of the shots differ by {drift:.1f} standard errors"]
    return []
