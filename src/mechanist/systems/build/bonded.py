"""Bonds of an OpenMM System: what its constraints and harmonic bonds hold together.

A structure need not list its bonds (CONECT), and OpenMM knows those of standard residues only. The
longest side of a triangle of such pairs is no bond: it fixes an angle (rigid water, constrained
angles, Urey-Bradley terms).
"""

from dataclasses import dataclass
from typing import Any

from mechanist.systems.descriptors.bonds import canonical

LONGEST_SIDE = 1.1
"""Factor on the next longest side above which the longest side of a triangle is no bond."""

WEAK = 0.02
"""Share of the largest force constant below which a harmonic bond is a restraint or a network."""


@dataclass(frozen=True)
class Bonds:
    """Lengths in nm of bonds by pairs of atoms, the lower index first.

    Parameters
    ----------
    bonds
        Between bonded atoms.
    angles
        Between the ends of an angle of fixed or favoured width.
    """

    bonds: dict[tuple[int, int], float]
    angles: dict[tuple[int, int], float]


def bonds_of(system: Any) -> Bonds:
    """Pairs that constraints and harmonic bonds of a System hold at a length."""
    import openmm

    springs: dict[tuple[int, int], tuple[float, float]] = {}
    for force in system.getForces():
        if type(force) is openmm.HarmonicBondForce:
            for k in range(force.getNumBonds()):
                i, j, length, strength = force.getBondParameters(k)
                springs[_pair(i, j)] = (length._value, strength._value)
    strongest = max((strength for _, strength in springs.values()), default=0.0)
    found = {
        pair: length
        for pair, (length, strength) in springs.items()
        if strength > WEAK * strongest and length > 0
    }
    for k in range(system.getNumConstraints()):
        i, j, length = system.getConstraintParameters(k)
        found[_pair(i, j)] = length._value
    neighbours = _neighbours(found)
    angles = {
        pair: length for pair, length in found.items() if _is_side(pair, length, found, neighbours)
    }
    return Bonds({p: x for p, x in found.items() if p not in angles}, angles)


def add_bonds(topology: Any, system: Any) -> int:
    """Add the bonds of a System that an OpenMM Topology lacks; how many these are.

    Nothing is added to atoms without mass, such as virtual sites.
    """
    atoms = list(topology.atoms())
    known = {_pair(bond[0].index, bond[1].index) for bond in topology.bonds()}
    new = [
        pair
        for pair in bonds_of(system).bonds
        if pair not in known and all(system.getParticleMass(i)._value > 0 for i in pair)
    ]
    for i, j in sorted(new):
        topology.addBond(atoms[i], atoms[j])
    return len(new)


def _pair(i: int, j: int) -> tuple[int, int]:
    a, b = canonical((i, j))
    return a, b


def _is_side(
    pair: tuple[int, int],
    length: float,
    found: dict[tuple[int, int], float],
    neighbours: dict[int, list[int]],
) -> bool:
    """Whether a pair is the longest side of a triangle."""
    i, j = pair
    return any(
        length > LONGEST_SIDE * max(found[_pair(i, k)], found[_pair(j, k)])
        for k in neighbours[i]
        if k != j and _pair(j, k) in found
    )


def _neighbours(found: dict[tuple[int, int], float]) -> dict[int, list[int]]:
    result: dict[int, list[int]] = {}
    for i, j in found:
        result.setdefault(i, []).append(j)
        result.setdefault(j, []).append(i)
    return result
