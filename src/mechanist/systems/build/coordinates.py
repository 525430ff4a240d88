"""Positions and box from PDB, PDBx/mmCIF, Amber, CHARMM and GROMACS files."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import MechanistError, SystemBuildError
from mechanist.systems.build.periodic import from_openmm

PDB = (".pdb", ".ent")
PDBX = (".cif", ".pdbx", ".mmcif")
AMBER = (".inpcrd", ".rst7", ".rst", ".ncrst", ".restrt", ".crd7")
CHARMM = (".crd", ".cor")
GROMACS = (".gro",)
SUFFIXES = (*PDB, *PDBX, *AMBER, *CHARMM, *GROMACS)

ANGSTROM = 0.1
"""nm."""


@dataclass(frozen=True)
class Structure:
    """Content of a structure file.

    Parameters
    ----------
    positions
        (N, 3) in nm.
    box
        Vectors (3, 3) in nm, or None.
    topology
        OpenMM Topology of a PDB or PDBx/mmCIF file; None for other formats.
    """

    positions: Array
    box: Array | None
    topology: Any = None


@contextmanager
def parsing(path: Path, what: str) -> Iterator[None]:
    """Turn whatever a reader raises into one line about the file."""
    try:
        yield
    except MechanistError:
        raise
    except Exception as error:
        # OpenMM's readers raise most of the built-in exceptions, their own, and plain Exception.
        reason = str(error) or type(error).__name__
        raise SystemBuildError(path, f"damaged or truncated, {what} ({reason[:200]})") from None


def read_structure(path: Path, amber: bool = False) -> Structure:
    """Positions, box and topology of a structure file.

    Parameters
    ----------
    path
        Its suffix tells the format.
    amber
        Whether ``.crd`` is Amber's, as beside a prmtop, and not CHARMM's.

    Raises
    ------
    SystemBuildError
        If the file is missing, empty, damaged or of an unknown format.
    """
    if not path.is_file():
        raise SystemBuildError(path, "molecule.structure: there is no such file")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise SystemBuildError(path, f"molecule.structure: must end in {', '.join(SUFFIXES)}")
    with parsing(path, "not a readable structure"):
        if suffix in PDB or suffix in PDBX:
            structure = _read_pdb(path, suffix in PDBX)
        elif suffix in GROMACS:
            structure = _read_gro(path)
        elif suffix in AMBER or amber:
            structure = _read_amber(path)
        else:
            structure = _read_charmm(path)
    if len(structure.positions) == 0:
        raise SystemBuildError(path, "holds no atoms")
    if not np.isfinite(structure.positions).all():
        raise SystemBuildError(path, "damaged: a position is not finite")
    return structure


def _nanometres(positions: Any) -> Array:
    from openmm import unit

    return np.array(positions.value_in_unit(unit.nanometer), dtype=np.float64).reshape(-1, 3)


def _read_pdb(path: Path, pdbx: bool) -> Structure:
    from openmm import app

    file = (app.PDBxFile if pdbx else app.PDBFile)(str(path))
    if file.topology.getNumAtoms() == 0:
        return Structure(np.empty((0, 3)), None)
    box = from_openmm(file.topology.getPeriodicBoxVectors())
    return Structure(_nanometres(file.positions), box, file.topology)


def _read_gro(path: Path) -> Structure:
    """First frame of a gro file, whose second line gives the number of atoms."""
    from openmm import app

    lines = path.read_text(encoding="utf-8").splitlines()
    count = int(lines[1])
    if len(lines) < count + 3:
        raise ValueError(f"{count} atoms need {count + 3} lines, there are {len(lines)}")
    file = app.GromacsGroFile(str(path))
    positions = _nanometres(file.positions)
    if len(positions) != count:
        raise ValueError(f"holds {len(positions)} of {count} atoms")
    return Structure(positions, from_openmm(file.getPeriodicBoxVectors()))


def _read_amber(path: Path) -> Structure:
    from openmm import app

    file = app.AmberInpcrdFile(str(path))
    return Structure(_nanometres(file.positions), from_openmm(file.boxVectors))


def _read_charmm(path: Path) -> Structure:
    """A CHARMM coordinate file, normal or extended: titles, a count, then one line per atom.

    OpenMM's own reader does not return on an empty file.
    """
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith("*")]
    count = int(lines[0].split()[0])
    rows = [[float(word) for word in line.split()[4:7]] for line in lines[1 : count + 1]]
    if len(rows) != count:
        raise ValueError(f"holds {len(rows)} of {count} atoms")
    return Structure(ANGSTROM * np.array(rows).reshape(count, 3), None)
