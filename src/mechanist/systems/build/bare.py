"""Atoms without forces: the System that a force law is added to."""

from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.systems.build.names import Name

REACH = 0.6
"""Atoms closer than this fraction of the sum of their van der Waals radii are bonded; the rule of
VMD (Humphrey, Dalke and Schulten, J. Mol. Graph. 14, 33 (1996))."""


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
        for i, j in near(numbers, positions):
            topology.addBond(atoms[i], atoms[j])
    return system, tuple(numbers)


def near(numbers: list[int], positions: Array) -> list[tuple[int, int]]:
    """Pairs of atoms that are near enough for a bond."""
    from mdtraj.core.element import Element
    from scipy.spatial import cKDTree

    radii = np.array([Element.getByAtomicNumber(number).radius for number in numbers])
    pairs = cKDTree(positions).query_pairs(2 * REACH * float(radii.max()), output_type="ndarray")
    lengths = np.linalg.norm(positions[pairs[:, 0]] - positions[pairs[:, 1]], axis=1)
    close = lengths < REACH * (radii[pairs[:, 0]] + radii[pairs[:, 1]])
    return sorted((int(i), int(j)) for i, j in np.sort(pairs[close], axis=1))
