"""95 % intervals from bootstrap samples."""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array

TWO_SIDED = 1.96
"""Standard errors on each side of a normal 95 % interval."""


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
    width = TWO_SIDED * float(np.log(samples).std(ddof=1))
    return Interval(value, value * np.exp(-width), value * np.exp(width))


def normal_interval(value: float, samples: Array) -> Interval:
    """Interval from the standard deviation over bootstrap samples."""
    width = TWO_SIDED * float(samples.std(ddof=1))
    return Interval(value, value - width, value + width)
