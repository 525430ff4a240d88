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

RADIUS_SET = re.compile(r"^%FLAG\s+RADIUS_SET\s*\n%[^\n]*\n[^\n]*\((\w+)\)", re.MULTILINE)

RADII = {"HCT": "mbondi", "OBC1": "mbondi2", "OBC2": "mbondi2", "GBn": "bondi", "GBn2": "mbondi3"}
"""Radii that each model was fitted with (Amber 2024 Reference Manual, "The Generalized Born")."""


def radii_note(path: Path, model: str) -> list[str]:
    """A note if a prmtop has other radii than those of its implicit solvent.

    Parameters
    ----------
    path
        The prmtop.
    model
        The implicit solvent, or ``none``.
    """
    found = re.search(
        r"^%FLAG\s+RADIUS_SET\s*\n%[^\n]*\n[^\n]*\((\w+)\)", decode(path), re.MULTILINE
    )
    if model not in RADII or found is None or found[1] == RADII[model]:
        return []
    return [
        f"{path.name}: has the radii {found[1]}; {model} was made for {RADII[model]}"
        f" (set default PBRadii {RADII[model]} in tleap)"
    ]


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
