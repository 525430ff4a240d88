"""Bonds, and numbers of bonds between atoms."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Rows
from mechanist.systems.build.radii import bonded_pairs

FARTHEST = 9
"""Largest number of bonds between two atoms; also that of atoms that are not connected."""


def bonds(numbers: NDArray[Any], x: Array) -> Rows:
    """Bonded pairs (M, 2) of atoms in a geometry (N, 3) in nm."""
    return np.array(bonded_pairs(numbers.tolist(), x), dtype=np.int64).reshape(-1, 2)


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
