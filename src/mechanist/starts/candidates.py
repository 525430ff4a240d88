"""Descriptors that may tell two basins apart, the most readable first.

Bonds that break or form, torsions with a name of their own (phi, psi, omega, chi), torsions
of heavy atoms about a bond, torsions that end in a hydrogen, improper torsions of an
atom with three neighbours, distances.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from mechanist.systems.build.suggest import (
    HYDROGEN_MAX,
    mass_of,
    solute_bonds,
    torsions_about_bonds,
)
from mechanist.systems.descriptors.bonds import canonical, rotor_atoms
from mechanist.systems.descriptors.descriptor_set import Descriptor
from mechanist.systems.descriptors.labels import unique_names

NAMED = ("phi", "psi", "omega", "chi1", "chi2", "chi3", "chi4", "chi5")
"""Of proteins, by mdtraj's definitions."""

MOST_IN_PAIRS = 40
"""Heavy atoms up to which all their pairs are candidates; beyond, one atom of each residue."""

KINDS = (
    "bond that breaks or forms",
    "named torsion",
    "torsion of heavy atoms",
    "torsion that ends in a hydrogen",
    "improper torsion",
    "distance",
)
"""By rank."""


@dataclass(frozen=True)
class Candidate:
    """A descriptor and the rank of its kind in `KINDS`; lower ranks are preferred."""

    descriptor: Descriptor
    rank: int

    @property
    def kind(self) -> str:
        """In words."""
        return KINDS[self.rank]


def telling(topology: Any, changed: Sequence[tuple[int, int]] = ()) -> list[Candidate]:
    """Candidates of an mdtraj Topology, by rank, each with a name of its own.

    ``changed`` are pairs of atoms that are bonded in one of two structures only.
    """
    found: list[Candidate] = []
    taken: set[tuple[int, ...]] = set()
    names: set[str] = set()

    def add(rank: int, kind: str, atoms: tuple[int, ...], name: str) -> None:
        taken.add(canonical(atoms))
        names.add(name)
        found.append(Candidate(Descriptor(name, kind, atoms), rank))

    for name, atoms in _named(topology):
        if canonical(atoms) not in taken:
            add(1, "torsion", atoms, name)
    for rank, kind, members in (
        (0, "distance", changed),
        *_torsions(topology),
        (4, "torsion", _impropers(topology)),
        (5, "distance", _pairs(topology)),
    ):
        new = [atoms for atoms in members if canonical(atoms) not in taken]
        labels = unique_names(topology, [(_prefix(rank, kind), a) for a in new], names)
        for atoms, label in zip(new, labels, strict=True):
            add(rank, kind, atoms, label)
    return sorted(found, key=lambda candidate: candidate.rank)


def _prefix(rank: int, kind: str) -> str:
    return "improper" if rank == 4 else kind


def _named(topology: Any) -> list[tuple[str, tuple[int, ...]]]:
    """Torsions of proteins: ``phi`` if there is one, else ``phi_2`` by the residue."""
    from mdtraj.geometry import dihedral

    found = []
    for name in NAMED:
        rows = [tuple(map(int, row)) for row in getattr(dihedral, f"indices_{name}")(topology)]
        residues = [topology.atom(row[1 if name == "psi" else 2]).residue for row in rows]
        numbers = [str(residue.resSeq).replace("-", "m") for residue in residues]
        if len(rows) != 1 and len(set(numbers)) != len(numbers):
            numbers = [str(residue.index) for residue in residues]
        for row, number in zip(rows, numbers, strict=True):
            found.append((name if len(rows) == 1 else f"{name}_{number}", row))
    return found


def _torsions(topology: Any) -> list[tuple[int, str, list[tuple[int, ...]]]]:
    """Torsions about bonds, rings included: of heavy atoms, then those that end in hydrogens.

    A rotation of a methyl group or the like exchanges alike atoms and is no candidate.
    """
    rotors = rotor_atoms(topology)
    heavy: list[tuple[int, ...]] = []
    light: list[tuple[int, ...]] = []
    for atoms in torsions_about_bonds(topology, rings=True):
        ends = (atoms[0], atoms[-1])
        if any(mass_of(topology.atom(i)) < HYDROGEN_MAX for i in ends):
            if not any(i in rotors for i in ends):
                light.append(atoms)
        else:
            heavy.append(atoms)
    return [(2, "torsion", heavy), (3, "torsion", light)]


def _impropers(topology: Any) -> list[tuple[int, ...]]:
    """Torsions a-b-c-centre over the three neighbours of an atom, as of an amine that inverts."""
    return [
        (*around, centre) for centre, around in solute_bonds(topology).items() if len(around) == 3
    ]


def _pairs(topology: Any) -> list[tuple[int, ...]]:
    """Pairs of heavy atoms, and of N, O and S with hydrogens on these.

    In large molecules one atom of each residue.
    """
    bonded = solute_bonds(topology)
    heavy = [i for i in bonded if mass_of(topology.atom(i)) > HYDROGEN_MAX]
    if len(heavy) > MOST_IN_PAIRS:
        heavy = _one_a_residue(topology, heavy)
        return list(combinations(heavy, 2))
    acid = [
        i
        for i in bonded
        if mass_of(topology.atom(i)) < HYDROGEN_MAX
        and all(topology.atom(j).element.symbol in ("N", "O", "S") for j in bonded[i])
    ]
    polar = [i for i in heavy if topology.atom(i).element.symbol in ("N", "O", "S")]
    return [
        *combinations(heavy, 2),
        *(tuple(sorted((i, j))) for i in acid for j in polar),
    ]


def _one_a_residue(topology: Any, heavy: list[int]) -> list[int]:
    """Alpha carbons, else the heaviest atom of each residue."""
    found: dict[int, int] = {}
    for i in heavy:
        atom = topology.atom(i)
        best = found.get(atom.residue.index)
        if best is None or _worth(atom) > _worth(topology.atom(best)):
            found[atom.residue.index] = i
    return sorted(found.values())


def _worth(atom: Any) -> tuple[bool, float]:
    return atom.name == "CA", mass_of(atom)
