"""Coordinates in which gaps are filled: the internal coordinates of a molecule, or positions.

In Cartesian coordinates straight lines shorten rotating bonds, and residuals of one conformation do
not apply to another. In distances, angles and dihedrals both problems are absent.
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
"""Smallest number of atoms for internal coordinates; fewer atoms have positions."""


class Coordinates(Protocol):
    """D coordinates of frames, some of which may be periodic."""

    @property
    def periodic(self) -> NDArray[np.bool_]:
        """(D,), whether a coordinate is periodic: an angle in radians with period 2 pi."""

    def values(self, x: Array) -> Array:
        """(F, D) of positions (F, N, 3) in nm."""

    def frames(self, values: Array, near: Array) -> Array:
        """Positions (F, N, 3) in nm of values (F, D), superposed on ``near`` (F, N, 3)."""


@dataclass(frozen=True)
class Positions:
    """Cartesian positions, for model potentials and very small molecules.

    Parameters
    ----------
    atoms
        Their number.
    """

    atoms: int

    @property
    def periodic(self) -> NDArray[np.bool_]:
        """No coordinate is periodic."""
        return np.zeros(3 * self.atoms, dtype=np.bool_)

    def values(self, x: Array) -> Array:
        """(F, 3 N) in nm."""
        return x.reshape(len(x), -1)

    def frames(self, values: Array, near: Array) -> Array:
        """The values as positions."""
        return values.reshape(near.shape)


@dataclass(frozen=True)
class Shape:
    """Distances (nm), angles and dihedrals (radians): 3 N - 6 coordinates.

    Parameters
    ----------
    reference
        (N, 3) in nm, the geometry for which the coordinates are chosen.
    masses
        (N,) in Da.

    Raises
    ------
    DataError
        If some atom has no three earlier atoms that are not collinear.
    """

    reference: Array
    masses: Array

    @cached_property
    def _zmatrix(self) -> "Zmatrix":
        from mechanist.trajectory.propagator.zmatrix import zmatrix_of

        return zmatrix_of(self.reference)

    @property
    def periodic(self) -> NDArray[np.bool_]:
        """Dihedrals are periodic."""
        inside = self._zmatrix.inside
        return np.broadcast_to([False, False, True], inside.shape)[inside]

    def values(self, x: Array) -> Array:
        """(F, 3 N - 6)."""
        return self._every(x)[:, self._zmatrix.inside]

    def frames(self, values: Array, near: Array) -> Array:
        """Positions of these coordinates, superposed on ``near`` with masses as weights."""
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
    """Internal coordinates of a molecule, or positions of fewer than four atoms.

    Raises
    ------
    DataError
        If no coordinates can be chosen.
    """
    atoms = len(masses)
    return Positions(atoms) if atoms < LEAST_ATOMS else Shape(reference, masses)
