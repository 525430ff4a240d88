"""Rigid waters whatever their residue is called; OpenMM knows those of some names only."""

from dataclasses import dataclass, field
from math import cos, sqrt
from typing import Any

from mechanist.systems.descriptors.waters import is_water

Pair = tuple[int, int]


@dataclass
class _Terms:
    """Lengths of bonds and constraints in nm, angles in rad by their ends, and where they are."""

    lengths: dict[Pair, float] = field(default_factory=dict)
    fixed: set[Pair] = field(default_factory=set)
    bonds: dict[Pair, list[tuple[Any, int]]] = field(default_factory=dict)
    angles: dict[Pair, list[tuple[Any, int]]] = field(default_factory=dict)
    widths: dict[Pair, float] = field(default_factory=dict)


def make_rigid(topology: Any, system: Any) -> int:
    """Fix bonds and angle of waters that are not rigid yet; how many these are.

    Their harmonic terms get no force constant, as they have none in waters that OpenMM knows.
    Waters whose lengths or angle are not given by harmonic terms stay as they are.
    """
    waters = [residue for residue in topology.residues() if is_water(residue)]
    if not waters:
        return 0
    terms, made = _read(system), 0
    for residue in waters:
        atoms = {atom.index: atom.element for atom in residue.atoms() if atom.element is not None}
        oxygen = next(i for i, element in atoms.items() if element.symbol == "O")
        a, b = sorted(i for i, element in atoms.items() if element.symbol == "H")
        sides, base = [_pair(oxygen, a), _pair(oxygen, b)], _pair(a, b)
        if {*sides, base} <= terms.fixed or not all(side in terms.lengths for side in sides):
            continue
        if base not in terms.fixed:
            if base not in terms.widths:
                continue
            r, s = (terms.lengths[side] for side in sides)
            terms.lengths[base] = sqrt(r**2 + s**2 - 2 * r * s * cos(terms.widths[base]))
        for pair in {*sides, base} - terms.fixed:
            system.addConstraint(*pair, terms.lengths[pair])
        _silence(terms, sides, base)
        made += 1
    return made


def _silence(terms: _Terms, sides: list[Pair], base: Pair) -> None:
    """Harmonic terms of a rigid water without a force constant."""
    for pair in (*sides, base):
        for force, k in terms.bonds.get(pair, []):
            force.setBondParameters(k, *force.getBondParameters(k)[:3], 0.0)
    for force, k in terms.angles.get(base, []):
        force.setAngleParameters(k, *force.getAngleParameters(k)[:4], 0.0)


def _read(system: Any) -> _Terms:
    import openmm

    terms = _Terms()
    for force in system.getForces():
        if type(force) is openmm.HarmonicBondForce:
            for k in range(force.getNumBonds()):
                i, j, length, _ = force.getBondParameters(k)
                terms.lengths[_pair(i, j)] = length._value
                terms.bonds.setdefault(_pair(i, j), []).append((force, k))
        elif type(force) is openmm.HarmonicAngleForce:
            for k in range(force.getNumAngles()):
                i, _, j, width, _ = force.getAngleParameters(k)
                terms.widths[_pair(i, j)] = width._value
                terms.angles.setdefault(_pair(i, j), []).append((force, k))
    for k in range(system.getNumConstraints()):
        i, j, length = system.getConstraintParameters(k)
        terms.lengths[_pair(i, j)] = length._value
        terms.fixed.add(_pair(i, j))
    return terms


def _pair(i: int, j: int) -> Pair:
    return min(i, j), max(i, j)
