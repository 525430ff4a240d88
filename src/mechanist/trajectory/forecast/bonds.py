"""Bonds by covalent radii, and numbers of bonds between atoms."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Rows
from mechanist.errors import DataError

RADII = {1: 0.031, 6: 0.076, 7: 0.071, 8: 0.066, 9: 0.057, 16: 0.105, 17: 0.102}
"""Covalent radii in nm (Cordero and others, Dalton Trans. 2832 (2008))."""

STRETCH = 1.3
"""Two atoms are bonded within this factor times the sum of their radii."""

FARTHEST = 9
"""Largest number of bonds between two atoms; also that of atoms that are not connected."""


def bonds(numbers: NDArray[Any], x: Array) -> Rows:
    """Bonded pairs (M, 2) of atoms in a geometry (N, 3) in nm.

    Raises
    ------
    DataError
        If the radius of an element is unknown.
    """
    unknown = sorted({int(z) for z in numbers} - RADII.keys())
    if unknown:
        raise DataError("molecule", f"no radius is known for atomic number {unknown[0]}")
    radii = np.array([RADII[int(z)] for z in numbers])
    first, second = np.triu_indices(len(numbers), 1)
    near = np.linalg.norm(x[first] - x[second], axis=1) < STRETCH * (radii[first] + radii[second])
    return np.stack([first[near], second[near]], axis=1)


def hops(atoms: int, bound: Rows) -> Rows:
    """Number of bonds (N, N) on the shortest path between atoms, at most `FARTHEST`."""
    near = np.zeros((atoms, atoms), dtype=bool)
    near[bound[:, 0], bound[:, 1]] = near[bound[:, 1], bound[:, 0]] = True
    result = np.full((atoms, atoms), FARTHEST, dtype=np.int64)
    reached = np.eye(atoms, dtype=bool)
    result[reached] = 0
    for count in range(1, FARTHEST):
        wider = reached | (reached.astype(np.int64) @ near > 0)
        result[wider & ~reached] = count
        reached = wider
    return result
