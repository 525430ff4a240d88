"""Distances, angles and torsions of many frames at once.

Torsions follow the IUPAC sign convention; the arctan2 form is stable near 0 and 180 degrees
(Blondel and Karplus, J. Comput. Chem. 17, 1132 (1996)).
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


Vectors = tuple[Array, Array, Array]
"""Components x, y, z of many vectors, (F, D) each: numpy is fast on whole arrays."""


def _between(
    positions: Array, start: NDArray[np.int64], end: NDArray[np.int64], box: Array | None
) -> Vectors:
    """Vectors from ``start`` to ``end``; nearest image if ``box`` (3,) lengths in nm is given."""
    result = []
    for axis in range(3):
        component = positions[:, end, axis] - positions[:, start, axis]
        if box is not None:
            component -= box[axis] * np.round(component / box[axis])
        result.append(component)
    return result[0], result[1], result[2]


def _dot(a: Vectors, b: Vectors) -> Array:
    return np.asarray(a[0] * b[0] + a[1] * b[1] + a[2] * b[2])


def _cross(a: Vectors, b: Vectors) -> Vectors:
    return (
        a[1] * b[2] - a[2] * b[1],
        a[2] * b[0] - a[0] * b[2],
        a[0] * b[1] - a[1] * b[0],
    )


def distances(positions: Array, atoms: NDArray[np.int64], box: Array | None = None) -> Array:
    """Distances in nm.

    Parameters
    ----------
    positions
        (F, N, 3) in nm.
    atoms
        (D, 2) indices.
    box
        (3,) edge lengths in nm of a rectangular periodic box.

    Returns
    -------
    ndarray
        (F, D) in nm.
    """
    delta = _between(positions, atoms[:, 0], atoms[:, 1], box)
    return np.asarray(np.sqrt(_dot(delta, delta)))


def angles(positions: Array, atoms: NDArray[np.int64], box: Array | None = None) -> Array:
    """Angles at the middle atom of each triple of ``atoms`` (D, 3): (F, D) in rad, 0 to pi."""
    first = _between(positions, atoms[:, 1], atoms[:, 0], box)
    last = _between(positions, atoms[:, 1], atoms[:, 2], box)
    normal = _cross(first, last)
    return np.asarray(np.arctan2(np.sqrt(_dot(normal, normal)), _dot(first, last)))


def torsions(positions: Array, atoms: NDArray[np.int64], box: Array | None = None) -> Array:
    """Torsions about the middle bond of each quadruple of ``atoms`` (D, 4): (F, D), -pi to pi."""
    b1 = _between(positions, atoms[:, 0], atoms[:, 1], box)
    b2 = _between(positions, atoms[:, 1], atoms[:, 2], box)
    b3 = _between(positions, atoms[:, 2], atoms[:, 3], box)
    n1, n2 = _cross(b1, b2), _cross(b2, b3)
    return np.asarray(np.arctan2(np.sqrt(_dot(b2, b2)) * _dot(b1, n2), _dot(n1, n2)))
