"""Proposals for states and inputs: torsions about rotatable bonds, distances, groups."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.systems.descriptors import geometry
from mechanist.systems.descriptors.bonds import chains, connected, neighbours_of
from mechanist.systems.descriptors.labels import unique_names

SOLUTE = "not water"
HEAVY = "not water and not element H"
HYDROGEN_MAX = 2.5
"""Dalton; elements below are hydrogen and deuterium."""

SITE = "VS"
"""Symbol of mdtraj for atoms without an element."""

BEAD = 100.0
"""Dalton; stands for the mass of any bead."""

KINDS = {"bonds": 2, "angles": 3, "torsions": 4}
"""Groups of descriptors, and the length of the chain of atoms that each needs."""


@dataclass(frozen=True)
class Candidate:
    """A torsion or a distance that may define states.

    Parameters
    ----------
    name
        Kind, then atom names with residue numbers.
    kind
        ``torsion`` or ``distance``.
    atoms
        Indices from 0.
    value
        In the structure, in degrees or nm.
    """

    name: str
    kind: str
    atoms: tuple[int, ...]
    value: float

    @property
    def shown(self) -> str:
        """The value with its unit."""
        unit = "deg" if self.kind == "torsion" else "nm"
        return f"{self.value:.1f} {unit}" if unit == "deg" else f"{self.value:.3f} {unit}"


def candidates(topology: Any, positions: Array) -> list[Candidate]:
    """Torsions about the rotatable bonds of the solute; without any, distances between molecules.

    Parameters
    ----------
    topology
        mdtraj Topology.
    positions
        (N, 3) in nm.
    """
    found: list[tuple[str, tuple[int, ...]]] = [
        ("torsion", t) for t in torsions_about_bonds(topology)
    ]
    if not found:
        found = [("distance", pair) for pair in _pairs(topology)]
    result = []
    for (kind, atoms), name in zip(found, unique_names(topology, found), strict=True):
        measure = geometry.torsions if kind == "torsion" else geometry.distances
        value = float(measure(positions[None], np.array([atoms]))[0, 0])
        value = float(np.degrees(value)) if kind == "torsion" else value
        result.append(Candidate(name, kind, atoms, value))
    return result


def solute(topology: Any) -> list[int]:
    """Indices of the atoms that are neither water nor virtual sites; beads are atoms."""
    return [
        atom.index
        for atom in topology.atoms
        if not atom.residue.is_water and (atom.element.symbol != SITE or _is_bead(atom))
    ]


def _is_bead(atom: Any) -> bool:
    """Whether an atom without an element is a bead: no atom of its residue has one."""
    return all(other.element.symbol == SITE for other in atom.residue.atoms)


def mass_of(atom: Any) -> float:
    """Dalton; of a bead, more than of hydrogen."""
    return BEAD if atom.element.symbol == SITE else float(atom.element.mass)


def solute_bonds(topology: Any) -> dict[int, list[int]]:
    """Bonded atoms of each atom of the solute, sorted."""
    found = neighbours_of(topology, solute(topology))
    return {i: sorted(others) for i, others in found.items()}


def torsions_about_bonds(topology: Any, rings: bool = False) -> list[tuple[int, int, int, int]]:
    """One torsion about each bond of the solute with further atoms at both ends.

    Bonds in rings count only with ``rings``. Torsions that end in hydrogens, such as those of
    methyl groups, come last.
    """
    bonded = solute_bonds(topology)
    weight = {i: mass_of(topology.atom(i)) for i in bonded}
    branches = {i: sum(weight[j] > HYDROGEN_MAX for j in bonded[i]) for i in bonded}
    found = []
    for j, others in bonded.items():
        for k in others:
            if j > k or min(weight[j], weight[k]) < HYDROGEN_MAX:
                continue
            ends = [[i for i in bonded[a] if i != b] for a, b in ((j, k), (k, j))]
            if all(ends) and (rings or k not in connected(bonded, j, without=(j, k))):
                # Follow the main chain; between equal branches the heaviest, then the first.
                first, last = (max(end, key=lambda a: (branches[a], weight[a], -a)) for end in ends)
                if first != last:
                    found.append((first, j, k, last))
    return sorted(found, key=lambda t: min(weight[t[0]], weight[t[3]]) < HYDROGEN_MAX)


def _pairs(topology: Any) -> list[tuple[int, int]]:
    """Pairs of the heaviest atoms of the first four molecules of the solute."""
    bonded = solute_bonds(topology)
    heads, seen = [], set()
    for first in bonded:
        if first in seen:
            continue
        members = connected(bonded, first)
        seen |= members
        heads.append(max(members, key=lambda a: (mass_of(topology.atom(a)), -a)))
    return [(a, b) for n, a in enumerate(heads[:4]) for b in heads[n + 1 : 4]]


def groups(topology: Any) -> dict[str, str]:
    """The selection of each kind of group that is not empty: heavy atoms where they suffice."""
    bonded = solute_bonds(topology)
    heavy = {
        i: [j for j in others if topology.atom(j).element.symbol != "H"]
        for i, others in bonded.items()
        if topology.atom(i).element.symbol != "H"
    }
    found = {}
    for kind, size in KINDS.items():
        for selection, graph in ((HEAVY, heavy), (SOLUTE, bonded)):
            if any(chains(graph, size)):
                found[kind] = selection
                break
    return found
