"""A common orientation for models of Cartesian coordinates.

Molecules are moved rigidly such that they are superposed on a reference geometry (Kabsch, Acta
Cryst. A 32, 922 (1976)), and results are moved back. Models are thereby equivariant to rotation and
translation.
"""

from dataclasses import dataclass, replace

import numpy as np

from mechanist.arrays import Array
from mechanist.trajectory.dataset import Ends


@dataclass(frozen=True)
class Placement:
    """Rigid motion of B molecules between the common orientation and their own.

    Parameters
    ----------
    turn
        (B, 3, 3) rotations from the common orientation to the original one, for row vectors.
    centre
        (B, 3) in nm.
    """

    turn: Array
    centre: Array

    def there(self, positions: Array) -> Array:
        """Positions (B, ..., N, 3) in the common orientation."""
        return self.turn_there(positions - self._shift(positions))

    def back(self, positions: Array) -> Array:
        """Positions (B, ..., N, 3) in the original orientation."""
        return self.turn_back(positions) + self._shift(positions)

    def turn_there(self, vectors: Array) -> Array:
        """Velocities or forces (B, ..., N, 3) in the common orientation."""
        return np.asarray(np.einsum("b...x,byx->b...y", vectors, self.turn))

    def turn_back(self, vectors: Array) -> Array:
        """Velocities or forces (B, ..., N, 3) in the original orientation."""
        return np.asarray(np.einsum("b...x,bxy->b...y", vectors, self.turn))

    def _shift(self, positions: Array) -> Array:
        return self.centre.reshape(len(self.centre), *(1,) * (positions.ndim - 2), 3)


@dataclass(frozen=True)
class Pose:
    """The common orientation: that of a reference (N, 3) in nm, with weights (N,) of the atoms."""

    reference: Array
    weights: Array

    def place(self, x: Array) -> Placement:
        """How molecules (B, N, 3) are moved."""
        share = self.weights / self.weights.sum()
        centre = share @ x
        about = self.reference - share @ self.reference
        return Placement(rotations(x - centre[:, None], about, self.weights), centre)

    def place_gaps(self, ends: Ends) -> tuple[Ends, Placement]:
        """Gaps in the common orientation, by the means of their ends, and their placement."""
        placement = self.place(0.5 * (ends.x0 + ends.x1))
        placed = replace(
            ends,
            x0=placement.there(ends.x0),
            v0=placement.turn_there(ends.v0),
            x1=placement.there(ends.x1),
            v1=placement.turn_there(ends.v1),
        )
        return placed, placement


def rotations(geometries: Array, reference: Array, weights: Array) -> Array:
    """Rotations (B, 3, 3) that superpose ``reference`` on ``geometries`` (B, N, 3), both centred.

    ``reference`` is (N, 3), or (B, N, 3) with one geometry for each.
    """
    weighted = weights[:, None] * reference
    left, _, right = np.linalg.svd(np.einsum("...nx,...ny->...xy", weighted, geometries))
    # No reflections.
    sign = np.sign(np.linalg.det(left @ right))
    right[:, 2] *= sign[:, None]
    return np.asarray(left @ right)
