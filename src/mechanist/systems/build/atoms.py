"""Atoms of a small molecule, whatever they were read from, and the PDB file that they become."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.systems.build.radii import bonded_pairs

RESIDUE = "MOL"

CLOSEST = 0.03
"""nm; no two atoms are nearer, that of H2 are 0.074 nm apart."""

BOHR = 0.529177
"""Angstrom."""

MOST_ATOMS = 1000
"""A larger molecule has residues, which a PDB file names and these formats do not."""


@dataclass(frozen=True)
class Atoms:
    """A molecule with a 3-D structure.

    Parameters
    ----------
    numbers
        Atomic numbers, N of them.
    positions
        (N, 3) in nm.
    bonds
        Pairs of atoms; empty where the file has none.
    charge
        Total charge in elementary charges; None where the file does not say.
    unpaired
        Number of unpaired electrons; None where the file does not say.
    notes
        What was done, in words.
    block
        As an SDF record, for programs that need bond orders; empty where these are unknown.
    deuterium
        Indices of hydrogens that are deuterium, which changes their mass alone.
    """

    numbers: tuple[int, ...]
    positions: Array
    bonds: tuple[tuple[int, int], ...] = ()
    charge: int | None = None
    unpaired: int | None = None
    notes: tuple[str, ...] = ()
    block: str = ""
    deuterium: frozenset[int] = frozenset()


def topology_from(atoms: Atoms) -> Any:
    """An OpenMM Topology of one residue; atoms are numbered by element: C1, C2, H1."""
    from openmm import app

    topology = app.Topology()
    residue = topology.addResidue(RESIDUE, topology.addChain("A"))
    counts: Counter[str] = Counter()
    made = []
    for index, number in enumerate(atoms.numbers):
        element = app.Element.getByAtomicNumber(number)
        if index in atoms.deuterium:
            element = app.element.deuterium
        counts[element.symbol] += 1
        name = f"{element.symbol.upper()}{counts[element.symbol]}"
        made.append(topology.addAtom(name, element, residue))
    for i, j in atoms.bonds:
        topology.addBond(made[i], made[j])
    return topology


def write_pdb(topology: Any, positions: Array, file: Path) -> None:
    """Write a PDB file of an OpenMM Topology; positions (N, 3) in nm."""
    from openmm import app, unit

    with file.open("w", encoding="utf-8") as handle:
        app.PDBFile.writeFile(topology, positions * unit.nanometer, handle, keepIds=True)


def check_electrons(
    numbers: Sequence[int], charge: int, multiplicity: int, where: str, origins: tuple[str, str]
) -> None:
    """Refuse a charge and a multiplicity that no number of electrons has.

    Parameters
    ----------
    numbers, charge, multiplicity
        Atomic numbers; multiplicity is one more than the number of unpaired electrons.
    where
        Their file, for the message.
    origins
        Where charge and multiplicity come from, such as "the default"; empty: from the command.

    Raises
    ------
    SystemBuildError
        If they do not fit.
    """
    electrons = sum(numbers) - charge
    if electrons > 0 and (electrons + multiplicity) % 2 == 1 and multiplicity <= electrons + 1:
        return
    given = [
        f"--{name} {value}" + (f" ({origin})" if origin else "")
        for name, value, origin in zip(
            ("charge", "multiplicity"), (charge, multiplicity), origins, strict=True
        )
    ]
    kind = "an odd" if electrons % 2 else "an even"
    raise SystemBuildError(
        where,
        f"{' and '.join(given)} do not fit: {electrons} electrons, {kind} number; multiplicity is"
        " one more than the number of unpaired electrons, so give --charge or --multiplicity",
    )


def checked(numbers: Sequence[int], positions: Array, where: str) -> None:
    """Refuse atoms that are none, too many, or on each other.

    Raises
    ------
    SystemBuildError
        With the reason.
    """
    if not numbers:
        raise SystemBuildError(where, "holds no atoms")
    if len(numbers) > MOST_ATOMS:
        raise SystemBuildError(
            where,
            f"holds {len(numbers):,} atoms, more than {MOST_ATOMS:,}; use a PDB file with residues"
            " and --structure",
        )
    if not np.isfinite(positions).all() or np.abs(positions).max() > 1000:
        raise SystemBuildError(where, "damaged: a position is not finite or beyond 1 um")
    check_scale(numbers, positions, where)


def check_scale(numbers: Sequence[int], positions: Array, where: str) -> None:
    """Refuse positions (N, 3) in nm that were read from a file in nm or bohr as angstrom.

    Raises
    ------
    SystemBuildError
        If atoms are on each other, or bonded only if all distances are shorter by bohr to angstrom.
    """
    from scipy.spatial import cKDTree

    if len(numbers) < 2:
        return
    distances, others = cKDTree(positions).query(positions, k=2)
    i = int(distances[:, 1].argmin())
    if distances[i, 1] < CLOSEST:
        i, j = sorted((i, next(int(k) for k in others[i] if k != i)))
        raise SystemBuildError(
            where,
            f"atoms {i} and {j} are {distances[i, 1]:.3f} nm apart; positions are in angstrom",
        )
    # Clusters of rare gases have no bonds either; what has hydrogens has.
    if len(numbers) < 3 or 1 not in numbers or bonded_pairs(list(numbers), positions):
        return
    bonded = {atom for pair in bonded_pairs(list(numbers), BOHR * positions) for atom in pair}
    if len(bonded) == len(numbers):
        raise SystemBuildError(
            where, "no atoms are bonded, as if positions were in bohr; they must be in angstrom"
        )
