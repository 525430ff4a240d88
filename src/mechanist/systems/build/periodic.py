"""Periodic boxes: reduced vectors, density, largest cutoff, and whole molecules.

OpenMM's reduced form: a along x, b in the xy plane, and no vector longer than half of an earlier
one along it (OpenMM User Guide, "Periodic Boundary Conditions").
"""

from collections.abc import Iterable
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.systems.descriptors.box import Cell

AMU_PER_NM3 = 1.66053906660e-3
"""g/cm^3 (CODATA 2018)."""

LENGTH_MIN = 1e-6
"""nm; shorter edges span no volume."""

EDGE_MIN = 0.2
"""nm; files without a box may give zeros, or edges of 1 A as PDB files of NMR and cryo-EM do."""


def as_vectors(box: Iterable[Any]) -> Array:
    """Box vectors (3, 3) in nm from three edge lengths or three vectors, in reduced form.

    Raises
    ------
    ValueError
        If they span no volume, or the first is not along x, or the second not in the xy plane.
    """
    given = np.array(list(box), dtype=np.float64)
    vectors = np.diag(given) if given.ndim == 1 else given
    if not np.isfinite(vectors).all() or (np.diag(vectors) < LENGTH_MIN).any():
        raise ValueError("spans no volume")
    if np.abs(vectors[np.triu_indices(3, 1)]).max() > LENGTH_MIN:
        raise ValueError("the first vector must be along x, the second in the xy plane")
    a, b, c = np.tril(vectors)
    c = c - b * np.round(c[1] / b[1])
    c = c - a * np.round(c[0] / a[0])
    b = b - a * np.round(b[0] / a[0])
    return np.array([a, b, c])


def to_openmm(box: Array) -> Any:
    """Box vectors (3, 3) in nm as an OpenMM Quantity."""
    import openmm
    from openmm import unit

    return tuple(openmm.Vec3(*row) for row in box.tolist()) * unit.nanometer


def from_openmm(vectors: Any) -> Array | None:
    """Box vectors (3, 3) in nm of a topology or a file; None if there is no box."""
    from openmm import unit

    if vectors is None:
        return None
    box = np.array([list(row.value_in_unit(unit.nanometer)) for row in vectors])
    return None if (np.diag(box) < EDGE_MIN).any() else box


def density(mass: float, box: Array) -> float:
    """Density in g/cm^3 of a mass in dalton in a box (3, 3) in nm."""
    return mass / float(np.linalg.det(box)) * AMU_PER_NM3


def largest_cutoff(box: Array) -> float:
    """Half the smallest width in nm, within which each pair has one nearest image."""
    return float(0.5 * np.diag(box).min())


def whole(positions: Array, bonds: Iterable[tuple[int, int]], box: Array) -> Array:
    """Positions with whole molecules: each atom at the image nearest to a bonded one.

    Bonded forces ignore images, but many files wrap each atom into the box.

    Parameters
    ----------
    positions
        (N, 3) in nm.
    bonds
        Pairs of bonded atoms.
    box
        Reduced vectors (3, 3) in nm.

    Returns
    -------
    ndarray
        (N, 3) in nm; the first atom of each molecule stays.
    """
    neighbours: list[list[int]] = [[] for _ in positions]
    for i, j in bonds:
        neighbours[i].append(j)
        neighbours[j].append(i)
    cell = Cell(box)
    result = positions.copy()
    seen = np.zeros(len(positions), dtype=bool)
    for first in range(len(positions)):
        if seen[first]:
            continue
        seen[first], queue = True, [first]
        while queue:
            i = queue.pop()
            for j in neighbours[i]:
                if not seen[j]:
                    seen[j] = True
                    result[j] = result[i] + cell.nearest((result[j] - result[i])[None])[0]
                    queue.append(j)
    return result
