"""The graph of bonded atoms of an mdtraj Topology: neighbours and chains."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

Neighbours = Mapping[int, Sequence[int]]
"""Bonded atoms of each atom."""


def neighbours_of(topology: Any, atoms: Collection[int]) -> dict[int, list[int]]:
    """For each of some atoms those that it is bonded to, of the same selection."""
    found: dict[int, list[int]] = {i: [] for i in atoms}
    for bond in topology.bonds:
        i, j = bond[0].index, bond[1].index
        if i in found and j in found:
            found[i].append(j)
            found[j].append(i)
    return found


def chains(neighbours: Neighbours, size: int) -> Iterator[tuple[int, ...]]:
    """Chains of ``size`` bonded atoms without a repeat, each in both directions."""
    found: list[tuple[int, ...]] = [(i,) for i in neighbours]
    for _ in range(size - 1):
        found = [(*c, j) for c in found for j in neighbours[c[-1]] if j not in c]
    return iter(found)


def canonical(atoms: Sequence[int]) -> tuple[int, ...]:
    """The same chain of atoms in the direction that sorts first."""
    return min(tuple(atoms), tuple(reversed(atoms)))


def connected(
    neighbours: Neighbours, first: int, without: tuple[int, int] | None = None
) -> set[int]:
    """Atoms that bonds connect with ``first``; the bond ``without`` does not count."""
    found, queue = {first}, [first]
    while queue:
        a = queue.pop()
        for b in neighbours[a]:
            if b not in found and without not in ((a, b), (b, a)):
                found.add(b)
                queue.append(b)
    return found


def rotor_atoms(topology: Any) -> set[int]:
    """Atoms that a rotation exchanges with like ones: those of methyl, NH3 or carboxylate.

    These are two or more atoms of one element with no other bond, on an atom with one bond besides.
    """
    atoms = list(topology.atoms)
    neighbours = neighbours_of(topology, range(len(atoms)))
    found: set[int] = set()
    for around in neighbours.values():
        ends = [i for i in around if len(neighbours[i]) == 1]
        alike = len({atoms[i].element for i in ends}) == 1
        if alike and len(ends) >= 2 and len(around) == len(ends) + 1:
            found |= set(ends)
    return found
