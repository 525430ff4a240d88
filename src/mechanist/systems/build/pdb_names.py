"""Atoms of PDB files that OpenMM would drop in silence: of one name in a residue, or elsewhere too.

ASE and others name all atoms of a molecule by their elements. A residue then has many atoms of one
name, of which OpenMM reads the last. Of alternate locations it reads the first.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mechanist.errors import SystemBuildError

ATOMS = ("ATOM  ", "HETATM")
WATERS = ("HOH", "WAT", "SOL", "TIP", "SPC")
NAME, PLACE, RESIDUE = slice(12, 16), 16, slice(17, 20)


def unique_names(text: str, path: Path) -> tuple[str, list[str]]:
    """Text of a PDB file in which names are unique in each residue, and what was done, in words.

    Parameters
    ----------
    text
        Of the file.
    path
        Its name, for messages.

    Raises
    ------
    SystemBuildError
        If several waters are one residue, or there are too many atoms to number.
    """
    lines = text.split("\n")
    notes, places = [], set()
    for rows in _residues(lines):
        names = Counter((lines[row][NAME].strip(), lines[row][PLACE : PLACE + 1]) for row in rows)
        places |= {place for _, place in names if place.strip()}
        twice = {name for (name, _), count in names.items() if count > 1}
        if not twice:
            continue
        where = f"residue {lines[rows[0]][RESIDUE].strip()} {lines[rows[0]][22:27].strip()}"
        if lines[rows[0]][RESIDUE] in WATERS:
            raise SystemBuildError(
                path, f"{where}: holds several waters; each needs a number of its own"
            )
        _number(lines, rows, twice, path)
        shown = ", ".join(sorted(twice))
        note = f"{path.name}: {where}: atoms of one name ({shown}) were numbered"
        if note not in notes:  # as in each model
            notes.append(note)
    if len(places) > 1:
        notes.append(
            f"{path.name}: of alternate locations ({', '.join(sorted(places))}) the first is read,"
            " whatever its occupancy"
        )
    return "\n".join(lines), notes


def _residues(lines: list[str]) -> Iterator[list[int]]:
    """Rows of each residue: consecutive atoms of one chain, number and insertion code."""
    rows: list[int] = []
    before = ""
    for row, line in enumerate(lines):
        atom = line.startswith(ATOMS)
        key = line[21:27] if atom else before
        ends = line[:6].strip() in ("TER", "MODEL", "ENDMDL")
        if rows and (ends or key != before):
            yield rows
            rows = []
        if atom:
            rows.append(row)
            before = key
    if rows:
        yield rows


def _number(lines: list[str], rows: list[int], twice: set[str], path: Path) -> None:
    """Give atoms whose name is in ``twice`` this name with a number, in place."""
    used = {lines[row][NAME].strip() for row in rows} - twice
    counts: Counter[str] = Counter()
    for row in rows:
        name = lines[row][NAME].strip()
        if name not in twice:
            continue
        counts[name] += 1
        while f"{name}{counts[name]}" in used:
            counts[name] += 1
        new = f"{name}{counts[name]}"
        if len(new) > 4:
            raise SystemBuildError(path, f"too many atoms are named {name} in one residue")
        # Names of four letters begin a column earlier, and so do those of elements with two.
        shift = lines[row][NAME].startswith(" ") and len(new) < 4
        lines[row] = lines[row][:12] + (f" {new:<3}" if shift else f"{new:<4}") + lines[row][16:]
