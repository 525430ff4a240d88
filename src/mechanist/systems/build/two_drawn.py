"""Whether two structures without names of atoms, of XYZ or SDF files, are one molecule."""

from collections import Counter
from collections.abc import Iterable

from mechanist.errors import SystemBuildError
from mechanist.systems.build.atoms import Atoms
from mechanist.systems.build.radii import bonded_pairs

Key = tuple[int, int]
"""Atomic number, and which of the atoms of that element."""


def check_same(first: Atoms, other: Atoms, charge: int | None, one: str, two: str) -> list[str]:
    """Compare charge, spin and order of atoms of two structures; notes on what differs.

    Parameters
    ----------
    first, other
        The structures.
    charge
        Of the first, or None: not known here.
    one, two
        Their files, for messages.

    Raises
    ------
    SystemBuildError
        If charges differ, or atoms stand in an order that nothing explains.
    """
    if charge is not None and other.charge not in (None, charge):
        raise SystemBuildError(
            two, f"has charge {other.charge:+d}, {one} {charge:+d}; both ends need the same"
        )
    notes = []
    if None not in (first.unpaired, other.unpaired) and first.unpaired != other.unpaired:
        notes.append(
            f"{two}: has {other.unpaired} unpaired electrons, {one} {first.unpaired}; the spin of"
            f" {one} holds for both"
        )
    if first.numbers == other.numbers or Counter(first.numbers) != Counter(other.numbers):
        return notes
    if _bonds(first) != _bonds(other):
        raise SystemBuildError(
            two,
            f"its atoms stand in another order than in {one}, and have no names that tell which"
            " belong together; write both files in one order",
        )
    return [
        *notes,
        f"{two}: atoms have no names; the first of each element was taken for the first in {one},"
        " and so on, which gives the same bonds",
    ]


def _keys(numbers: Iterable[int]) -> list[Key]:
    counts: Counter[int] = Counter()
    keys = []
    for number in numbers:
        counts[number] += 1
        keys.append((number, counts[number]))
    return keys


def _bonds(atoms: Atoms) -> set[frozenset[Key]]:
    """Bonds, as drawn or by distances, between atoms that are named by element and number."""
    keys = _keys(atoms.numbers)
    pairs = atoms.bonds or bonded_pairs(list(atoms.numbers), atoms.positions)
    return {frozenset((keys[i], keys[j])) for i, j in pairs}
