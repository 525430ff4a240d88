"""Sections of Amber's prmtop that OpenMM leaves out, so that forces would lack them."""

import re
from pathlib import Path

from mechanist.errors import SystemBuildError
from mechanist.systems.build.text import decode

FLAG = re.compile(r"^%FLAG\s+(\S+)", re.MULTILINE)

LEFT_OUT = {
    "LES_NTYP": "locally enhanced sampling",
    "AMOEBA_FORCEFIELD": "AMOEBA; take force_field: amoeba2018.xml with a PDB file",
    "POLARIZABILITY": "induced dipoles",
    "LENNARD_JONES_DCOEF": "a second polarization term of ions",
}
"""Sections that change the forces if any of their numbers is not zero."""


def check_prmtop(path: Path) -> None:
    """Refuse a prmtop with terms that OpenMM does not read.

    Raises
    ------
    SystemBuildError
        Naming the section.
    """
    text = decode(path)
    sections = {match[1]: match.start() for match in FLAG.finditer(text)}
    for name, what in LEFT_OUT.items():
        if name in sections and _has_numbers(text, sections[name]):
            line = text.count("\n", 0, sections[name]) + 1
            raise SystemBuildError(
                f"{path}:{line}",
                f"%FLAG {name}: not read by OpenMM, so the forces would lack {what}",
            )


def _has_numbers(text: str, start: int) -> bool:
    """Whether a section holds a number other than zero."""
    body = text[start:].partition("\n")[2].partition("%FLAG")[0]
    words = " ".join(line for line in body.split("\n") if not line.startswith("%")).split()
    return any(re.search("[1-9]", word.upper().partition("E")[0]) for word in words)
