"""Members of a group in system.yaml, such as all bonds or all distances of a selection."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from mechanist.settings.descriptors import GroupSettings
from mechanist.settings.load import key_error
from mechanist.systems.descriptors.bonds import canonical, chains, neighbours_of
from mechanist.systems.descriptors.descriptor_set import Descriptor
from mechanist.systems.descriptors.resolve_solvent import Selector
from mechanist.systems.descriptors.shapes import Sorted

PREFIX = {"distance": "bond"}
"""What the name of a descriptor begins with, if that is not its kind."""

BONDED = {"bonds": ("distance", 2), "angles": ("angle", 3), "torsions": ("torsion", 4)}
"""Kind and number of atoms of the members of groups along bonds."""


@dataclass(frozen=True)
class Member:
    """A descriptor of a group.

    Parameters
    ----------
    kind, atoms
        As of a descriptor.
    shown
        Atoms that name it.
    named
        What its name begins with; empty: what its kind has.
    shape
        For atoms that may exchange: which of the values of an orbit it is.
    """

    kind: str
    atoms: tuple[int, ...]
    shown: tuple[int, ...]
    named: str = ""
    shape: Sorted | None = None

    @property
    def prefix(self) -> str:
        """What its name begins with."""
        kind = self.kind if self.shape is None else self.shape.measure
        return self.named or PREFIX.get(kind, kind)

    @property
    def suffix(self) -> str:
        """What its name ends with."""
        return "" if self.shape is None else f"_{self.shape.rank + 1}of{self.shape.size}"

    def descriptor(self, name: str = "") -> Descriptor:
        """The descriptor, with a name."""
        return Descriptor(name, self.kind, self.atoms, shape=self.shape)


def members_of(find: Selector, key: str, group: GroupSettings) -> Iterator[Member]:
    """All members of a group at a key of system.yaml.

    Raises
    ------
    SystemBuildError
        If there is none.
    """
    if group.all in ("distances", "differences"):
        yield from _pairs(find, key, group)
        return
    neighbours = neighbours_of(find.topology, find.select(f"{key}.select", group.select))
    if group.all == "heights":
        yield from _heights(find, key, neighbours)
        return
    kind, size = BONDED[group.all]
    found = sorted({canonical(chain) for chain in chains(neighbours, size)})
    if not found:
        raise key_error(find.file, key, f"{group.select!r}: has no {group.all}")
    for atoms in found:
        yield Member(kind, atoms, atoms)


def _pairs(find: Selector, key: str, group: GroupSettings) -> Iterator[Member]:
    """Distances of all pairs of a selection, or differences of two that share an atom."""
    size = 2 if group.all == "distances" else 3
    atoms = find.select(f"{key}.select", group.select)
    if len(atoms) < size:
        raise key_error(find.file, key, f"{group.select!r}: has no {group.all}")
    if size == 2:
        bonded = {canonical((b[0].index, b[1].index)) for b in find.topology.bonds}
        for pair in combinations(atoms, 2):
            yield Member("distance", pair, pair, "" if pair in bonded else "distance")
        return
    for i, k in combinations(atoms, 2):
        for j in atoms:
            if j not in (i, k):
                yield Member("difference", (i, j, k, j), (i, j, k))


def _heights(find: Selector, key: str, neighbours: dict[int, list[int]]) -> Iterator[Member]:
    """Heights of all atoms over the planes of any three that are bonded to one atom."""
    planes = {centre: list(combinations(sorted(bound), 3)) for centre, bound in neighbours.items()}
    if not any(planes.values()):
        raise key_error(find.file, key, "no atom of the selection has three neighbours")
    for centre, triples in planes.items():
        for plane in triples:
            # A centre with three neighbours names the plane; with more, they do.
            of = (centre,) if len(triples) == 1 else plane
            for atom in neighbours:
                if atom not in plane:
                    yield Member("height", (atom, *plane), (atom, *of))
