"""Distances, angles and torsions of many frames at once.

Torsions follow the IUPAC sign convention; the arctan2 form is stable near 0 and 180 degrees
(Blondel and Karplus, J. Comput. Chem. 17, 1132 (1996)).
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def _difference(ends: Array, starts: Array, box: Array | None) -> Array:
    """Vectors from ``starts`` to ``ends``; nearest image if ``box`` (3,) lengths in nm is given."""
    delta = ends - starts
    return delta if box is None else delta - box * np.round(delta / box)


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
    delta = _difference(positions[:, atoms[:, 1]], positions[:, atoms[:, 0]], box)
    return np.asarray(np.sqrt(np.einsum("fdk,fdk->fd", delta, delta)))


def angles(positions: Array, atoms: NDArray[np.int64], box: Array | None = None) -> Array:
    """Angles at the middle atom of each triple of ``atoms`` (D, 3): (F, D) in rad, 0 to pi."""
    middle = positions[:, atoms[:, 1]]
    first = _difference(positions[:, atoms[:, 0]], middle, box)
    last = _difference(positions[:, atoms[:, 2]], middle, box)
    cross = np.cross(first, last)
    sine = np.sqrt(np.einsum("fdk,fdk->fd", cross, cross))
    return np.asarray(np.arctan2(sine, np.einsum("fdk,fdk->fd", first, last)))


def torsions(positions: Array, atoms: NDArray[np.int64], box: Array | None = None) -> Array:
    """Torsions about the middle bond of each quadruple of ``atoms`` (D, 4): (F, D), -pi to pi."""
    b1 = _difference(positions[:, atoms[:, 1]], positions[:, atoms[:, 0]], box)
    b2 = _difference(positions[:, atoms[:, 2]], positions[:, atoms[:, 1]], box)
    b3 = _difference(positions[:, atoms[:, 3]], positions[:, atoms[:, 2]], box)
    n1, n2 = np.cross(b1, b2), np.cross(b2, b3)
    length = np.sqrt(np.einsum("fdk,fdk->fd", b2, b2))
    return np.asarray(
        np.arctan2(
            length * np.einsum("fdk,fdk->fd", b1, n2),
            np.einsum("fdk,fdk->fd", n1, n2),
        )
    )
