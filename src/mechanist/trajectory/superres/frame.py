"""A common orientation for models of Cartesian coordinates.

Each gap is moved rigidly such that the mean of its ends is superposed on a reference geometry
(Kabsch, Acta Cryst. A 32, 922 (1976)), and results are moved back. Models are thereby equivariant
to rotation and translation.
"""

from dataclasses import dataclass, replace

import numpy as np

from mechanist.arrays import Array
from mechanist.trajectory.dataset import Ends


@dataclass(frozen=True)
class Placement:
    """Rigid motion of B gaps between the common orientation and their own.

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
        return np.asarray(
            np.einsum("b...x,byx->b...y", positions - self._shift(positions), self.turn)
        )

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


def rotations(geometries: Array, reference: Array, masses: Array) -> Array:
    """Rotations (B, 3, 3) that superpose ``reference`` on ``geometries`` (B, N, 3), both centred.

    ``reference`` is (N, 3), or (B, N, 3) with one geometry for each.
    """
    weighted = masses[:, None] * reference
    left, _, right = np.linalg.svd(np.einsum("...nx,...ny->...xy", weighted, geometries))
    # No reflections.
    sign = np.sign(np.linalg.det(left @ right))
    right[:, 2] *= sign[:, None]
    return np.asarray(left @ right)


def place(ends: Ends, reference: Array, masses: Array) -> tuple[Ends, Placement]:
    """Gaps in the common orientation, and their placement.

    Parameters
    ----------
    ends
        B gaps.
    reference
        (N, 3) in nm.
    masses
        (N,) in Da.
    """
    weights = masses / masses.sum()
    middle = 0.5 * (ends.x0 + ends.x1)
    centre = weights @ middle
    about = reference - weights @ reference
    placement = Placement(rotations(middle - centre[:, None], about, masses), centre)
    placed = replace(
        ends,
        x0=placement.there(ends.x0),
        v0=placement.turn_there(ends.v0),
        x1=placement.there(ends.x1),
        v1=placement.turn_there(ends.v1),
    )
    return placed, placement
