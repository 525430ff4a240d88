"""Positions and box from PDB, PDBx/mmCIF, Amber, CHARMM and GROMACS files."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import MechanistError, SystemBuildError
from mechanist.systems.build.names import Name
from mechanist.systems.build.pdb_names import unique_names
from mechanist.systems.build.periodic import from_openmm, to_openmm
from mechanist.systems.build.text import decode, plain, plain_text

PDB = (".pdb", ".ent")
PDBX = (".cif", ".pdbx", ".mmcif")
AMBER = (".inpcrd", ".rst7", ".rst", ".ncrst", ".restrt", ".crd7")
CHARMM = (".crd", ".cor")
GROMACS = (".gro",)
SUFFIXES = (*PDB, *PDBX, *AMBER, *CHARMM, *GROMACS)

ANGSTROM = 0.1
"""nm."""

WORDLESS = (LookupError, StopIteration, EOFError, AttributeError, TypeError, AssertionError)
"""What readers raise where a file ends too early or a column is missing; the words say nothing."""

GRO_HEAD = 20
"""Columns of a gro file before the positions."""

ATOM_SITE = "_atom_site."
"""Of the atoms in PDBx/mmCIF files."""

COLUMNS = {"x": (30, 38), "y": (38, 46), "z": (46, 54)}
"""Of a PDB file."""


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
    names
        Names of the atoms, where the format has them.
    notes
        What was left out of the file, in words.
    """

    positions: Array
    box: Array | None
    topology: Any = None
    names: Sequence[Name] | None = None
    notes: tuple[str, ...] = ()


@contextmanager
def parsing(path: Path, what: str) -> Iterator[None]:
    """Turn whatever a reader raises into one line about the file, in the words of the reader."""
    try:
        yield
    except MechanistError:
        raise
    except Exception as error:
        # OpenMM's readers raise most of the built-in exceptions, their own, and plain Exception.
        said = " ".join(str(error).split())[:300]
        if isinstance(error, WORDLESS) or not said:
            kind = type(error).__name__
            said = f"truncated, or a column is missing ({kind}{said and ': '}{said})"
        raise SystemBuildError(path, f"cannot be read as {what}: {said}") from None


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
    with parsing(path, "a structure"):
        if suffix in PDB or suffix in PDBX:
            structure = _read_pdb(path, suffix in PDBX)
        elif suffix in GROMACS:
            structure = _read_gro(path)
        elif suffix in AMBER or amber:
            structure = _read_amber(path)
        else:
            structure = _read_charmm(path)
    positions = structure.positions
    if len(positions) == 0:
        raise SystemBuildError(path, "holds no atoms")
    if not np.isfinite(positions).all():
        raise SystemBuildError(path, "damaged: a position is not finite")
    if len(positions) > 1 and not np.ptp(positions, axis=0).any():
        raise SystemBuildError(path, "holds no positions: all atoms are at the same point")
    return structure


def formal_charge(path: Path) -> int | None:
    """Sum of the formal charges of a PDB or PDBx/mmCIF file; None if it has none.

    Raises
    ------
    SystemBuildError
        As `read_structure`.
    """
    topology = read_structure(path).topology
    if topology is None:
        return None
    charges = [atom.formalCharge for atom in topology.atoms() if atom.formalCharge is not None]
    return int(sum(charges)) if charges else None


def _nanometres(positions: Any) -> Array:
    from openmm import unit

    return np.array(positions.value_in_unit(unit.nanometer), dtype=np.float64).reshape(-1, 3)


def _read_pdb(path: Path, pdbx: bool) -> Structure:
    """The first model; further ones are left out, with a note."""
    from openmm import app

    if not pdbx:
        _check_columns(path)
    if pdbx and ATOM_SITE not in decode(path):
        raise SystemBuildError(path, f"holds no atoms: {ATOM_SITE} is missing")
    changes: list[str] = []
    if pdbx:
        with plain(path) as (name,):
            file = app.PDBxFile(name)
    else:
        text, changes = unique_names(plain_text(path), path)
        file = app.PDBFile(io.StringIO(text))
    topology = file.topology
    if topology.getNumAtoms() == 0:
        return Structure(np.empty((0, 3)), None)
    names = [Name.of(atom) for atom in topology.atoms()]
    models = file.getNumFrames()
    notes = [f"{path.name}: the first of {models} models is read"] if models > 1 else []
    box = from_openmm(topology.getPeriodicBoxVectors())
    return Structure(_nanometres(file.positions), box, topology, names, (*notes, *changes))


def _check_columns(path: Path) -> None:
    """Name the line of a PDB file whose coordinates are not numbers.

    Raises
    ------
    SystemBuildError
        If there is one.
    """
    for number, line in enumerate(plain_text(path).split("\n"), 1):
        if line[:6].strip() == "MODEL" and not line[10:14].strip().isdigit():
            raise SystemBuildError(
                f"{path}:{number}", f"{line.strip()!r}: its number must stand in columns 11 to 14"
            )
        if line.startswith("CRYST1"):
            fields: tuple[str, ...] = ("edges and angles of the box",)
            words = [
                line[i : i + n] for i, n in ((6, 9), (15, 9), (24, 9), (33, 7), (40, 7), (47, 7))
            ]
        elif line.startswith(("ATOM  ", "HETATM")):
            fields = tuple(COLUMNS)
            words = [line[start:end] for start, end in COLUMNS.values()]
        else:
            continue
        for position, word in enumerate(words):
            if not _is_number(word):
                name = fields[min(position, len(fields) - 1)]
                shown = word.strip() if len(fields) > 1 else line[6:54].strip()
                fault = f"{shown!r}: must be a number" if shown else "truncated, nothing is there"
                raise SystemBuildError(f"{path}:{number}", f"{name}: {fault}")


def _is_number(word: str) -> bool:
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False


def _read_gro(path: Path) -> Structure:
    """First frame of a gro file, whose second line gives the number of atoms.

    The distance of the decimal points is the width of a number, so that files of any precision can
    be read (GROMACS Reference Manual, "gro"). OpenMM's own reader knows three decimals only.
    """
    lines = plain_text(path).rstrip("\n").split("\n")
    if len(lines) < 3 or not lines[1].split() or not lines[1].split()[0].isdigit():
        raise SystemBuildError(path, "truncated, or no gro file: line 2 must be a number of atoms")
    count = int(lines[1].split()[0])
    if len(lines) < count + 3:
        raise SystemBuildError(
            path, f"truncated: {count} atoms need {count + 3} lines, there are {len(lines)}"
        )
    rows = [_gro_atom(path, number, lines[number - 1]) for number in range(3, count + 3)]
    names = [
        Name(line[10:15].strip(), line[5:10].strip(), line[:5].strip())
        for line in lines[2 : count + 2]
    ]
    box = _gro_box(path, count + 3, lines[count + 2])
    notes = (f"{path.name}: the first frame is read",) if len(lines) > count + 3 else ()
    return Structure(np.array(rows).reshape(count, 3), box, None, names, notes)


def _gro_atom(path: Path, number: int, line: str) -> list[float]:
    """Position in nm of one line of a gro file, which may go on with a velocity."""
    points = [i for i, letter in enumerate(line) if letter == "." and i >= GRO_HEAD]
    words = []
    if len(points) >= 3:
        width = points[1] - points[0]
        words = [line[GRO_HEAD + k * width : GRO_HEAD + (k + 1) * width] for k in range(3)]
    # Numbers stand at the right of their columns; others have been shifted, and may lack digits.
    if not words or not all(_is_number(word) and word[-1].isdigit() for word in words):
        raise SystemBuildError(
            f"{path}:{number}", f"{line.strip()!r}: not an atom with three positions in columns"
        )
    return [float(word) for word in words]


def _gro_box(path: Path, number: int, line: str) -> Array | None:
    """Box of the last line: edges, or xx yy zz xy xz yx yz zx zy of its vectors x, y and z."""
    from openmm.app.internal.unitcell import reducePeriodicBoxVectors

    words = line.split()
    if len(words) not in (3, 9) or not all(map(_is_number, words)):
        raise SystemBuildError(
            f"{path}:{number}", f"{line.strip()!r}: not a box; is line 2 the number of atoms?"
        )
    x = [float(word) for word in words] + [0.0] * (9 - len(words))
    box = np.array([[x[0], x[3], x[4]], [x[5], x[1], x[6]], [x[7], x[8], x[2]]])
    if len(words) == 9 and (np.diag(box) > 0).all():
        return from_openmm(reducePeriodicBoxVectors(to_openmm(box)))
    return from_openmm(to_openmm(box))


def _read_amber(path: Path) -> Structure:
    """A restart file as text or as NetCDF, which Amber writes by default."""
    from openmm import app

    with path.open("rb") as handle:
        netcdf = handle.read(3) == b"CDF"
    with nullcontext((str(path),)) if netcdf else plain(path) as (name,):
        file = app.AmberInpcrdFile(name)
    return Structure(_nanometres(file.positions), from_openmm(file.boxVectors))


def _read_charmm(path: Path) -> Structure:
    """A CHARMM coordinate file: titles, a count, then one line per atom.

    Columns touch where atoms are far from the origin: I5,I5,1X,A4,1X,A4,3F10.5,... in the normal
    format; 2I10,2X,A8,2X,A8,3F20.10,... in the extended one, which says EXT (CHARMM, "io.doc").
    OpenMM's own reader does not return on an empty file.
    """
    lines = [line for line in plain_text(path).split("\n") if line.strip()]
    numbered = [line for line in lines if not line.startswith("*")]
    if not numbered or not numbered[0].split()[0].isdigit():
        raise SystemBuildError(path, "truncated, or no CHARMM crd: a number of atoms is missing")
    count = int(numbered[0].split()[0])
    extended = "EXT" in numbered[0].upper() or count >= 100_000
    rows, names = [], []
    for line in numbered[1 : count + 1]:
        words, name = _charmm_atom(line, extended)
        if not all(map(_is_number, words)):
            raise SystemBuildError(
                path, f"{line.strip()!r}: truncated, or its positions are not three numbers"
            )
        rows.append([float(word) for word in words])
        names.append(name)
    if len(rows) != count:
        raise SystemBuildError(path, f"truncated: holds {len(rows)} of {count} atoms")
    return Structure(ANGSTROM * np.array(rows).reshape(count, 3), None, None, names)


def _charmm_atom(line: str, extended: bool) -> tuple[list[str], Name]:
    """Coordinates and name of an atom, by words where these are apart, else by columns."""
    words = line.split()
    if len(words) >= 7 and all(map(_is_number, words[4:7])):
        return words[4:7], Name(words[3], words[2], words[1])
    if extended:
        parts = [line[40 + 20 * i : 60 + 20 * i] for i in range(3)]
        return parts, Name(line[32:40].strip(), line[22:30].strip(), line[10:20].strip())
    parts = [line[20 + 10 * i : 30 + 10 * i] for i in range(3)]
    return parts, Name(line[16:20].strip(), line[11:15].strip(), line[5:10].strip())
