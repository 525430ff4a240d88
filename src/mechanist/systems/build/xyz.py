"""Molecules from XYZ files: elements and positions in angstrom, without bonds.

The second line is a comment. That of extended XYZ has keys with values, of which Properties says
what the columns are (ASE, "ase.io.extxyz"); some programs give charge and multiplicity there.
"""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mechanist.errors import SystemBuildError
from mechanist.systems.build.atoms import MOST_ATOMS, Atoms, checked
from mechanist.systems.build.text import plain_text

ANGSTROM = 0.1
"""nm."""

PROPERTIES = re.compile(r"\bproperties\s*=\s*[\"']?([\w:]+)", re.IGNORECASE)
NUMBER = r"[\"']?\s*[:=]\s*[\"']?\s*([+-]?\d+)(?:\.0*)?(?![\d.])"
CHARGE = re.compile(r"\b(?:total_?)?charge" + NUMBER, re.IGNORECASE)
MULTIPLICITY = re.compile(r"\b(?:spin_?)?(?:multiplicity|mult)" + NUMBER, re.IGNORECASE)
TWO = re.compile(r"\s*([+-]?\d{1,2})\s+([1-9])\s*")
"""Charge and multiplicity as in the input of many programs."""

LATTICE = re.compile(r"\blattice\s*=", re.IGNORECASE)

ELEMENTS = ("species", "element", "elements", "symbols", "z", "numbers", "atomic_numbers")
"""Names of the column of elements."""


@dataclass(frozen=True)
class Columns:
    """Where the element stands in a line, and the first of three positions."""

    element: int = 0
    position: int = 1


def read_xyz(path: Path) -> Atoms:
    """The first frame of an XYZ file, with charge and multiplicity if its comment has them.

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
    comment = lines[1] if len(lines) > 1 else ""
    columns = _columns(comment, path)
    numbers: list[int] = []
    positions: list[list[float]] = []
    deuterium: set[int] = set()
    for number, row in enumerate(rows, 3):
        symbol, place, heavy = _atom(f"{path.name}:{number}", row, columns)
        if heavy:
            deuterium.add(len(numbers))
        numbers.append(symbol)
        positions.append(place)
    charge, multiplicity = _electrons(comment)
    rest = [row for row in lines[count + 2 :] if row.strip()]
    notes = [f"{path.name}: elements and positions only; atoms that are near count as bonded"]
    if rest:
        notes.append(f"{path.name}: the first frame is read")
    said = {"charge": charge, "multiplicity": multiplicity}
    told = [f"{key} {value}" for key, value in said.items() if value is not None]
    if told:
        notes.append(f"{path.name}: {' and '.join(told)}, as its comment says")
    if LATTICE.search(comment):
        notes.append(f"{path.name}: its lattice is not used; forces are not periodic")
    found = ANGSTROM * np.array(positions, dtype=np.float64).reshape(-1, 3)
    checked(numbers, found, path.name)
    return Atoms(
        tuple(numbers),
        found,
        charge=charge,
        unpaired=None if multiplicity is None else multiplicity - 1,
        notes=tuple(notes),
        deuterium=frozenset(deuterium),
    )


def _columns(comment: str, path: Path) -> Columns:
    """Columns of an extended XYZ file; the usual ones without Properties."""
    found = PROPERTIES.search(comment)
    if found is None:
        return Columns()
    words = found[1].split(":")
    places: dict[str, int] = {}
    place = 0
    for name, _, count in zip(words[::3], words[1::3], words[2::3], strict=False):
        places[name.lower()] = place
        place += int(count) if count.isdigit() else 1
    element = next((places[name] for name in ELEMENTS if name in places), None)
    position = places.get("pos", places.get("positions"))
    if element is None or position is None:
        raise SystemBuildError(
            f"{path.name}:2", f"Properties: {found[1][:60]!r}: needs species and pos"
        )
    return Columns(element, position)


def _electrons(comment: str) -> tuple[int | None, int | None]:
    """Charge and multiplicity of a comment, as keys or as its only two numbers."""
    two = TWO.fullmatch(comment)
    if two is not None:
        return int(two[1]), int(two[2])
    charge, multiplicity = CHARGE.search(comment), MULTIPLICITY.search(comment)
    return (
        None if charge is None else int(charge[1]),
        None if multiplicity is None else max(1, int(multiplicity[1])),
    )


def _atom(where: str, row: str, columns: Columns) -> tuple[int, list[float], bool]:
    """Atomic number, position in angstrom, and whether it is deuterium, of one line."""
    from openmm import app

    words = row.split()
    try:
        place = [float(word) for word in words[columns.position : columns.position + 3]]
    except ValueError:
        place = []
    if len(place) != 3 or len(words) <= columns.element:
        raise SystemBuildError(where, f"{row.strip()[:60]!r}: not an element and three numbers")
    word = words[columns.element]
    try:
        if word.isdigit():
            return int(app.Element.getByAtomicNumber(int(word)).atomic_number), place, False
        element = app.Element.getBySymbol(word.capitalize())
        return int(element.atomic_number), place, element is app.element.deuterium
    except (KeyError, ValueError):
        raise SystemBuildError(where, f"{word[:10]!r}: there is no such element") from None
