"""Molecules under a force law: all of their atoms, or a part of a classical system."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.settings.forces import ElectronsSettings, LawSettings
from mechanist.settings.load import SYSTEM_FILE, key_error
from mechanist.systems.build.atoms import check_scale
from mechanist.systems.build.bare import bare, softness
from mechanist.systems.build.coordinates import Structure
from mechanist.systems.build.names import Name
from mechanist.systems.build.radii import bonded_pairs
from mechanist.systems.descriptors.bonds import connected, neighbours_of
from mechanist.systems.descriptors.box import Cell, box_of
from mechanist.systems.descriptors.labels import topology_of
from mechanist.systems.descriptors.resolve import Resolver
from mechanist.systems.forces.attach import Attached, attach, width
from mechanist.systems.forces.law_spec import KEY, law_spec
from mechanist.systems.forces.law_test import law_test
from mechanist.systems.forces.remainder import bound, remainder
from mechanist.systems.forces.stretch import stretch

ATOMS = f"{KEY}.atoms"

CHARGE = 0.5
"""Elementary charges by which the part may differ between force field and law: less than one
electron, since a force field shares charges between groups."""


def all_under_law(
    law: LawSettings, path: Path, structure: Structure
) -> tuple[Any, Any, Attached, list[str]]:
    """Topology and System of a structure whose atoms are all under a force law, the law, and notes.

    Parameters
    ----------
    law
        The section ``forces``.
    path
        The structure, beside system.yaml.
    structure
        What is in it.

    Raises
    ------
    SystemBuildError
        If the structure does not name the elements, or the force law fails.
    """
    topology = structure.topology
    if topology is None:
        raise SystemBuildError(
            path, "molecule.structure: with a force law it must be PDB or PDBx/mmCIF"
        )
    topology.setPeriodicBoxVectors(None)
    system, numbers = bare(topology, structure.positions, path)
    check_scale(numbers, structure.positions, path.name)
    attached, notes = _tested(law, path.parent, numbers, structure.positions)
    attach(system, attached)
    return topology, system, attached, [*structure.notes, *notes]


def part_under_law(
    law: LawSettings, folder: Path, topology: Any, system: Any, positions: Array
) -> tuple[Any, Array, Attached, list[str]]:
    """System and positions (N, 3) in nm of a molecule with a part under a force law, and notes.

    Parameters
    ----------
    law
        The section ``forces``, with a selection of atoms.
    folder
        Of system.yaml.
    topology, system, positions
        The molecule under its force field.

    Raises
    ------
    SystemBuildError
        If the selection is not made of whole molecules, or the force law fails.
    """
    file = folder / SYSTEM_FILE
    atoms = _selected(law, file, topology, system)
    found = list(topology.atoms())
    numbers = tuple(int(found[i].element.atomic_number) for i in atoms)
    notes = _charge(law, file, system, atoms)
    box = box_of(system)
    if box is not None:
        positions = _together(positions, topology, atoms, Cell(np.array(box)))
    attached, doubts = _tested(law, folder, numbers, positions[list(atoms)], atoms)
    try:
        rest = remainder(system, atoms)
    except SystemBuildError as error:
        raise key_error(file, ATOMS, str(error)) from None
    attach(rest, attached)
    if (size := width(positions[list(atoms)])) > attached.widest:
        raise key_error(
            file,
            ATOMS,
            f"{law.atoms!r}: is {size:.2f} nm wide; at most half of the box,"
            f" {attached.widest:.2f} nm, so that it does not meet its own image",
        )
    if gone := system.getNumConstraints() - rest.getNumConstraints():
        notes.append(f"{gone:,} bonds of fixed length in {law.atoms!r} are flexible under the law")
    return rest, positions, attached, [*notes, *doubts]


def _tested(
    law: LawSettings,
    folder: Path,
    numbers: tuple[int, ...],
    positions: Array,
    atoms: tuple[int, ...] = (),
) -> tuple[Attached, list[str]]:
    """The force law of atoms with positions (N, 3) in nm, and what is doubtful about it."""
    attached = Attached(law_spec(law, numbers, folder, atoms))
    name, file = attached.spec.name, folder / SYSTEM_FILE
    try:
        test = law_test(attached, positions)
    except SystemBuildError as error:
        raise key_error(file, KEY, f"{name}: {error}") from None
    if test.faults:
        raise key_error(file, KEY, f"{name}: {test.faults[0]}")
    soft = softness(test.stiffness, numbers, positions)
    if not soft:
        pairs = bonded_pairs(list(numbers), positions)
        soft = [said for said in (stretch(attached, numbers, pairs, positions),) if said]
    doubts = [*test.doubts, *soft]
    return attached, [f"{name}: {doubt}" for doubt in doubts]


def _selected(law: LawSettings, file: Path, topology: Any, system: Any) -> tuple[int, ...]:
    """Atoms of a part, which must be whole molecules and not all there are."""
    assert law.atoms is not None
    atoms = tuple(sorted(Resolver(file, topology_of(topology)).select(ATOMS, law.atoms)))
    found, part = list(topology.atoms()), frozenset(atoms)
    if len(part) == len(found):
        raise key_error(
            file,
            ATOMS,
            f"{law.atoms!r}: are all atoms; leave out atoms and the keys of the force field",
        )
    for i in atoms:
        if found[i].element is None or system.isVirtualSite(i):
            raise key_error(
                file,
                ATOMS,
                f"{law.atoms!r}: atom {i}, {Name.of(found[i])}, is a site without an element",
            )
    cut = sorted(pair for pair in bound(system, topology) if len(part.intersection(pair)) == 1)
    if cut:
        first, second = (f"{Name.of(found[i])} (atom {i})" for i in cut[0])
        raise key_error(
            file,
            ATOMS,
            f"{law.atoms!r}: cuts {len(cut)} bonds, such as {first} - {second};"
            " only whole molecules, since no atoms are added at the ends of cut bonds",
        )
    return atoms


def _charge(law: LawSettings, file: Path, system: Any, atoms: Sequence[int]) -> list[str]:
    """Refuse a part that has another charge in the force field than under the law."""
    import openmm

    fields = [f for f in system.getForces() if isinstance(f, openmm.NonbondedForce)]
    if not fields or not isinstance(law, ElectronsSettings):
        return []
    charge = sum(f.getParticleParameters(i)[0]._value for f in fields for i in atoms)
    if abs(charge - law.charge) > CHARGE:
        raise key_error(
            file,
            f"{KEY}.charge",
            f"{law.charge}: the force field gives {law.atoms!r} a charge of {charge:+.2f}",
        )
    return []


def _together(positions: Array, topology: Any, atoms: Sequence[int], cell: Cell) -> Array:
    """Positions with the molecules of a part at their images nearest to that of its first atom."""
    result = positions.copy()
    neighbours = neighbours_of(topology_of(topology), atoms)
    left, centre = set(atoms), None
    while left:
        molecule = sorted(connected(neighbours, min(left)))
        left -= set(molecule)
        own = result[molecule].mean(axis=0)
        centre = own if centre is None else centre
        result[molecule] += cell.nearest((own - centre)[None])[0] - (own - centre)
    return result
