"""Shots as training data."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class ShotData:
    """Shooting points and outcomes of their half-shots.

    Parameters
    ----------
    features
        (N, P) inputs at the shooting points.
    n_a, n_b
        (N,) half-shots that ended in A and in B: 0 to 2 each, more where some stand for others that
        were stopped early.
    chain
        (N,) number of the Markov chain.
    """

    features: NDArray[np.float64]
    n_a: NDArray[np.float64]
    n_b: NDArray[np.float64]
    chain: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.n_a)

    def subset(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "ShotData":
        """Some of the shots, by a mask (N,) or by row numbers, repeats allowed."""
        return ShotData(self.features[rows], self.n_a[rows], self.n_b[rows], self.chain[rows])
