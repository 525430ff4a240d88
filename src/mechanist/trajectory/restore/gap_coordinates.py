"""Coordinates in which gaps are filled: the shape of a molecule, and where it lies.

Straight lines between two geometries shorten bonds that turn, and what is left over in one
conformation points elsewhere in another. In distances, angles and dihedrals neither is so.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.trajectory.superres.frame import rotations

if TYPE_CHECKING:
    from mechanist.trajectory.propagator.zmatrix import Zmatrix


LEAST_ATOMS = 4
"""Of a molecule that is described by its shape; fewer atoms by their positions."""


class Coordinates(Protocol):
    """D coordinates of frames, some of which are angles that may go round."""

    @property
    def turning(self) -> NDArray[np.bool_]:
        """(D,), whether a coordinate is an angle in radians, alike after a whole turn."""

    def values(self, x: Array) -> Array:
        """(F, D) of positions (F, N, 3) in nm."""

    def frames(self, values: Array, near: Array) -> Array:
        """Positions (F, N, 3) in nm of values (F, D); ``near`` (F, N, 3) says where they lie."""


@dataclass(frozen=True)
class Positions:
    """Positions as they are, for potentials and very small molecules.

    Parameters
    ----------
    atoms
        How many.
    """

    atoms: int

    @property
    def turning(self) -> NDArray[np.bool_]:
        """Nothing goes round."""
        return np.zeros(3 * self.atoms, dtype=np.bool_)

    def values(self, x: Array) -> Array:
        """(F, 3 N) in nm."""
        return x.reshape(len(x), -1)

    def frames(self, values: Array, near: Array) -> Array:
        """The positions that the values are."""
        return values.reshape(near.shape)


@dataclass(frozen=True)
class Shape:
    """Distances (nm), angles and dihedrals (radians): 3 N - 6 coordinates.

    Parameters
    ----------
    reference
        (N, 3) in nm, a geometry near which the coordinates are chosen.
    masses
        (N,) in Da.

    Raises
    ------
    DataError
        If some atom finds no three earlier ones that do not lie on a line.
    """

    reference: Array
    masses: Array

    @cached_property
    def _zmatrix(self) -> "Zmatrix":
        from mechanist.trajectory.propagator.zmatrix import zmatrix_of

        return zmatrix_of(self.reference)

    @property
    def turning(self) -> NDArray[np.bool_]:
        """Dihedrals go round."""
        inside = self._zmatrix.inside
        return np.broadcast_to([False, False, True], inside.shape)[inside]

    def values(self, x: Array) -> Array:
        """(F, 3 N - 6)."""
        return self._every(x)[:, self._zmatrix.inside]

    def frames(self, values: Array, near: Array) -> Array:
        """Positions of these shapes, laid on ``near`` by least squares with masses."""
        import torch

        every = np.repeat(self._rest, len(values), axis=0)
        every[:, self._zmatrix.inside] = values
        shapes = self._zmatrix.cartesian(torch.as_tensor(every)).numpy()
        share = self.masses / self.masses.sum()
        shapes = shapes - (share @ shapes)[:, None]
        centre = (share @ near)[:, None]
        turn = rotations(near - centre, shapes, self.masses)
        return np.asarray(np.einsum("fnx,fxy->fny", shapes, turn) + centre)

    @cached_property
    def _rest(self) -> Array:
        return self._every(self.reference[None])

    def _every(self, x: Array) -> Array:
        import torch

        return np.asarray(self._zmatrix.internal(torch.as_tensor(x)).numpy())


def coordinates_of(reference: Array, masses: Array) -> Coordinates:
    """The shape of a molecule, or positions where there are fewer than four atoms.

    Raises
    ------
    DataError
        If no coordinates can be chosen.
    """
    atoms = len(masses)
    return Positions(atoms) if atoms < LEAST_ATOMS else Shape(reference, masses)
