"""Atoms without forces: the System that a force law is added to."""

from pathlib import Path
from typing import Any

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.systems.build.names import Name
from mechanist.systems.build.radii import bonded_pairs

SOFT = 1e4
"""kJ/mol/nm^2; force constants of molecules with hydrogens are at least ten times that."""


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


def softness(stiffness: float | None, numbers: tuple[int, ...], positions: Array) -> list[str]:
    """A note if a molecule with bonded hydrogens is far too soft, as with energies in eV.

    Parameters
    ----------
    stiffness
        Of its force constants, root mean square in kJ/mol/nm^2, or None.
    numbers, positions
        Atomic numbers (N,), and (N, 3) in nm.
    """
    pairs = bonded_pairs(list(numbers), positions)
    if (
        stiffness is None
        or stiffness >= SOFT
        or not any(1 in (numbers[i], numbers[j]) for i, j in pairs)
    ):
        return []
    return [
        f"its force constants are {stiffness:.2g} kJ/mol/nm^2 on average, far below those of bonds"
        " (1e5); are energies and forces in eV or hartree?"
    ]
