"""The check of identity, wherever two files meet: same atoms, in the same order.

Counts alone do not tell: two files of the same molecule with atoms in another order give a
structure that minimisation turns into another one, with other chirality. So names are compared
where both files have them, elements with masses, lengths of bonds and constraints with the
structure before it is minimised, and the handedness of centres before and after.
"""

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np

from mechanist.arrays import Array, Positions, Rows
from mechanist.errors import SystemBuildError
from mechanist.systems.build.bonded import bonds_of
from mechanist.systems.build.names import Name

HYDROGENS = (0.9, 4.2)
"""Dalton; hydrogen, deuterium, and hydrogen with mass from its heavy atom (up to 4)."""

HYDROGEN = 1.008
MASS_ERROR = 0.7
"""Dalton; largest difference between the mass of an atom and that of its element."""

STRETCHED, SHRUNK, SLACK = 1.3, 0.6, 0.01
"""Factors on the length of a bond, and nm beyond them, outside which a structure does not fit.

A structure may be rough: bonds of hydrogens that were built without a force field are within 20 %.
"""

FLAT = 1e-3
"""nm^3; a flatter centre has no handedness (a carbon with four bonds has about 0.008)."""

ORGANIC = frozenset("HCNOPS")
"""Elements whose symbol is the first letter of the names of their atoms, in all programs."""


def order_by_names(given: Sequence[Name], own: Sequence[Name], path: object) -> Rows | None:
    """For each atom of a topology the atom of another file that has its name.

    Parameters
    ----------
    given
        Of the other file.
    own
        Of the topology.
    path
        The other file, for messages.

    Returns
    -------
    ndarray or None
        (N,) indices; None if the order is the same.

    Raises
    ------
    SystemBuildError
        If atoms have another order and their names do not say which.
    """
    differing = [i for i, (a, b) in enumerate(zip(given, own, strict=True)) if _differ(a, b)]
    if not differing:
        return None
    first = differing[0]
    found = _by_residue(given, own)
    if found is not None:
        return found
    if not any(_contradict(a, b) for a, b in zip(given, own, strict=True)):
        # The programs name atoms differently, and nothing speaks against the order.
        return None
    first = next(i for i in range(len(own)) if _contradict(given[i], own[i]))
    raise SystemBuildError(
        path,
        f"atom {first} is {given[first]}, in the topology it is {own[first]}; the order of atoms"
        " differs, and names do not tell which belong together",
    )


def _differ(a: Name, b: Name) -> bool:
    return a.key != b.key or bool(a.element and b.element and a.element != b.element)


def _contradict(a: Name, b: Name) -> bool:
    """Whether two names cannot stand for the same atom in any program."""
    if a.element and b.element:
        return a.element != b.element
    own = a.element or b.element
    other = b if a.element else a
    if not own:
        return a.key[:1] != b.key[:1] and {a.key[:1], b.key[:1]} <= ORGANIC
    return own in ORGANIC and other.key[:1] in ORGANIC and other.key[:1] != own


def _residues(names: Sequence[Name]) -> list[list[int]]:
    """Atoms of each residue, a run of atoms of one number and name."""
    found: list[list[int]] = []
    for i, name in enumerate(names):
        before = names[i - 1]
        if i == 0 or (name.number, name.residue) != (before.number, before.residue):
            found.append([])
        found[-1].append(i)
    return found


def _by_residue(given: Sequence[Name], own: Sequence[Name]) -> Rows | None:
    """Atoms by names, residue by residue; also of residues in another order, if they are alike."""
    there, here = _residues(given), _residues(own)
    if len(there) != len(here):
        return None
    if any(_keys(given, a) != _keys(own, b) for a, b in zip(there, here, strict=True)):
        reordered = _same_kinds(given, there, own, here)
        if reordered is None:
            return None
        there = reordered
    result = np.empty(len(own), dtype=np.int64)
    for atoms, targets in zip(there, here, strict=True):
        places = {given[i].key: i for i in atoms}
        if len(places) != len(atoms):
            # Several atoms of one name: they must be in order already.
            if any(_differ(given[i], own[j]) for i, j in zip(atoms, targets, strict=True)):
                return None
            result[targets] = atoms
            continue
        result[targets] = [places[own[j].key] for j in targets]
    return result


def _same_kinds(
    given: Sequence[Name], there: list[list[int]], own: Sequence[Name], here: list[list[int]]
) -> list[list[int]] | None:
    """Residues of the other file in the order of the topology, by their names of atoms.

    Residues of one kind stay in order, so that those of a chain remain one after the other.
    """
    waiting: dict[tuple[str, ...], list[list[int]]] = {}
    for atoms in there:
        waiting.setdefault(_keys(given, atoms), []).append(atoms)
    result = []
    for atoms in here:
        kind = waiting.get(_keys(own, atoms))
        if not kind:
            return None
        result.append(kind.pop(0))
    return result


def _keys(names: Sequence[Name], atoms: Iterable[int]) -> tuple[str, ...]:
    return tuple(sorted(names[i].key for i in atoms))


def check_masses(topology: Any, system: Any, path: object) -> None:
    """Compare the elements of an OpenMM Topology with the masses of a System.

    Hydrogen masses may be repartitioned: what hydrogens gain, the heavy atom loses. Massless
    particles, beads and united atoms are allowed.

    Raises
    ------
    SystemBuildError
        Naming the first atom that differs.
    """
    atoms = list(topology.atoms())
    masses = [system.getParticleMass(i)._value for i in range(system.getNumParticles())]
    hydrogens: dict[int, list[int]] = {}
    for bond in topology.bonds():
        for a, b in ((bond[0], bond[1]), (bond[1], bond[0])):
            if b.element is not None and b.element.symbol == "H":
                hydrogens.setdefault(a.index, []).append(b.index)
    for atom in atoms:
        mass = masses[atom.index]
        if atom.element is None or mass == 0 or atom.element.mass._value == 0:
            continue
        if not _mass_fits(atom, mass, [masses[i] for i in hydrogens.get(atom.index, [])]):
            raise SystemBuildError(
                path,
                f"atom {atom.index}, {Name.of(atom)}, is {atom.element.name}, but has a mass of"
                f" {mass:.4g} dalton in the System; do both have their atoms in the same order?",
            )


def _mass_fits(atom: Any, mass: float, hydrogens: Sequence[float]) -> bool:
    """Whether a mass may be that of an atom with hydrogens of these masses."""
    element = float(atom.element.mass._value)
    if atom.element.symbol == "H":
        return HYDROGENS[0] <= mass <= HYDROGENS[1]
    lost = sum(one - HYDROGEN for one in hydrogens)
    united = [] if hydrogens or atom.element.symbol != "C" else [1, 2, 3, 4]
    usual = [element, element - lost, *(element + n * HYDROGEN for n in united)]
    return any(abs(mass - one) < MASS_ERROR for one in usual)


def check_lengths(names: Sequence[Name], system: Any, positions: Positions, path: object) -> None:
    """Compare the bonds and constraints of a System with frames of whole molecules.

    Parameters
    ----------
    names
        Of the atoms, for messages.
    system
        OpenMM System.
    positions
        (N, 3) or (F, N, 3) in nm.
    path
        Their file, for messages.

    Raises
    ------
    SystemBuildError
        Naming the atoms of the first pair that are far too close or too far from each other.
    """
    bonds = bonds_of(system)
    rows = sorted((bonds.bonds | bonds.angles).items())
    rows = [(p, x) for p, x in rows if all(system.getParticleMass(i)._value > 0 for i in p)]
    if not rows:
        return
    pairs = np.array([pair for pair, _ in rows])
    lengths = np.array([length for _, length in rows])
    for number, frame in enumerate(positions.reshape(-1, *positions.shape[-2:])):
        distances = np.linalg.norm(frame[pairs[:, 1]] - frame[pairs[:, 0]], axis=1)
        wrong = (distances > STRETCHED * lengths + SLACK) | (distances < SHRUNK * lengths)
        if wrong.any():
            k = int(np.argmax(wrong))
            i, j = (int(n) for n in pairs[k])
            where = f" in frame {number}" if positions.ndim == 3 else ""
            raise SystemBuildError(
                path,
                f"atoms {i} and {j}, {names[i]} and {names[j]}, are {distances[k]:.3f} nm"
                f" apart{where}, the force field holds them at {lengths[k]:.3f} nm; is the order"
                " of atoms the same in both files?",
            )


def centres(pairs: Iterable[tuple[int, int]], light: Collection[int]) -> Rows:
    """Tetrahedral centres (C, 5) that may be chiral: an atom and its four neighbours, sorted.

    Parameters
    ----------
    pairs
        Bonded atoms.
    light
        Hydrogens, of which a centre has one at most.
    """
    neighbours: dict[int, list[int]] = {}
    for i, j in pairs:
        neighbours.setdefault(i, []).append(j)
        neighbours.setdefault(j, []).append(i)
    found = [
        (atom, *sorted(others))
        for atom, others in sorted(neighbours.items())
        if len(others) == 4 and sum(other in light for other in others) <= 1
    ]
    return np.array(found, dtype=np.int64).reshape(-1, 5)


def centres_of(topology: Any) -> Rows:
    """Those of an OpenMM Topology; atoms without an element do not count."""
    bonds = [
        (bond[0].index, bond[1].index)
        for bond in topology.bonds()
        if bond[0].element is not None and bond[1].element is not None
    ]
    light = {a.index for a in topology.atoms() if a.element and a.element.atomic_number == 1}
    return centres(bonds, light)


def volumes(found: Rows, positions: Positions) -> Array:
    """Signed volumes (C,) in nm^3 that the four neighbours of each centre span, times 6."""
    a, b, c = (positions[found[:, k]] - positions[found[:, 4]] for k in (1, 2, 3))
    return np.asarray(np.einsum("ij,ij->i", a, np.cross(b, c)), dtype=np.float64)


def mirrored(found: Rows, one: Positions, other: Positions) -> int | None:
    """The first centre that is a mirror image in ``other`` of what it is in ``one``."""
    old, new = volumes(found, one), volumes(found, other)
    turned = (old * new < 0) & (np.abs(old) > FLAT) & (np.abs(new) > FLAT)
    return int(found[int(np.argmax(turned)), 0]) if turned.any() else None


def check_chirality(topology: Any, before: Array, after: Array, path: object) -> None:
    """Compare the handedness of all centres before and after minimisation.

    Raises
    ------
    SystemBuildError
        Naming the first centre that changed.
    """
    centre = mirrored(centres_of(topology), before, after)
    if centre is None:
        return
    name = Name.of(list(topology.atoms())[centre])
    raise SystemBuildError(
        path,
        f"minimisation turns atom {centre}, {name}, into its mirror image; is the order of atoms"
        " that of the force field?",
    )
