"""Atoms of a small molecule, whatever they were read from, and the PDB file that they become."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError

RESIDUE = "MOL"

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
        Number of unpaired electrons.
    notes
        What was done, in words.
    block
        As an SDF record, for programs that need bond orders; empty where these are unknown.
    """

    numbers: tuple[int, ...]
    positions: Array
    bonds: tuple[tuple[int, int], ...] = ()
    charge: int | None = None
    unpaired: int = 0
    notes: tuple[str, ...] = ()
    block: str = ""


def topology_from(atoms: Atoms) -> Any:
    """An OpenMM Topology of one residue; atoms are numbered by element: C1, C2, H1."""
    from openmm import app

    topology = app.Topology()
    residue = topology.addResidue(RESIDUE, topology.addChain("A"))
    counts: Counter[str] = Counter()
    made = []
    for number in atoms.numbers:
        element = app.Element.getByAtomicNumber(number)
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
    atoms: Atoms, charge: int, multiplicity: int, where: str, options: tuple[bool, bool]
) -> None:
    """Refuse a charge and a multiplicity that no number of electrons has.

    Parameters
    ----------
    atoms, charge, multiplicity
        The molecule; multiplicity is one more than the number of unpaired electrons.
    where
        Its file, for the message.
    options
        Whether --charge and --multiplicity were given.

    Raises
    ------
    SystemBuildError
        If they do not fit.
    """
    electrons = sum(atoms.numbers) - charge
    if electrons > 0 and (electrons + multiplicity) % 2 == 1 and multiplicity <= electrons + 1:
        return
    given = [
        f"--{name} {value}" + ("" if own else " (the default)")
        for name, value, own in zip(
            ("charge", "multiplicity"), (charge, multiplicity), options, strict=True
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
    gaps = np.linalg.norm(positions[:, None] - positions[None], axis=2)
    gaps[np.diag_indices(len(gaps))] = np.inf
    if gaps.min() < 0.03:
        i, j = np.unravel_index(int(gaps.argmin()), gaps.shape)
        raise SystemBuildError(
            where, f"atoms {i} and {j} are {gaps.min():.3f} nm apart; positions are in angstrom"
        )
