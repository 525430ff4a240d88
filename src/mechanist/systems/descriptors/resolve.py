"""From the names in system.yaml to descriptors and states with atom indices."""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from mechanist.arrays import Positions, Rows
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
    VolumeSettings,
)
from mechanist.settings.load import key_error
from mechanist.settings.system import PLACEHOLDER, Limits, StateSettings, SystemSettings
from mechanist.settings.units import to_unit
from mechanist.systems.descriptors.box import BoxVectors, Cell
from mechanist.systems.descriptors.custom import CUSTOM, find_custom, find_variable
from mechanist.systems.descriptors.descriptor_set import COLLECTIVE, Descriptor, DescriptorSet
from mechanist.systems.descriptors.equivalent import find_equivalent, undirected
from mechanist.systems.descriptors.groups import members_of
from mechanist.systems.descriptors.labels import unique_names
from mechanist.systems.descriptors.resolve_collective import (
    CollectiveSettings,
    collective_descriptor,
)
from mechanist.systems.descriptors.resolve_solvent import family, solvent_descriptor
from mechanist.systems.descriptors.states import Box, Disc, Interval, State, States

Part = Literal["inputs", "formula_inputs"]
PARTS: tuple[Part, ...] = ("inputs", "formula_inputs")

OfAtoms = TorsionSettings | AngleSettings | DistanceSettings | DifferenceSettings | HeightSettings
"""Descriptors of a few named atoms."""


class Resolver:
    """Resolves atom selections of one system.yaml against its topology (an mdtraj Topology)."""

    def __init__(
        self,
        file: Path,
        topology: Any,
        equivalent: Sequence[str | Sequence[Atom]] = (),
        changing_box: bool = False,
        periodic: bool = False,
    ) -> None:
        self.file = file
        self.changing_box, self.periodic = changing_box, periodic
        self.topology = topology
        self.equivalent = find_equivalent(self, equivalent)

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
        found = self._descriptor(name, settings)
        self.equivalent.check(f"descriptors.{name}", found)
        return found

    def _descriptor(self, name: str, settings: DescriptorSettings) -> Descriptor:
        key = f"descriptors.{name}"
        if isinstance(settings, CoordinateSettings):
            particle, axis = divmod(settings.coordinate, 3)
            return Descriptor(name, "coordinate", (self.atom(key, particle),), axis)
        if isinstance(settings, CustomSettings):
            return Descriptor(name, CUSTOM, (), custom=find_custom(self.file, key, settings))
        if isinstance(settings, PlumedSettings):
            masses = tuple(float(atom.element.mass) for atom in self.topology.atoms)
            variable = find_variable(self.file, key, settings, masses)
            return Descriptor(name, CUSTOM, (), custom=variable)
        if isinstance(settings, VolumeSettings):
            if not self.changing_box:
                what = "the volume does not change within paths; see dynamics.npt"
                raise key_error(self.file, key, what)
            return Descriptor(name, "volume", ())
        if isinstance(settings, CollectiveSettings):
            found = collective_descriptor(name, settings, self)
            groups = (found.atoms, *found.others)
            return replace(found, scattered=self.periodic and any(map(self._scattered, groups)))
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

    def _scattered(self, atoms: Sequence[int]) -> bool:
        """Whether bonds of the topology do not join the molecules of a group to one."""
        return len(set(self._molecules[list(atoms)].tolist())) > 1

    @cached_property
    def _molecules(self) -> Rows:
        """(N,) number of the molecule of each atom."""
        bonds = [(one.index, other.index) for one, other in self.topology.bonds]
        pairs = np.array(bonds, dtype=np.int64).reshape(-1, 2)
        count = self.topology.n_atoms
        graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
        return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


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
    resolver = resolver_of(settings, file, topology, box)
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
    return DescriptorSet(tuple(result.values()), box, _box_row(settings, topology))


def resolver_of(
    settings: SystemSettings, file: Path, topology: Any, box: BoxVectors | None
) -> Resolver:
    """The resolver of a system.yaml."""
    changing = settings.dynamics.npt == "paths"
    return Resolver(file, topology, settings.equivalent, changing, box is not None)


def _box_row(settings: SystemSettings, topology: Any) -> int | None:
    """Row of frames with the box, which is the last one, if the box changes within paths."""
    return int(topology.n_atoms) if settings.dynamics.npt == "paths" else None


def check_groups(descriptors: DescriptorSet, positions: Positions, file: Path) -> None:
    """Refuse collective variables whose groups cannot be made whole in the box of a structure.

    A group is made whole from atom to atom in its order, so that neighbours farther apart than half
    of the box would be brought together by the wrong image.

    Raises
    ------
    SystemBuildError
        If that is so in ``positions`` (N, 3) in nm.
    """
    if descriptors.box is None:
        return
    cell = Cell(descriptors.box)
    for d in descriptors.descriptors:
        for group in (d.atoms, *d.others) if d.kind in COLLECTIVE else ():
            steps = cell.nearest(np.diff(positions[list(group)].astype(np.float64), axis=0))
            lengths = np.linalg.norm(steps, axis=1)
            if len(lengths) and lengths.max() ** 2 >= cell.safe:
                at = int(lengths.argmax())
                raise key_error(
                    file,
                    f"descriptors.{d.name}",
                    f"atoms {group[at]} and {group[at + 1]}, neighbours in its order, are"
                    f" {lengths[at]:.2f} nm apart; half of the periodic box is"
                    f" {math.sqrt(cell.safe):.2f} nm; select atoms in an order without such gaps",
                )


def _members_of_groups(
    settings: SystemSettings, resolver: Resolver, by_atoms: Mapping[tuple[object, ...], Descriptor]
) -> dict[str, list[Descriptor]]:
    """Members of all groups of both lists by the keys of the groups, with unique names.

    What is named in ``descriptors`` has that name; the names of the others are made together, so
    that a descriptor has one name in inputs and formula_inputs.
    """
    groups = {
        f"{part}.{i}": list(
            resolver.equivalent.symmetrised(
                f"{part}.{i}", members_of(resolver, f"{part}.{i}", entry)
            )
        )
        for part in PARTS
        for i, entry in enumerate(getattr(settings, part))
        if isinstance(entry, GroupSettings)
    }
    members = list(dict.fromkeys(member for group in groups.values() for member in group))
    unnamed = [m for m in members if _identity(m.descriptor()) not in by_atoms]
    names = unique_names(
        resolver.topology,
        [(m.prefix, m.shown, m.suffix) for m in unnamed],
        taken=tuple(settings.descriptors),
    )
    known = dict(zip(unnamed, names, strict=True))
    return {
        key: [
            m.descriptor(known[m]) if m in known else by_atoms[_identity(m.descriptor())]
            for m in group
        ]
        for key, group in groups.items()
    }


def _identity(d: Descriptor) -> tuple[object, ...]:
    """What a descriptor measures, whatever its name and the direction of its atoms."""
    return (d.kind, undirected(d.kind, d.atoms), d.axis, d.others, d.shape, d.custom)


def resolve_states(
    settings: SystemSettings, file: Path, topology: Any, box: BoxVectors | None = None
) -> States:
    """States A and B, checked to be disjoint."""
    resolver = resolver_of(settings, file, topology, box)
    used: dict[str, Descriptor] = {}
    states = []
    for key, state in (("A", settings.states.A), ("B", settings.states.B)):
        states.append(_state(f"states.{key}", state, settings, resolver, used))
    known = DescriptorSet(tuple(used.values()), box, _box_row(settings, topology))
    result = States(known, states[0], states[1])
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
