"""The minimum image: the shortest vector between two atoms over all periodic images.

A box is three reduced vectors, the rows of a lower triangular matrix (OpenMM User Guide, "Periodic
boundary conditions"). In a rectangular box rounding finds the nearest image. In any other box it
may be one image off, so the result is moved by Voronoi vectors as long as that makes it shorter,
which ends at the shortest one (Sommer, Feder, Shalvi, SIAM J. Discrete Math. 23, 715
(2009)); the Voronoi vectors are the shortest of the seven cosets of the lattice modulo twice
itself (Conway and Sloane, Proc. R. Soc. A 436, 55 (1992)).
"""

import itertools
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from mechanist.arrays import Array, Rows

Row = tuple[float, float, float]
BoxVectors = tuple[Row, Row, Row]
"""Reduced box vectors a, b, c in nm: ((ax, 0, 0), (bx, by, 0), (cx, cy, cz))."""

SEARCH = 3
"""Largest multiple of a box vector in the search for the shortest vectors of a coset."""


@dataclass(frozen=True)
class Cell:
    """A periodic box and quantities that are derived from it once.

    Parameters
    ----------
    vectors
        Reduced box vectors in nm, (3, 3).
    scales
        (F,) edges of the boxes of frames over those of ``vectors``; None: all have one box.

    Raises
    ------
    ValueError
        If the matrix is not lower triangular with a positive diagonal.
    """

    vectors: BoxVectors | Array
    scales: Array | None = None

    def __post_init__(self) -> None:
        matrix = self.matrix
        if matrix.shape != (3, 3) or np.triu(matrix, 1).any() or not (matrix.diagonal() > 0).all():
            raise ValueError(f"not reduced box vectors: {self.vectors}")

    @cached_property
    def matrix(self) -> Array:
        """(3, 3) in nm, one vector per row."""
        return np.asarray(self.vectors, dtype=np.float64)

    @cached_property
    def rectangular(self) -> bool:
        """Whether the vectors lie along x, y and z."""
        return not np.tril(self.matrix, -1).any()

    @cached_property
    def neighbours(self) -> Array:
        """Lattice vectors to the Voronoi neighbours, (14, 3) in general, in nm."""
        counts = np.arange(-SEARCH, SEARCH + 1)
        whole = np.array(list(itertools.product(counts, repeat=3)))
        points = whole @ self.matrix
        squares = np.einsum("ij,ij->i", points, points)
        found = []
        for coset in itertools.product((0, 1), repeat=3):
            if any(coset):
                members = (whole % 2 == coset).all(axis=1)
                shortest = squares[members].min()
                found.append(points[members & (squares < shortest * (1 + 1e-9))])
        return np.concatenate(found)

    @cached_property
    def safe(self) -> float:
        """Square in nm^2 of a length below which a vector is the shortest of its images."""
        return float(np.einsum("ij,ij->i", self.neighbours, self.neighbours).min() / 4)

    def shorten(self, steps: list[Array]) -> None:
        """Make vectors the shortest of their images, in place.

        Parameters
        ----------
        steps
            Components x, y, z in nm, three arrays of one shape; the first axis is that of frames if
            each has a box of its own.
        """
        if self.scales is not None:
            factor = self.scales.reshape(-1, *[1] * (steps[0].ndim - 1))
            for step in steps:
                step /= factor
            self._of_one_box.shorten(steps)
            for step in steps:
                step *= factor
            return
        for row in (2, 1, 0):
            turns = np.round(steps[row] / self.matrix[row, row])
            for axis in range(row + 1):
                if self.matrix[row, axis] != 0:
                    steps[axis] -= self.matrix[row, axis] * turns
        if self.rectangular:
            return
        square = steps[0] ** 2 + steps[1] ** 2 + steps[2] ** 2
        doubtful = np.nonzero(square > self.safe)
        if len(doubtful[0]):
            nearest = self._descend(np.stack([step[doubtful] for step in steps], axis=-1))
            for axis in range(3):
                steps[axis][doubtful] = nearest[:, axis]

    @cached_property
    def _of_one_box(self) -> "Cell":
        return Cell(self.vectors)

    def scaled(self, scales: Array) -> "Cell":
        """The cells (F,) of frames whose boxes are so many times as long."""
        made = Cell(self.vectors, scales)
        # What is derived from the vectors is derived once.
        made.__dict__["_of_one_box"] = self
        return made

    def part(self, frames: "slice | Rows") -> "Cell":
        """The cells of some frames."""
        return self if self.scales is None else self._of_one_box.scaled(self.scales[frames])

    def nearest(self, vectors: Array) -> Array:
        """The shortest images of vectors (..., 3) in nm."""
        steps = [np.array(vectors[..., axis]) for axis in range(3)]
        self.shorten(steps)
        return np.stack(steps, axis=-1)

    def _descend(self, vectors: Array) -> Array:
        """The shortest images of ``vectors`` (M, 3), by steps along Voronoi vectors."""
        best = np.einsum("ij,ij->i", vectors, vectors)
        moved = True
        while moved:
            moved = False
            for shift in self.neighbours:
                other = vectors + shift
                square = np.einsum("ij,ij->i", other, other)
                # Ties within rounding do not count: the loop would not end.
                nearer = square < best - 1e-12
                if nearer.any():
                    vectors[nearer], best[nearer] = other[nearer], square[nearer]
                    moved = True
        return vectors


def box_of(system: Any) -> BoxVectors | None:
    """Default box vectors of an OpenMM System in nm; None if it is not periodic."""
    from openmm import unit

    if not system.usesPeriodicBoundaryConditions():
        return None
    a, b, c = (v.value_in_unit(unit.nanometer) for v in system.getDefaultPeriodicBoxVectors())
    return ((a.x, a.y, a.z), (b.x, b.y, b.z), (c.x, c.y, c.z))


def box_from_json(rows: list[list[float]] | None) -> BoxVectors | None:
    """Box vectors from three rows of three numbers."""
    if rows is None:
        return None
    (ax, ay, az), (bx, by, bz), (cx, cy, cz) = rows
    return ((ax, ay, az), (bx, by, bz), (cx, cy, cz))
