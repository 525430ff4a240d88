"""Distances, their differences, angles, torsions and heights over planes, for many frames at once.

Torsions follow the IUPAC sign convention; the arctan2 form is stable near 0 and 180 degrees
(Blondel and Karplus, J. Comput. Chem. 17, 1132 (1996)).
"""

import numpy as np

from mechanist.arrays import Array, Positions, Rows
from mechanist.systems.descriptors.box import Cell

Vectors = tuple[Array, Array, Array]
"""Components x, y, z of many vectors, (F, D) each; numpy is faster on whole arrays."""


def _steps(positions: Positions, atoms: Rows, cell: Cell | None) -> list[Vectors]:
    """Vectors from each of the ``atoms`` (D, K) to the next one in its row, K - 1 times (F, D).

    With a ``cell``, vectors to the nearest image.
    """
    rows, columns = atoms.shape
    steps = []
    for axis in range(3):
        # Convert only the atoms in use to float64; most atoms of a solvent are not.
        places = positions[:, atoms.T.ravel(), axis].astype(np.float64, copy=False)
        places = places.reshape(len(positions), columns, rows)
        steps.append(places[:, 1:] - places[:, :-1])
    if cell is not None:
        cell.shorten(steps)
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


def distances(positions: Positions, atoms: Rows, cell: Cell | None = None) -> Array:
    """Distances in nm.

    Parameters
    ----------
    positions
        (F, N, 3) in nm.
    atoms
        (D, 2) indices.
    cell
        The periodic box, for distances to nearest images.

    Returns
    -------
    ndarray
        (F, D) in nm.
    """
    (delta,) = _steps(positions, atoms, cell)
    return np.asarray(np.sqrt(_dot(delta, delta)))


def differences(positions: Positions, atoms: Rows, cell: Cell | None = None) -> Array:
    """Differences of two distances in nm.

    Parameters
    ----------
    positions
        (F, N, 3) in nm.
    atoms
        (D, 4) indices: the distance of the first two less that of the last two.
    cell
        The periodic box.

    Returns
    -------
    ndarray
        (F, D) in nm.
    """
    first, second = (
        distances(positions, atoms[:, :2], cell),
        distances(positions, atoms[:, 2:], cell),
    )
    return np.asarray(first - second)


def angles(positions: Positions, atoms: Rows, cell: Cell | None = None) -> Array:
    """Angles at the middle atom of each triple of ``atoms`` (D, 3): (F, D) in rad, 0 to pi."""
    first, last = _steps(positions, atoms, cell)
    normal = _cross(first, last)
    return np.asarray(np.arctan2(np.sqrt(_dot(normal, normal)), -_dot(first, last)))


def torsions(positions: Positions, atoms: Rows, cell: Cell | None = None) -> Array:
    """Torsions about the middle bond of each quadruple of ``atoms`` (D, 4): (F, D), -pi to pi."""
    b1, b2, b3 = _steps(positions, atoms, cell)
    n1, n2 = _cross(b1, b2), _cross(b2, b3)
    return np.asarray(np.arctan2(np.sqrt(_dot(b2, b2)) * _dot(b1, n2), _dot(n1, n2)))


def vectors_from(
    positions: Positions, centre: int, others: Rows, cell: Cell | None = None
) -> list[Array]:
    """Vectors from the atom ``centre`` to ``others`` (K,): x, y and z, (F, K) each in nm."""
    steps = []
    for axis in range(3):
        places = positions[:, others, axis].astype(np.float64, copy=False)
        steps.append(places - positions[:, centre, axis].astype(np.float64)[:, None])
    if cell is not None:
        cell.shorten(steps)
    return steps


def heights(positions: Positions, atoms: Rows, cell: Cell | None = None) -> Array:
    """Heights of atoms over planes in nm.

    Parameters
    ----------
    positions
        (F, N, 3) in nm.
    atoms
        (D, 4) indices: an atom, and the three that span its plane. The height is positive on the
        side from which those three are seen counter-clockwise.
    cell
        The periodic box.

    Returns
    -------
    ndarray
        (F, D) in nm.
    """
    above, first, second, third = atoms.T
    one, two, up = (
        _steps(positions, np.stack([first, last], axis=1), cell)[0]
        for last in (second, third, above)
    )
    normal = _cross(one, two)
    return np.asarray(_dot(normal, up) / np.sqrt(_dot(normal, normal)))
