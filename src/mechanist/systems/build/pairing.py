"""A second structure of a molecule: the same atoms in the same order, or a reason why not."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array, Rows
from mechanist.errors import SystemBuildError
from mechanist.settings.molecule import MoleculeSettings
from mechanist.systems.build.coordinates import read_structure
from mechanist.systems.build.exchange import exchanged
from mechanist.systems.build.identity import centres, centres_of, mirrored, order_by_names
from mechanist.systems.build.molecule import Molecule, build_molecule
from mechanist.systems.build.names import Name
from mechanist.systems.build.radii import bonded_pairs

MOST_CHANGES = 8
"""Bonds that may break and form between two structures; more mean another order of atoms."""

ROUNDING = 0.01
"""Relative difference of two boxes up to which they are the same."""


@dataclass(frozen=True)
class Second:
    """The second structure.

    Parameters
    ----------
    positions
        (N, 3) in nm, in the order of the first.
    notes
        What was changed, in words.
    """

    positions: Array
    notes: tuple[str, ...]


def second_structure(
    first: Molecule, settings: MoleculeSettings, folder: Path, file: str
) -> Second:
    """Read a second structure of a molecule.

    Parameters
    ----------
    first
        The molecule as built from its first structure.
    settings, folder
        Its section ``molecule``, and the folder of its files.
    file
        Name of the second structure in that folder.

    Raises
    ------
    SystemBuildError
        If it is another molecule, its box is another, or a centre is its mirror image.
    """
    own = read_structure(folder / file, settings.kind == "Amber").topology
    if settings.kind == "law" and own is not None:
        # Before a force law refuses the number of electrons of other atoms.
        _check_atoms(first.topology, own, settings.structure, file)
    second = build_molecule(settings.model_copy(update={"structure": file}), folder)
    _check_atoms(first.topology, second.topology, settings.structure, file)
    names = [[Name.of(atom) for atom in one.topology.atoms()] for one in (second, first)]
    unordered = settings.kind in ("XML", "law")
    order = order_by_names(names[0], names[1], file) if unordered else None
    positions, notes = second.positions, [note for note in second.notes if note not in first.notes]
    if order is not None:
        positions = positions[order]
        moved = int((order != np.arange(len(order))).sum())
        notes.append(
            f"{file}: {moved:,} atoms stand in another order than in {settings.structure}; they"
            " were put in its order by their names"
        )
    files = settings.structure, file
    if settings.kind == "law":
        notes += _changes(first, positions, files)
        positions, relabelled = _relabelled(first, positions, files)
        notes += [*relabelled, *_turned(first, positions, files)]
        return Second(positions, tuple(notes))
    _check_bonds(first.topology, second.topology, order, files)
    _check_box(first.box, second.box, files)
    positions, relabelled = _relabelled(first, positions, files)
    notes += relabelled
    centre = mirrored(centres_of(first.topology), first.positions, positions)
    if centre is not None:
        raise SystemBuildError(
            file,
            f"atom {centre}, {names[1][centre]}, is the mirror image of what it is in"
            f" {settings.structure}: no path without a broken bond joins them",
        )
    return Second(positions, tuple(notes))


def _formula(topology: Any) -> Counter[str]:
    return Counter(a.element.symbol if a.element else a.name for a in topology.atoms())


def _check_atoms(first: Any, second: Any, one: str, other: str) -> None:
    """Compare the elements of two OpenMM Topologies."""
    ours, theirs = (_formula(topology) for topology in (first, second))
    if ours == theirs:
        return
    texts = [
        " ".join(f"{symbol}{n}" for symbol, n in sorted(part.items()))
        for part in (ours - theirs, theirs - ours)
    ]
    found = [
        f"{text} more in {file}" for text, file in zip(texts, (one, other), strict=True) if text
    ]
    raise SystemBuildError(
        other,
        f"is another molecule than {one}: {', '.join(found)}; both ends need the same atoms, the"
        " same protonation and as many waters",
    )


def _check_bonds(first: Any, second: Any, order: Rows | None, files: tuple[str, str]) -> None:
    """Compare the bonds of two OpenMM Topologies."""
    place = np.arange(first.getNumAtoms()) if order is None else np.argsort(order)
    ours = {frozenset((b[0].index, b[1].index)) for b in first.bonds()}
    theirs = {frozenset((int(place[b[0].index]), int(place[b[1].index]))) for b in second.bonds()}
    differing = sorted(tuple(sorted(pair)) for pair in ours ^ theirs)
    if not differing:
        return
    atoms = list(first.atoms())
    i, j = differing[0]
    where = files[0] if frozenset((i, j)) in ours else files[1]
    raise SystemBuildError(
        files[1],
        f"is another molecule than {files[0]}: only {where} has a bond between"
        f" {Name.of(atoms[i])} and {Name.of(atoms[j])}; a force field breaks no bonds, a force law"
        " such as gfn2-xtb does",
    )


def _changes(first: Molecule, positions: Array, files: tuple[str, str]) -> list[str]:
    """Bonds that break or form under a force law, in words; refused if they are too many."""
    atoms = list(first.topology.atoms())
    numbers = [int(atom.element.atomic_number) for atom in atoms]
    one, other = (set(bonded_pairs(numbers, place)) for place in (first.positions, positions))
    texts = []
    for what, pairs in (("break", one - other), ("form", other - one)):
        names = [f"{Name.of(atoms[i]).atom}-{Name.of(atoms[j]).atom}" for i, j in sorted(pairs)]
        if names:
            texts.append(f"{what}: {', '.join(names)}")
    if len(one ^ other) > MOST_CHANGES:
        raise SystemBuildError(
            files[1],
            f"{len(one ^ other)} bonds are others than in {files[0]}, more than {MOST_CHANGES}; is"
            " the order of atoms the same?",
        )
    if not texts:
        return []
    notes = [f"from {files[0]} to {files[1]} bonds {'; bonds '.join(texts)}"]
    if _kinds(numbers, one) == _kinds(numbers, other):
        notes.append(
            "both have the same bonds but for which of equal atoms have them: either the reaction"
            " exchanges equal atoms, or the files have atoms in different orders"
        )
    return notes


def _kinds(numbers: list[int], pairs: set[tuple[int, int]]) -> Counter[str]:
    """Atoms by element and by what is bonded to them, up to three bonds away."""
    bonded: dict[int, list[int]] = {i: [] for i in range(len(numbers))}
    for i, j in pairs:
        bonded[i].append(j)
        bonded[j].append(i)
    kinds = [str(number) for number in numbers]
    for _ in range(3):
        kinds = [f"{kinds[i]}({','.join(sorted(kinds[j] for j in bonded[i]))})" for i in bonded]
    return Counter(kinds)


def _relabelled(
    first: Molecule, positions: Array, files: tuple[str, str]
) -> tuple[Array, list[str]]:
    """Positions with equal atoms of one centre labelled as in the first structure, and notes."""
    atoms = list(first.topology.atoms())
    numbers = [int(atom.element.atomic_number) if atom.element else 0 for atom in atoms]
    if first.law is not None and first.law.whole:
        both = [set(bonded_pairs(numbers, place)) for place in (first.positions, positions)]
    else:
        both = [{(b[0].index, b[1].index) for b in first.topology.bonds()}] * 2
    result, found = exchanged(numbers, (both[0], both[1]), first.positions, positions)
    return result, [
        f"{files[1]}: {Name.of(atoms[i])} and {Name.of(atoms[j])} (atoms {i} and {j}) were"
        f" exchanged: they are equal, and with their labels {Name.of(atoms[centre])} is the mirror"
        f" image of what it is in {files[0]}"
        for centre, (i, j) in found
    ]


def _turned(first: Molecule, positions: Array, files: tuple[str, str]) -> list[str]:
    """A note on a centre that is a mirror image, though no bond of it breaks or forms."""
    atoms = list(first.topology.atoms())
    numbers = [int(atom.element.atomic_number) for atom in atoms]
    one, other = (set(bonded_pairs(numbers, place)) for place in (first.positions, positions))
    changed = {atom for pair in one ^ other for atom in pair}
    light = {i for i, number in enumerate(numbers) if number == 1}
    found = [row for row in centres(one, light) if int(row[0]) not in changed]
    centre = mirrored(np.array(found, dtype=np.int64).reshape(-1, 5), first.positions, positions)
    if centre is None:
        return []
    return [
        f"{files[1]}: atom {centre}, {Name.of(atoms[centre])}, is the mirror image of what it is in"
        f" {files[0]}, with the same bonds: one of them must break on the way; is the order of"
        " atoms the same?"
    ]


def _check_box(first: Array | None, second: Array | None, files: tuple[str, str]) -> None:
    if first is None or second is None:
        return
    sizes = [np.diag(box) for box in (first, second)]
    if np.abs(sizes[1] / sizes[0] - 1).max() < ROUNDING:
        return
    texts = [" x ".join(f"{edge:.3f}" for edge in size) for size in sizes]
    raise SystemBuildError(
        files[1], f"its box is {texts[1]} nm, that of {files[0]} {texts[0]} nm; they must be equal"
    )
