"""From the names in system.yaml to descriptors and states with atom indices."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any, Literal

from mechanist.settings.descriptors import (
    AngleSettings,
    Atom,
    CoordinateSettings,
    CustomSettings,
    DescriptorSettings,
    DifferenceSettings,
    DistanceSettings,
    GroupSettings,
    HeightSettings,
    PlumedSettings,
    SymmetrySettings,
    TorsionSettings,
)
from mechanist.settings.load import key_error
from mechanist.settings.system import PLACEHOLDER, Limits, StateSettings, SystemSettings
from mechanist.settings.units import to_unit
from mechanist.systems.descriptors.bonds import canonical, chains, neighbours_of
from mechanist.systems.descriptors.box import BoxVectors
from mechanist.systems.descriptors.custom import CUSTOM, find_custom, find_variable
from mechanist.systems.descriptors.descriptor_set import ATOMS_OF_KIND, Descriptor, DescriptorSet
from mechanist.systems.descriptors.labels import unique_names
from mechanist.systems.descriptors.resolve_solvent import family, solvent_descriptor
from mechanist.systems.descriptors.states import Box, Disc, Interval, State, States

Part = Literal["inputs", "formula_inputs"]
PARTS: tuple[Part, ...] = ("inputs", "formula_inputs")

OfAtoms = TorsionSettings | AngleSettings | DistanceSettings | DifferenceSettings | HeightSettings
"""Descriptors of a few named atoms."""

PREFIX = {"distance": "bond"}
"""What the name of a descriptor begins with, if that is not its kind."""


@dataclass(frozen=True)
class Member:
    """A descriptor of a group: its kind, its atoms, and those that name it after a prefix."""

    kind: str
    atoms: tuple[int, ...]
    shown: tuple[int, ...]
    named: str = ""

    @property
    def prefix(self) -> str:
        """What its name begins with."""
        return self.named or PREFIX.get(self.kind, self.kind)


class Resolver:
    """Resolves atom selections of one system.yaml against its topology (an mdtraj Topology)."""

    def __init__(self, file: Path, topology: Any) -> None:
        self.file = file
        self.topology = topology

    def select(self, key: str, selection: str) -> list[int]:
        """Indices of the atoms that an mdtraj selection matches, at least one."""
        try:
            atoms = [int(i) for i in self.topology.select(selection)]
        except (ValueError, TypeError, AttributeError, SyntaxError) as error:
            raise key_error(
                self.file, key, f"{selection!r}: not an mdtraj selection ({error})"
            ) from None
        if not atoms:
            raise key_error(self.file, key, f"{selection!r}: matches no atom")
        return atoms

    def atom(self, key: str, atom: Atom) -> int:
        """Index of one atom."""
        if isinstance(atom, int):
            if not 0 <= atom < self.topology.n_atoms:
                raise key_error(
                    self.file, key, f"{atom}: atoms count from 0 to {self.topology.n_atoms - 1}"
                )
            return atom
        found = self.select(key, atom)
        if len(found) > 1:
            raise key_error(self.file, key, f"{atom!r}: matches {len(found)} atoms, not 1")
        return found[0]

    def descriptor(self, name: str, settings: DescriptorSettings) -> Descriptor:
        """A named descriptor."""
        key = f"descriptors.{name}"
        if isinstance(settings, CoordinateSettings):
            particle, axis = divmod(settings.coordinate, 3)
            return Descriptor(name, "coordinate", (self.atom(key, particle),), axis)
        if isinstance(settings, CustomSettings):
            return Descriptor(name, CUSTOM, (), custom=find_custom(self.file, key, settings))
        if isinstance(settings, PlumedSettings):
            masses = tuple(float(atom.element.mass) for atom in self.topology.atoms)
            found = find_variable(self.file, key, settings, masses)
            return Descriptor(name, CUSTOM, (), custom=found)
        if not isinstance(settings, OfAtoms):
            return solvent_descriptor(name, settings, self)
        kind, atoms = _kind(settings)
        indices = tuple(self.atom(key, atom) for atom in atoms)
        parts = [indices[:2], indices[2:]] if kind == "difference" else [indices]
        if any(len(set(part)) < len(part) for part in parts):
            raise key_error(self.file, key, f"names the same atom twice: {indices}")
        if kind == "difference" and set(parts[0]) == set(parts[1]):
            raise key_error(self.file, key, f"a distance and itself: {indices}")
        return Descriptor(name, kind, indices)

    def group(self, key: str, group: GroupSettings) -> Iterator[Member]:
        """All bonds, angles or torsions along bonds within a selection, or pairs of its atoms."""
        if group.all in ("distances", "differences"):
            yield from self._pairs(key, group)
            return
        neighbours = neighbours_of(self.topology, self.select(f"{key}.select", group.select))
        if group.all == "heights":
            yield from self._heights(key, neighbours)
            return
        kind, size = {"bonds": ("distance", 2), "angles": ("angle", 3), "torsions": ("torsion", 4)}[
            group.all
        ]
        found = sorted({canonical(chain) for chain in chains(neighbours, size)})
        if not found:
            raise key_error(self.file, key, f"{group.select!r}: has no {group.all}")
        for atoms in found:
            yield Member(kind, atoms, atoms)

    def _pairs(self, key: str, group: GroupSettings) -> Iterator[Member]:
        """Distances of all pairs of a selection, or differences of two that share an atom."""
        size = 2 if group.all == "distances" else 3
        atoms = self.select(f"{key}.select", group.select)
        if len(atoms) < size:
            raise key_error(self.file, key, f"{group.select!r}: has no {group.all}")
        if size == 2:
            bonded = {canonical((b[0].index, b[1].index)) for b in self.topology.bonds}
            for pair in combinations(atoms, 2):
                kind = "" if pair in bonded else "distance"
                yield Member("distance", pair, pair, kind)
            return
        for i, k in combinations(atoms, 2):
            for j in atoms:
                if j not in (i, k):
                    yield Member("difference", (i, j, k, j), (i, j, k))

    def _heights(self, key: str, neighbours: dict[int, list[int]]) -> Iterator[Member]:
        """Heights of all atoms over the planes of any three that are bonded to one atom."""
        planes = {
            centre: list(combinations(sorted(bound), 3)) for centre, bound in neighbours.items()
        }
        if not any(planes.values()):
            raise key_error(self.file, key, "no atom of the selection has three neighbours")
        for centre, triples in planes.items():
            for plane in triples:
                # A centre with three neighbours names the plane; with more, they do.
                of = (centre,) if len(triples) == 1 else plane
                for atom in neighbours:
                    if atom not in plane:
                        yield Member("height", (atom, *plane), (atom, *of))


def _kind(
    settings: OfAtoms,
) -> tuple[str, Sequence[Atom]]:
    if isinstance(settings, TorsionSettings):
        return "torsion", settings.torsion
    if isinstance(settings, AngleSettings):
        return "angle", settings.angle
    if isinstance(settings, HeightSettings):
        return "height", settings.height
    if isinstance(settings, DifferenceSettings):
        return "difference", (*settings.difference[0], *settings.difference[1])
    return "distance", settings.distance


def resolve_inputs(
    settings: SystemSettings,
    file: Path,
    topology: Any,
    box: BoxVectors | None = None,
    part: Part = "inputs",
) -> DescriptorSet:
    """Descriptors that networks and formulas see, or that formulas may use beside them.

    A member of a group that is named in ``descriptors`` has that name. ``box`` are the vectors of
    the periodic box, if there is one.
    """
    resolver = Resolver(file, topology)
    named = {name: resolver.descriptor(name, d) for name, d in settings.descriptors.items()}
    by_atoms = {_identity(d): d for d in named.values()}
    of_groups = _members_of_groups(settings, resolver, by_atoms)
    result: dict[str, Descriptor] = {}
    for i, entry in enumerate(getattr(settings, part)):
        key = f"{part}.{i}"
        found: Iterable[Descriptor]
        if isinstance(entry, str):
            if entry not in named:
                known = ", ".join(named)
                raise key_error(file, key, f"{entry!r}: no such descriptor; known: {known}")
            found = [named[entry]]
        elif isinstance(entry, SymmetrySettings):
            found = family(key, entry.symmetry, resolver)
            key = f"{key}.symmetry"
        else:
            found = of_groups[key]
        for member in found:
            descriptor = by_atoms.get(_identity(member), member)
            known_as = {**named, **result}.get(descriptor.name, descriptor)
            if known_as != descriptor:
                raise key_error(
                    file,
                    key,
                    f"{descriptor.name!r}: two descriptors have this name; choose another"
                    " name in descriptors, or another short name in around or of",
                )
            result[descriptor.name] = descriptor
    return DescriptorSet(tuple(result.values()), box)


def _members_of_groups(
    settings: SystemSettings, resolver: Resolver, by_atoms: Mapping[tuple[object, ...], Descriptor]
) -> dict[str, list[Descriptor]]:
    """Members of all groups of both lists by the keys of the groups, with unique names.

    What is named in ``descriptors`` has that name; the names of the others are made together, so
    that a descriptor has one name in inputs and formula_inputs.
    """
    groups = {
        f"{part}.{i}": list(resolver.group(f"{part}.{i}", entry))
        for part in PARTS
        for i, entry in enumerate(getattr(settings, part))
        if isinstance(entry, GroupSettings)
    }
    members = list(dict.fromkeys(member for group in groups.values() for member in group))
    unnamed = [m for m in members if _identity(Descriptor("", m.kind, m.atoms)) not in by_atoms]
    names = unique_names(
        resolver.topology,
        [(m.prefix, m.shown) for m in unnamed],
        taken=tuple(settings.descriptors),
    )
    known = dict(zip(unnamed, names, strict=True))
    return {
        key: [
            Descriptor(known[m], m.kind, m.atoms)
            if m in known
            else by_atoms[_identity(Descriptor("", m.kind, m.atoms))]
            for m in group
        ]
        for key, group in groups.items()
    }


def _identity(d: Descriptor) -> tuple[object, ...]:
    """What a descriptor measures, whatever its name and the direction of its atoms."""
    chain = d.kind in ATOMS_OF_KIND and d.kind not in ("height", "difference")
    atoms = canonical(d.atoms) if chain else d.atoms
    if d.kind == "difference":
        atoms = canonical(d.atoms[:2]) + canonical(d.atoms[2:])
    return (d.kind, atoms, d.axis, d.others, d.shape, d.custom)


def resolve_states(
    settings: SystemSettings, file: Path, topology: Any, box: BoxVectors | None = None
) -> States:
    """States A and B, checked to be disjoint."""
    resolver = Resolver(file, topology)
    used: dict[str, Descriptor] = {}
    states = []
    for key, state in (("A", settings.states.A), ("B", settings.states.B)):
        states.append(_state(f"states.{key}", state, settings, resolver, used))
    result = States(DescriptorSet(tuple(used.values()), box), states[0], states[1])
    for one in result.a.boxes:
        for other in result.b.boxes:
            if not _disjoint(one, other, used):
                raise key_error(
                    file, "states", "A and B overlap, or no single descriptor separates them"
                )
    return result


def _state(
    key: str,
    state: StateSettings,
    settings: SystemSettings,
    resolver: Resolver,
    used: dict[str, Descriptor],
) -> State:
    def use(name: str, where: str) -> Descriptor:
        if name not in settings.descriptors:
            known = ", ".join(settings.descriptors)
            raise key_error(resolver.file, where, f"{name!r}: no such descriptor; known: {known}")
        if name not in used:
            used[name] = resolver.descriptor(name, settings.descriptors[name])
        return used[name]

    boxes = []
    for box in state.boxes:
        intervals = []
        for name, limits in box.items():
            where = f"{key}.box.{name}"
            intervals.append(_interval(use(name, where), limits, where, resolver.file))
        boxes.append(Box(intervals=tuple(intervals)))
    if state.disc is not None:
        centre = state.disc.centre
        for name in centre:
            if use(name, f"{key}.disc.centre").unit != "nm":
                raise key_error(
                    resolver.file,
                    f"{key}.disc.centre",
                    f"{name!r}: a disc needs lengths, not angles",
                )
        disc = Disc(tuple(centre), tuple(centre.values()), state.disc.radius)
        boxes.append(Box(discs=(disc,)))
    return State(state.name, tuple(boxes))


def limit_in(value: str | float, unit: str) -> float:
    """A limit in the unit of its descriptor, a plain number if it has none."""
    if value == PLACEHOLDER:
        raise ValueError("a placeholder; write an interval, 'mechanist check' helps")
    if unit != "1":
        return to_unit(value, unit)
    if isinstance(value, str):
        raise ValueError("the descriptor has no unit; write plain numbers")
    return value


def _interval(descriptor: Descriptor, limits: Limits, where: str, file: Path) -> Interval:
    """An interval in rad or nm, checked to be neither empty nor more than a full turn."""
    try:
        low, high = (limit_in(limit, descriptor.unit) for limit in limits)
    except ValueError as error:
        raise key_error(file, where, f"{list(limits)}: {error}") from None
    if high <= low:
        raise key_error(
            file,
            where,
            f"{list(limits)}: the first limit must be the smaller"
            + (" (150 deg to 210 deg passes through 180)" if descriptor.periodic else ""),
        )
    if descriptor.periodic and high - low > 2 * math.pi:
        raise key_error(file, where, f"{list(limits)}: spans more than a full turn")
    return Interval(descriptor.name, low, high)


def _disjoint(one: Box, other: Box, descriptors: dict[str, Descriptor]) -> bool:
    """Whether a descriptor, or the distance between two discs, separates two boxes."""
    for a in _ranges(one):
        for b in _ranges(other):
            if a.descriptor == b.descriptor and _apart(a, b, descriptors[a.descriptor].periodic):
                return True
    for p in one.discs:
        for q in other.discs:
            if p.descriptors == q.descriptors:
                return math.dist(p.centre, q.centre) >= p.radius + q.radius
    return False


def _ranges(box: Box) -> Iterator[Interval]:
    """Intervals around a box: its own, and the bounds of its discs."""
    yield from box.intervals
    for disc in box.discs:
        for name, centre in zip(disc.descriptors, disc.centre, strict=True):
            yield Interval(name, centre - disc.radius, centre + disc.radius)


def _apart(a: Interval, b: Interval, periodic: bool) -> bool:
    """Whether two open intervals have no point in common."""
    if not periodic:
        return a.high <= b.low or b.high <= a.low
    turn = 2 * math.pi
    return (b.low - a.low) % turn >= a.high - a.low and (a.low - b.low) % turn >= b.high - b.low
