"""From settings to descriptors of the solvent: symmetry functions, counts, and whole families."""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from mechanist.settings.descriptors import (
    AngularFamily,
    AngularSettings,
    Atom,
    BridgesPart,
    BridgesSettings,
    CoordinationPart,
    CoordinationSettings,
    CutoffPart,
    HydrogenBondsPart,
    HydrogenBondsSettings,
    RadialSettings,
    SymmetryPart,
)
from mechanist.settings.load import key_error
from mechanist.systems.descriptors.descriptor_set import Descriptor
from mechanist.systems.descriptors.shapes import (
    Angular,
    Bridges,
    Coordination,
    HydrogenBonds,
    Radial,
    angular_norm,
    radial_norm,
)

SolventSettings = (
    RadialSettings
    | AngularSettings
    | CoordinationSettings
    | HydrogenBondsSettings
    | BridgesSettings
)
Atoms = tuple[int, ...]


class Selector(Protocol):
    """Finds atoms in a topology; see `mechanist.systems.descriptors.resolve.Resolver`."""

    file: Any
    topology: Any

    def select(self, key: str, selection: str) -> list[int]:
        """Indices of the atoms that a selection matches, at least one."""

    def atom(self, key: str, atom: Atom) -> int:
        """Index of one atom."""


@dataclass(frozen=True)
class Site:
    """A central atom, the atoms around it, and their number per molecule."""

    centre: int
    others: Atoms
    per_molecule: float


def solvent_descriptor(name: str, settings: SolventSettings, find: Selector) -> Descriptor:
    """A named symmetry function or count.

    Raises
    ------
    SystemBuildError
        If a selection matches no atom that can be counted.
    """
    key = f"descriptors.{name}"
    match settings:
        case RadialSettings(radial=part):
            site = _site(f"{key}.radial.of", find.atom(key, part.around), part.of, find)
            return _radial(name, part, part.eta, part.shift, site)
        case AngularSettings(angular=part):
            site = _site(f"{key}.angular.of", find.atom(key, part.around), part.of, find)
            numbers = (part.eta, part.shift, part.zeta, part.sign)
            return _angular(name, part, numbers, site)
        case CoordinationSettings(coordination=part):
            return _coordination(f"{key}.coordination", name, part, find)
        case HydrogenBondsSettings(hydrogen_bonds=part):
            return _hydrogen_bonds(f"{key}.hydrogen_bonds", name, part, find)
        case BridgesSettings(bridges=part):
            return _bridges(f"{key}.bridges", name, part, find)


def family(key: str, part: SymmetryPart, find: Selector) -> Iterator[Descriptor]:
    """All symmetry functions of a family.

    Names are ``G2_Li_O_025`` and ``G5_Cl_H_040_z16_m``: kind, short names of the centre and
    of the atoms around it, shift in hundredths of a nm (or finer), zeta, and p or m for the sign.
    """
    key = f"{key}.symmetry"
    centres = {at: find.atom(f"{key}.around.{at}", atom) for at, atom in part.around.items()}
    for at, centre in centres.items():
        for of, selection in part.of.items():
            site = _site(f"{key}.of.{of}", centre, selection, find)
            if part.radial is not None:
                for shift in part.radial.shifts:
                    name = f"G2_{at}_{of}_{_digits(shift)}"
                    yield _radial(name, part, part.radial.eta, shift, site)
            if part.angular is not None:
                yield from _angular_family(f"G5_{at}_{of}", part, part.angular, site)


def _angular_family(
    stem: str, part: SymmetryPart, members: AngularFamily, site: Site
) -> Iterator[Descriptor]:
    for shift, zeta, sign in itertools.product(members.shifts, members.zeta, members.signs):
        name = f"{stem}_{_digits(shift)}_z{zeta}_{'p' if sign > 0 else 'm'}"
        yield _angular(name, part, (members.eta, shift, zeta, sign), site)


def _digits(shift: float) -> str:
    """Digits of a length in nm with at least two decimals: 0.25 is 025, 0.125 is 0125."""
    text = f"{shift:.6f}".rstrip("0")
    whole, _, part = text.partition(".")
    return whole + part.ljust(2, "0")


def _site(key: str, centre: int, selection: str, find: Selector) -> Site:
    found = find.select(key, selection)
    others = tuple(i for i in found if i != centre)
    if not others:
        raise key_error(find.file, key, f"{selection!r}: matches only the central atom")
    molecules = len({find.topology.atom(i).residue.index for i in found})
    return Site(centre, others, len(found) / molecules)


def _radial(name: str, part: CutoffPart, eta: float, shift: float, site: Site) -> Descriptor:
    density = part.density * site.per_molecule
    norm = radial_norm(part.normalise, density, eta, shift)
    shape = Radial(eta, shift, part.cutoff, part.steepness, norm)
    return Descriptor(name, "radial", (site.centre,), 0, (site.others,), shape)


def _angular(
    name: str, part: CutoffPart, numbers: tuple[float, float, int, int], site: Site
) -> Descriptor:
    eta, shift, zeta, sign = numbers
    density = part.density * site.per_molecule
    norm = angular_norm(part.normalise, density, eta, shift, zeta)
    shape = Angular(eta, shift, part.cutoff, part.steepness, norm, zeta, sign)
    return Descriptor(name, "angular", (site.centre,), 0, (site.others,), shape)


def _some(key: str, atom: Atom, find: Selector) -> Atoms:
    """Atoms of an index or of a selection, which may match several."""
    return (find.atom(key, atom),) if isinstance(atom, int) else tuple(find.select(key, atom))


def _coordination(key: str, name: str, part: CoordinationPart, find: Selector) -> Descriptor:
    around = _some(f"{key}.around", part.around, find)
    others = tuple(find.select(f"{key}.of", part.of))
    if set(around) == set(others) and len(around) == 1:
        raise key_error(find.file, f"{key}.of", f"{part.of!r}: matches only the central atom")
    if part.switch == "rational":
        shape = Coordination(part.radius, power=part.power)
    else:
        shape = Coordination(part.radius, steepness=part.steepness)
    return Descriptor(name, "coordination", around, 0, (others,), shape)


def _hydrogen_bonds(key: str, name: str, part: HydrogenBondsPart, find: Selector) -> Descriptor:
    donors = set(find.select(f"{key}.donors", part.donors))
    acceptors = tuple(find.select(f"{key}.acceptors", part.acceptors))
    pairs = []
    for bond in find.topology.bonds:
        for heavy, light in ((bond[0], bond[1]), (bond[1], bond[0])):
            hydrogen = light.element is not None and light.element.atomic_number == 1
            if hydrogen and heavy.index in donors:
                pairs.append((light.index, heavy.index))
    if not pairs:
        raise key_error(
            find.file, f"{key}.donors", f"{part.donors!r}: no hydrogen is bonded to these atoms"
        )
    hydrogens, owners = zip(*sorted(set(pairs)), strict=True)
    shape = HydrogenBonds(
        part.distance, math.cos(math.radians(part.angle)), part.steepness, part.sharpness
    )
    return Descriptor(name, "hydrogen_bonds", hydrogens, 0, (owners, acceptors), shape)


def _bridges(key: str, name: str, part: BridgesPart, find: Selector) -> Descriptor:
    first, second = (_some(f"{key}.between.{i}", a, find) for i, a in enumerate(part.between))
    between = tuple(i for i in find.select(f"{key}.of", part.of) if i not in {*first, *second})
    if not between:
        raise key_error(find.file, f"{key}.of", f"{part.of!r}: all of these are bridged atoms")
    shape = Bridges((part.radii[0], part.radii[1]), part.steepness)
    return Descriptor(name, "bridges", first, 0, (second, between), shape)
