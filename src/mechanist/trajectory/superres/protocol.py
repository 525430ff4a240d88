"""Interface of interpolators."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array
from mechanist.trajectory.dataset import Ends


@dataclass(frozen=True)
class Filled:
    """The missing frames of B gaps.

    Parameters
    ----------
    positions, velocities
        (B, inner, N, 3) in nm and nm/ps.
    """

    positions: Array
    velocities: Array


Interpolator = Callable[[Ends], Filled]
"""Fills gaps."""


def fractions(ends: Ends) -> Array:
    """Times of the missing frames (inner, 1, 1) as fractions of the gap, between 0 and 1."""
    return np.arange(1, ends.inner + 1)[:, None, None] / (ends.inner + 1)
