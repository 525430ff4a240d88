"""Covalent radii for single bonds (Pyykkö and Atsumi, Chem. Eur. J. 15, 186 (2009)), H to Rn."""

import numpy as np

from mechanist.arrays import Array

_PICOMETRES = (
    *(32, 46, 133, 102, 85, 75, 71, 63, 64, 67, 155, 139, 126, 116, 111, 103, 99, 96),
    *(196, 171, 148, 136, 134, 122, 119, 116, 111, 110, 112, 118, 124, 121, 121, 116, 114, 117),
    *(210, 185, 163, 154, 147, 138, 128, 125, 125, 120, 128, 136, 142, 140, 140, 136, 133, 131),
    *(232, 196, 180, 163, 176, 174, 173, 172, 168, 169, 168, 167, 166, 165, 164, 170, 162),
    *(152, 146, 137, 131, 129, 122, 123, 124, 133, 144, 144, 151, 145, 147, 142),
)
HEAVIER = 150
"""pm; of elements beyond radon."""

BONDED = 1.3
"""Atoms closer than this multiple of the sum of their radii are bonded."""


def radii(numbers: list[int]) -> Array:
    """Radii (N,) in nm of atoms with these atomic numbers."""
    known = [_PICOMETRES[z - 1] if z <= len(_PICOMETRES) else HEAVIER for z in numbers]
    return 1e-3 * np.array(known, dtype=np.float64)


def bonded_pairs(numbers: list[int], positions: Array) -> list[tuple[int, int]]:
    """Pairs (i < j) of atoms at positions (N, 3) in nm that are near enough for a bond."""
    from scipy.spatial import cKDTree

    sizes = radii(numbers)
    reach = 2 * BONDED * float(sizes.max())
    pairs = cKDTree(positions).query_pairs(reach, output_type="ndarray")
    lengths = np.linalg.norm(positions[pairs[:, 0]] - positions[pairs[:, 1]], axis=1)
    close = lengths < BONDED * (sizes[pairs[:, 0]] + sizes[pairs[:, 1]])
    return sorted((int(i), int(j)) for i, j in np.sort(pairs[close], axis=1))
