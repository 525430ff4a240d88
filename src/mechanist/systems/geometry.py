"""Distances, angles, torsions and heights over planes of many frames at once.

Torsions follow the IUPAC sign convention; the arctan2 form is stable near 0 and 180 degrees
(Blondel and Karplus, J. Comput. Chem. 17, 1132 (1996)).
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


Vectors = tuple[Array, Array, Array]
"""Components x, y, z of many vectors, (F, D) each: numpy is fast on whole arrays."""


def _steps(positions: Array, atoms: NDArray[np.int64], box: Array | None) -> list[Vectors]:
    """Vectors from each of the ``atoms`` (D, K) to the next one in its row, K - 1 times (F, D).

    Those to the nearest image if ``box`` (3,) lengths in nm is given.
    """
    rows, columns = atoms.shape
    steps = []
    for axis in range(3):
        places = positions[:, atoms.T.ravel(), axis].reshape(len(positions), columns, rows)
        step = places[:, 1:] - places[:, :-1]
        if box is not None:
            step -= box[axis] * np.round(step / box[axis])
        steps.append(step)
    x, y, z = steps
    return [(x[:, k], y[:, k], z[:, k]) for k in range(columns - 1)]


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
    (delta,) = _steps(positions, atoms, box)
    return np.asarray(np.sqrt(_dot(delta, delta)))


def angles(positions: Array, atoms: NDArray[np.int64], box: Array | None = None) -> Array:
    """Angles at the middle atom of each triple of ``atoms`` (D, 3): (F, D) in rad, 0 to pi."""
    first, last = _steps(positions, atoms, box)
    normal = _cross(first, last)
    return np.asarray(np.arctan2(np.sqrt(_dot(normal, normal)), -_dot(first, last)))


def torsions(positions: Array, atoms: NDArray[np.int64], box: Array | None = None) -> Array:
    """Torsions about the middle bond of each quadruple of ``atoms`` (D, 4): (F, D), -pi to pi."""
    b1, b2, b3 = _steps(positions, atoms, box)
    n1, n2 = _cross(b1, b2), _cross(b2, b3)
    return np.asarray(np.arctan2(np.sqrt(_dot(b2, b2)) * _dot(b1, n2), _dot(n1, n2)))


def heights(positions: Array, atoms: NDArray[np.int64], box: Array | None = None) -> Array:
    """Heights of atoms over planes in nm.

    Parameters
    ----------
    positions
        (F, N, 3) in nm.
    atoms
        (D, 4) indices: an atom, and the three that span its plane. The height is positive on the
        side from which those three are seen counter-clockwise.
    box
        (3,) edge lengths in nm of a rectangular periodic box.

    Returns
    -------
    ndarray
        (F, D) in nm.
    """
    above, first, second, third = atoms.T
    one, two, up = (
        _steps(positions, np.stack([first, last], axis=1), box)[0]
        for last in (second, third, above)
    )
    normal = _cross(one, two)
    return np.asarray(_dot(normal, up) / np.sqrt(_dot(normal, normal)))
