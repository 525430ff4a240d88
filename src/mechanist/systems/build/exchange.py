"""Equal atoms on one centre that two structures label differently, such as hydrogens of a methyl.

With two of them exchanged, the centre is the mirror image of what it is in the other structure, and
no path without a broken bond leads from one to the other, though the molecule is the same.
"""

from collections.abc import Collection
from itertools import combinations

import numpy as np

from mechanist.arrays import Array, Rows
from mechanist.systems.build.identity import mirrored

Pair = tuple[int, int]


def exchanged(
    numbers: list[int], bonds: tuple[Collection[Pair], Collection[Pair]], one: Array, other: Array
) -> tuple[Array, list[tuple[int, Pair]]]:
    """The second structure with equal atoms labelled as in the first, and what was exchanged.

    Parameters
    ----------
    numbers
        (N,) atomic numbers.
    bonds
        Of both structures.
    one, other
        Their positions (N, 3) in nm.

    Returns
    -------
    tuple
        Positions (N, 3) in nm; for each centre its atom and the two that were exchanged.
    """
    first, second = (_neighbours(pairs) for pairs in bonds)
    result, found = other.copy(), []
    for centre, around in sorted(first.items()):
        if len(around) != 4 or second.get(centre) != around:
            continue
        # Ends alone, of which nothing else moves with them.
        equal = [
            (i, j)
            for i, j in combinations(sorted(around), 2)
            if numbers[i] == numbers[j] and all(len(first[k] | second[k]) == 1 for k in (i, j))
        ]
        row: Rows = np.array([[centre, *sorted(around)]])
        if equal and mirrored(row, one, result) is not None:
            best = min(equal, key=lambda pair: _misfit(one, _swapped(result, pair), sorted(around)))
            result = _swapped(result, best)
            found.append((centre, best))
    return result, found


def _neighbours(pairs: Collection[Pair]) -> dict[int, set[int]]:
    found: dict[int, set[int]] = {}
    for i, j in pairs:
        found.setdefault(i, set()).add(j)
        found.setdefault(j, set()).add(i)
    return found


def _swapped(positions: Array, pair: Pair) -> Array:
    result = positions.copy()
    result[list(pair)] = positions[list(reversed(pair))]
    return result


def _misfit(one: Array, other: Array, atoms: list[int]) -> float:
    """Sum of squared differences of the distances from some atoms to all others, in nm^2."""
    lengths = [np.linalg.norm(x[atoms, None] - x[None], axis=-1) for x in (one, other)]
    return float(((lengths[0] - lengths[1]) ** 2).sum())
