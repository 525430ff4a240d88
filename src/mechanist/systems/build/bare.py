"""Atoms without forces: the System that a force law is added to."""

from pathlib import Path
from typing import Any

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.systems.build.names import Name
from mechanist.systems.build.radii import bonded_pairs


def bare(topology: Any, positions: Array, path: Path) -> tuple[Any, tuple[int, ...]]:
    """A System of the atoms of an OpenMM Topology, without forces, and their atomic numbers (N,).

    Bonds that the structure lacks altogether are found from distances and added to the topology,
    for groups of descriptors; no force depends on them.

    Raises
    ------
    SystemBuildError
        If an atom has no element.
    """
    import openmm

    system, numbers = openmm.System(), []
    for atom in topology.atoms():
        if atom.element is None:
            raise SystemBuildError(path, f"atom {atom.index}, {Name.of(atom)}: has no element")
        system.addParticle(atom.element.mass)
        numbers.append(int(atom.element.atomic_number))
    if topology.getNumBonds() == 0:
        atoms = list(topology.atoms())
        for i, j in bonded_pairs(numbers, positions):
            topology.addBond(atoms[i], atoms[j])
    return system, tuple(numbers)
