"""Means over restored paths beside means over the true paths, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array
from mechanist.statistics.logistic import q_to_p

LEVEL = 1.96
"""Standard errors on either side: 95 %."""


@dataclass(frozen=True)
class Agreement:
    """A mean over paths, from true and from restored frames.

    Parameters
    ----------
    quantity
        Its name.
    full, low, high
        Mean over true paths with its 95 % interval.
    restored
        Mean over restored paths.
    """

    quantity: str
    full: float
    low: float
    high: float
    restored: float

    @property
    def within(self) -> bool:
        """Whether the restored mean is in the interval of the true mean."""
        return self.low <= self.restored <= self.high


def agreement(names: Sequence[str], true: Array, restored: Array) -> list[Agreement]:
    """Compare means over paths; true and restored values are (paths, quantities).

    Paths are taken as independent, so intervals are too narrow rather than too wide.
    """
    mean, error = true.mean(axis=0), LEVEL * true.std(axis=0, ddof=1) / np.sqrt(len(true))
    rows = zip(names, mean, mean - error, mean + error, restored.mean(axis=0), strict=True)
    return [Agreement(name, *(float(value) for value in row)) for name, *row in rows]


PATH_QUANTITIES = (
    "p_B of the network, mean over the path",
    "p_B (1 - p_B), mean over the path",
    "frames with |q| < 1",
    "crossings of q = 0",
    "largest step of q between frames",
)


def path_quantities(q: Array) -> Array:
    """`PATH_QUANTITIES` of one path from q (L,) of its frames."""
    p = q_to_p(q)
    return np.array(
        [
            p.mean(),
            (p * (1 - p)).mean(),
            (np.abs(q) < 1).sum(),
            (np.diff(np.sign(q)) != 0).sum(),
            np.abs(np.diff(q)).max(initial=0.0),
        ]
    )
