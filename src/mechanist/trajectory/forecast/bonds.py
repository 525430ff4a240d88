"""Which atoms are bound, and over how many bonds."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Rows
from mechanist.errors import DataError

RADII = {1: 0.031, 6: 0.076, 7: 0.071, 8: 0.066, 9: 0.057, 16: 0.105, 17: 0.102}
"""Covalent radii in nm (Cordero and others, Dalton Trans. 2832 (2008))."""

STRETCH = 1.3
"""Atoms are bound if they are nearer than this times the sum of their radii."""

FARTHEST = 9
"""Of the number of bonds between two atoms; more, or none, count as this."""


def bonds(numbers: NDArray[Any], x: Array) -> Rows:
    """Bound pairs (M, 2) of atoms in a geometry (N, 3) in nm.

    Raises
    ------
    DataError
        If no radius of an element is known.
    """
    unknown = sorted({int(z) for z in numbers} - RADII.keys())
    if unknown:
        raise DataError("molecule", f"no radius is known for atomic number {unknown[0]}")
    radii = np.array([RADII[int(z)] for z in numbers])
    first, second = np.triu_indices(len(numbers), 1)
    near = np.linalg.norm(x[first] - x[second], axis=1) < STRETCH * (radii[first] + radii[second])
    return np.stack([first[near], second[near]], axis=1)


def hops(atoms: int, bound: Rows) -> Rows:
    """Bonds (N, N) on the shortest way from one atom to another, at most `FARTHEST`."""
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
