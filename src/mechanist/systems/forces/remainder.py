"""The classical rest of a System, a part of which a force law treats (mechanical embedding).

Whatever the force field has between atoms of the part alone is left out: bonded terms, pairs and
constraints. What it has between the part and the rest stays, with the charges of the force field.
Implicit solvent and external fields stay too, since they are not forces of the part on itself.
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Collection, Iterator
from itertools import combinations
from typing import Any

from mechanist.errors import SystemBuildError

BONDED = frozenset(
    (
        *("HarmonicBondForce", "HarmonicAngleForce", "PeriodicTorsionForce", "RBTorsionForce"),
        *("CMAPTorsionForce", "CustomBondForce", "CustomAngleForce", "CustomTorsionForce"),
        "CustomCompoundBondForce",
    )
)
"""Forces whose terms each name their particles."""

PAIRS = frozenset(("NonbondedForce", "CustomNonbondedForce"))

KEPT = frozenset(("GBSAOBCForce", "CustomGBForce", "CustomExternalForce"))

TERMS = ("Bonds", "Angles", "Torsions")
"""Elements of a serialised force that hold its terms."""

PARTICLE = re.compile(r"p[0-9]*|[ab][1-4]")
"""Attributes of a term that are particles; a1 to b4 in maps of two torsions."""


def remainder(system: Any, atoms: Collection[int]) -> Any:
    """A copy of an OpenMM System without the forces and constraints among some atoms.

    Raises
    ------
    SystemBuildError
        If a force is of a kind of which this is not known.
    """
    import openmm

    part = frozenset(atoms)
    kinds = {force.getName(): type(force).__name__ for force in system.getForces()}
    for kind in kinds.values():
        if kind not in BONDED | PAIRS | KEPT:
            raise SystemBuildError(
                "forces", f"{kind}: cannot be split between a part and the rest of a system"
            )
    # Only in the serialised form can terms be removed.
    root = ET.fromstring(openmm.XmlSerializer.serialize(system))
    for terms, term in list(_terms(root)):
        if particles(term) <= part:
            terms.remove(term)
    rest = openmm.XmlSerializer.deserialize(ET.tostring(root, encoding="unicode"))
    for i in reversed(range(rest.getNumConstraints())):
        if set(rest.getConstraintParameters(i)[:2]) <= part:
            rest.removeConstraint(i)
    for force in rest.getForces():
        if isinstance(force, openmm.NonbondedForce):
            for i, j in combinations(sorted(part), 2):
                force.addException(i, j, 0.0, 1.0, 0.0, True)
            force.setExceptionsUsePeriodicBoundaryConditions(force.usesPeriodicBoundaryConditions())
        elif isinstance(force, openmm.CustomNonbondedForce):
            _exclude(force, part)
    return rest


def _terms(root: ET.Element) -> Iterator[tuple[ET.Element, ET.Element]]:
    """Lists of terms of all bonded forces, and each term in them."""
    for force in root.iterfind("./Forces/Force"):
        if force.get("type") in BONDED:
            for name in TERMS:
                for terms in force.iterfind(name):
                    yield from ((terms, term) for term in terms)


def particles(term: ET.Element) -> frozenset[int]:
    """Particles of a term of a serialised force."""
    return frozenset(int(text) for key, text in term.items() if PARTICLE.fullmatch(key))


def _exclude(force: Any, part: frozenset[int]) -> None:
    """Exclude all pairs of a part from a CustomNonbondedForce."""
    known = {frozenset(force.getExclusionParticles(i)) for i in range(force.getNumExclusions())}
    for i, j in combinations(sorted(part), 2):
        if frozenset((i, j)) not in known:
            force.addExclusion(i, j)


def bound(system: Any, topology: Any) -> set[tuple[int, int]]:
    """Pairs of atoms that a bond of an OpenMM Topology, a spring or a constraint joins."""
    import openmm

    found = {(bond[0].index, bond[1].index) for bond in topology.bonds()}
    for i in range(system.getNumConstraints()):
        first, second, _ = system.getConstraintParameters(i)
        found.add((first, second))
    for force in system.getForces():
        if isinstance(force, openmm.HarmonicBondForce):
            found |= {tuple(force.getBondParameters(i)[:2]) for i in range(force.getNumBonds())}
    return found
