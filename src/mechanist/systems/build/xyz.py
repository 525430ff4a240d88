"""Molecules from XYZ files: elements and positions in angstrom, without bonds."""

from pathlib import Path

import numpy as np

from mechanist.errors import SystemBuildError
from mechanist.systems.build.atoms import MOST_ATOMS, Atoms, checked
from mechanist.systems.build.text import plain_text

ANGSTROM = 0.1
"""nm."""


def read_xyz(path: Path) -> Atoms:
    """The first frame of an XYZ file; columns after the positions do not matter.

    Raises
    ------
    SystemBuildError
        Naming the line that is no atom.
    """
    lines = plain_text(path).split("\n")
    words = lines[0].split()
    if not words:
        raise SystemBuildError(path.name, "is empty, or line 1 is not the number of atoms")
    if len(words) != 1 or not words[0].isdigit() or not 0 < len(words[0]) < 8:
        raise SystemBuildError(f"{path.name}:1", f"{lines[0][:40]!r}: must be the number of atoms")
    count = int(words[0])
    if count > MOST_ATOMS:
        raise SystemBuildError(
            path.name, f"holds {count:,} atoms, more than {MOST_ATOMS:,}; use a PDB file"
        )
    rows = lines[2 : count + 2]
    if len([row for row in rows if row.strip()]) < count:
        raise SystemBuildError(path.name, f"truncated: fewer than {count} atoms")
    numbers, positions = [], []
    for number, row in enumerate(rows, 3):
        symbol, place = _atom(f"{path.name}:{number}", row)
        numbers.append(symbol)
        positions.append(place)
    rest = [row for row in lines[count + 2 :] if row.strip()]
    notes = [f"{path.name}: elements and positions only; atoms that are near count as bonded"]
    if rest:
        notes.append(f"{path.name}: the first frame is read")
    found = ANGSTROM * np.array(positions, dtype=np.float64).reshape(-1, 3)
    checked(numbers, found, path.name)
    return Atoms(tuple(numbers), found, notes=tuple(notes))


def _atom(where: str, row: str) -> tuple[int, list[float]]:
    """Atomic number and position in angstrom of one line."""
    from openmm import app

    words = row.split()
    try:
        place = [float(word) for word in words[1:4]]
    except ValueError:
        place = []
    if len(place) != 3:
        raise SystemBuildError(where, f"{row.strip()[:60]!r}: not an element and three numbers")
    try:
        if words[0].isdigit():
            return int(app.Element.getByAtomicNumber(int(words[0])).atomic_number), place
        return int(app.Element.getBySymbol(words[0].capitalize()).atomic_number), place
    except (KeyError, ValueError):
        raise SystemBuildError(where, f"{words[0][:10]!r}: there is no such element") from None
