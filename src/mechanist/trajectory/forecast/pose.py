"""A common orientation for histories: the last known frame is superposed on a reference geometry.

The rest of a window is moved with it (Kabsch, Acta Cryst. A 32, 922 (1976)). Forecasts in that
orientation, moved back, are equivariant to rotation and translation. Hydrogens have no weight, so
permutations of them change nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.trajectory.superres.frame import Placement, rotations


@dataclass(frozen=True)
class Pose:
    """Common orientation of windows.

    Parameters
    ----------
    reference
        (N, 3) in nm.
    weights
        (N,) of the atoms; their sum is 1.
    turned
        Whether windows are rotated; else they are only translated.
    """

    reference: Array
    weights: Array
    turned: bool = True

    def place(self, last: Array) -> Placement:
        """Placement of windows by their last known frames (B, N, 3)."""
        centre = self.weights @ last
        if not self.turned:
            return Placement(np.tile(np.eye(3), (len(last), 1, 1)), centre)
        about = self.reference - self.weights @ self.reference
        return Placement(rotations(last - centre[:, None], about, self.weights), centre)


def pose_of(reference: Array, numbers: NDArray[np.int64], masses: Array, turned: bool) -> Pose:
    """Weights are masses of heavy atoms; of all atoms if fewer than three are heavy."""
    heavy = numbers > 1
    weights = np.where(heavy, masses, 0.0) if heavy.sum() > 2 else masses
    return Pose(reference, weights / weights.sum(), turned)
