"""Atoms that may change places, such as the hydrogens of an ammonium ion.

Descriptors, states and networks must not depend on which of them is where. A group's descriptors of
such atoms are replaced by the values of all that a permutation makes of one (its orbit), in
ascending order: the shortest of three distances, the second, the longest. These are continuous, and
no permutation changes them.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations, product
from math import factorial, prod
from pathlib import Path

from mechanist.settings.load import key_error
from mechanist.systems.descriptors.bonds import canonical
from mechanist.systems.descriptors.descriptor_set import ATOMS_OF_KIND, Descriptor
from mechanist.systems.descriptors.groups import Member
from mechanist.systems.descriptors.resolve_solvent import Selector
from mechanist.systems.descriptors.shapes import Sorted

KEY = "equivalent"

MOST = 720
"""Permutations that are applied to a descriptor."""


@dataclass(frozen=True)
class Equivalent:
    """Sets of atoms that may change places.

    Parameters
    ----------
    file
        The system.yaml, for messages.
    sets
        Indices; no atom is in two sets.
    """

    file: Path
    sets: tuple[tuple[int, ...], ...] = ()

    def orbit(self, kind: str, atoms: Sequence[int]) -> list[tuple[int, ...]]:
        """Atoms of all descriptors of a kind that permutations make of one, sorted."""
        meant = [s for s in self.sets if set(s) & set(atoms)]
        found = set()
        for orders in product(*(permutations(s) for s in meant)):
            before = (a for s in meant for a in s)
            places = dict(zip(before, (a for order in orders for a in order), strict=True))
            found.add(undirected(kind, tuple(places.get(a, a) for a in atoms)))
        return sorted(found)

    def symmetrised(self, key: str, members: Iterable[Member]) -> Iterator[Member]:
        """Members of a group, with orbits in place of what depends on such atoms.

        Raises
        ------
        SystemBuildError
            If a torsion depends on them, whose values have no order, or an orbit is too large.
        """
        seen = set()
        for member in members:
            orbit = self._checked_orbit(key, member)
            if len(orbit) == 1:
                yield member
            elif (member.kind, orbit[0]) not in seen:
                seen.add((member.kind, orbit[0]))
                flat = tuple(atom for atoms in orbit for atom in atoms)
                for rank in range(len(orbit)):
                    shape = Sorted(member.kind, len(orbit), rank)
                    yield replace(member, kind="sorted", atoms=flat, shape=shape)

    def _checked_orbit(self, key: str, member: Member) -> list[tuple[int, ...]]:
        meant = [s for s in self.sets if set(s) & set(member.atoms)]
        if prod(factorial(len(s)) for s in meant) > MOST:
            raise key_error(self.file, key, f"more than {MOST} permutations of atoms {meant[0]}")
        orbit = self.orbit(member.kind, member.atoms)
        if len(orbit) > 1 and member.kind == "torsion":
            raise key_error(
                self.file,
                key,
                f"the torsion of atoms {member.atoms} changes with a permutation of"
                f" {meant[0]} ({KEY}), and angles of a circle have no order; leave these out of"
                " select",
            )
        return orbit

    def check(self, key: str, descriptor: Descriptor) -> None:
        """Refuse a named descriptor that a permutation changes.

        Raises
        ------
        SystemBuildError
            If one does.
        """
        for group in self.sets:
            if descriptor.kind in ATOMS_OF_KIND:
                parts = [descriptor.atoms] if len(self.orbit(*_of(descriptor))) > 1 else []
            else:
                # A count over all of them, or none, does not change.
                parts = [p for p in (descriptor.atoms, *descriptor.others) if not _whole(p, group)]
            named = sorted({a for part in parts for a in part} & set(group))
            if named:
                raise key_error(
                    self.file,
                    key,
                    f"depends on which of the atoms {group} is atom {named[0]}, but these may"
                    f" change places ({KEY}); use a group, or a count over all of them such as"
                    " coordination",
                )


def _of(descriptor: Descriptor) -> tuple[str, tuple[int, ...]]:
    return descriptor.kind, descriptor.atoms


def _whole(part: Sequence[int], group: Sequence[int]) -> bool:
    """Whether all atoms of a group are in a part, or none is."""
    return len(set(part) & set(group)) in (0, len(group))


def undirected(kind: str, atoms: tuple[int, ...]) -> tuple[int, ...]:
    """The atoms of a descriptor in the one order of those that measure the same."""
    if kind == "difference":
        return canonical(atoms[:2]) + canonical(atoms[2:])
    return canonical(atoms) if kind in ATOMS_OF_KIND and kind != "height" else atoms


def find_equivalent(find: Selector, entries: Sequence[str | Sequence[int | str]]) -> Equivalent:
    """The sets of system.yaml: selections, or lists of atoms.

    Raises
    ------
    SystemBuildError
        If a set has one atom or two elements, or an atom is in two sets.
    """
    sets: list[tuple[int, ...]] = []
    for number, entry in enumerate(entries):
        key = f"{KEY}.{number}"
        if isinstance(entry, str):
            atoms = tuple(find.select(key, entry))
        else:
            atoms = tuple(find.atom(key, atom) for atom in entry)
        elements = {find.topology.atom(i).element.symbol for i in atoms}
        if len(set(atoms)) < 2:
            raise key_error(find.file, key, f"{list(atoms)}: needs two different atoms or more")
        if len(elements) > 1:
            raise key_error(find.file, key, f"{list(atoms)}: are of elements {sorted(elements)}")
        twice = set(atoms) & {a for other in sets for a in other}
        if twice:
            raise key_error(find.file, key, f"atom {min(twice)} is in two sets")
        sets.append(tuple(sorted(set(atoms))))
    return Equivalent(find.file, tuple(sets))
