"""Weighted paths from independent units: what brute force and path sampling are compared by."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Frames


@dataclass(frozen=True)
class PathSet:
    """Transition paths, turned to run from A to B.

    Parameters
    ----------
    paths
        P arrays (F, N, 3) in nm, first frame in A, last frame in B.
    unit
        (P,) number of the chain or walker that made each; units are independent of each other.
    weight
        (P,) how often each counts.
    frame
        Time between frames, in ps.
    """

    paths: Sequence[Frames]
    unit: NDArray[np.int64]
    weight: NDArray[np.int64]
    frame: float

    @property
    def steps(self) -> NDArray[np.int64]:
        """(P,) frames between the first and the last, that one included."""
        return np.array([len(path) - 1 for path in self.paths])

    def only(self, keep: NDArray[np.bool_]) -> "PathSet":
        """Some of the paths."""
        rows = np.flatnonzero(keep)
        return PathSet(
            [self.paths[i] for i in rows], self.unit[rows], self.weight[rows], self.frame
        )
