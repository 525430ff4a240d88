"""Charge and spin of a new system: as drawn, as given, as its force law says, or the usual ones."""

import json
from dataclasses import dataclass
from typing import Any

from mechanist.errors import SettingsError, SystemBuildError
from mechanist.settings.forces import KEYS, XTB
from mechanist.settings.yaml_text import parse_yaml
from mechanist.systems.build.atoms import Atoms, check_electrons

GAFF = "gaff2"

LAWS = tuple(key for key in KEYS if key != "xtb")
"""Force laws with an argument after a colon."""

WITH_ELECTRONS = ("xtb", "openmm-ml", "openmm_ml")
"""Force laws whose section has charge and multiplicity."""

METALS = frozenset((*range(21, 31), *range(39, 49), *range(57, 81)))
"""Atomic numbers of transition metals, lanthanides included: several spins are near each other."""


@dataclass(frozen=True)
class Electrons:
    """What is known of charge and multiplicity of a molecule.

    Parameters
    ----------
    where
        Its file, for messages.
    charge, multiplicity
        As on the command line; None: not given.
    drawn
        Charge as in the file or the drawing; None: not said there.
    spin
        Multiplicity as drawn, or None.
    numbers
        Atomic numbers, or None: not read yet.
    """

    where: str
    charge: int | None
    multiplicity: int | None
    drawn: int | None = None
    spin: int | None = None
    numbers: tuple[int, ...] | None = None


def electrons_of(
    atoms: Atoms | None, formal: int | None, given: tuple[int | None, int | None], where: str
) -> Electrons:
    """What is known of a molecule.

    Parameters
    ----------
    atoms
        As drawn or from an XYZ file; None for a file with names of atoms.
    formal
        Sum of the formal charges of such a file, or None.
    given
        --charge and --multiplicity.
    where
        The file, for messages.

    Raises
    ------
    SystemBuildError
        If --charge is another one than in the file or the drawing.
    """
    charge, multiplicity = given
    if atoms is None:
        return Electrons(where, charge, multiplicity, formal if charge is None else None)
    if charge is not None and atoms.charge not in (None, charge):
        verb = "is drawn with" if atoms.block else "has"
        raise SystemBuildError(where, f"--charge {charge}: {verb} charge {atoms.charge:+d}")
    spin = None if atoms.unpaired is None else atoms.unpaired + 1
    return Electrons(where, charge, multiplicity, atoms.charge, spin, atoms.numbers)


def law_with_electrons(text: str, known: Electrons) -> tuple[str, list[str]]:
    """The force law of --forces as YAML, with charge and multiplicity, and why these, in words.

    Raises
    ------
    SettingsError
        If the text is no force law, or has another charge than the molecule.
    SystemBuildError
        If charge and multiplicity do not fit the number of electrons.
    """
    section = _section(text)
    if section is None:
        return text, []  # what it must be, the schema says
    kind = next((key for key in section if key in (*KEYS, "openmm_ml")), "")
    if kind not in WITH_ELECTRONS:
        return _without(text, section, kind, known)
    for key, value in (("charge", known.charge), ("multiplicity", known.multiplicity)):
        if value is not None and key in section and section[key] != value:
            raise SettingsError("new", f"--{key} {value}: --forces says {key}: {section[key]}")
    drawn = known.drawn if known.numbers is not None else None  # else a PDB file may lack some
    if drawn is not None and section.get("charge", drawn) != drawn:
        raise SystemBuildError(
            known.where, f"--forces: charge: {section['charge']}: the molecule has {drawn:+d}"
        )
    charge = section.get("charge", _first(known.charge, known.drawn, 0))
    spin = section.get("multiplicity", _first(known.multiplicity, known.spin, 1))
    if isinstance(charge, int) and isinstance(spin, int) and known.numbers is not None:
        origins = (
            _origin(known.charge, section.get("charge"), known.drawn),
            _origin(known.multiplicity, section.get("multiplicity"), known.spin),
        )
        check_electrons(known.numbers, charge, spin, known.where, origins)
    added = {"charge": charge} if charge else {}
    added |= {"multiplicity": spin} if spin != 1 else {}
    notes = _reasons(section, known)
    if list(section) == ["xtb"] and not added:
        return str(section["xtb"]), notes
    return json.dumps(section | added), notes


def _first(*values: int | None) -> int:
    return next(value for value in values if value is not None)


def _origin(given: int | None, section: object, drawn: int | None) -> str:
    if given is not None:
        return ""
    if section is not None:
        return "in --forces"
    return "the default" if drawn is None else "as drawn"


def _section(text: str) -> dict[str, Any] | None:
    """A force law as a section; None if it is a word that the schema will refuse."""
    if text.lstrip().startswith("{"):
        try:
            found = parse_yaml(text)
        except ValueError as error:
            raise SettingsError("new", f"--forces: {text!r}: not YAML: {error}") from None
        return found if isinstance(found, dict) else None
    if text.lower() in XTB:
        return {"xtb": text.lower()}
    kind, _, rest = text.partition(":")
    if ":" not in text:
        return None
    if kind not in LAWS or not rest:
        raise SettingsError(
            "new",
            f"--forces: {text!r}: must be {', '.join(XTB)}, {GAFF}, ase:MODULE:Class,"
            " openmm-ml:NAME, torch:FILE, python:FILE, learned:FOLDER, or a section of system.yaml"
            " in braces",
        )
    return {kind: rest}


def _without(
    text: str, section: dict[str, Any], kind: str, known: Electrons
) -> tuple[str, list[str]]:
    """A force law that gets charge and spin by its own arguments, if at all."""
    if known.charge is not None or known.multiplicity is not None:
        raise SettingsError(
            "new",
            f"--charge and --multiplicity: not known to {kind or text!r}; its own arguments say"
            " them, in a section of --forces",
        )
    law = text if text.lstrip().startswith("{") else json.dumps(section)
    parts = [f"charge {known.drawn:+d}"] if known.drawn else []
    parts += [f"multiplicity {known.spin}"] if known.spin not in (None, 1) else []
    if not parts:
        return law, []
    return law, [
        f"the molecule has {' and '.join(parts)}, which a force law of the kind {kind} does not get"
        " from here; its own arguments must say so"
    ]


def _reasons(section: dict[str, Any], known: Electrons) -> list[str]:
    """What nothing says, and what a file says beside its drawing, in words."""
    notes, usual = [], []
    if "charge" not in section and known.charge is None:
        if known.drawn is None:
            usual.append("charge 0")
        elif known.numbers is None:
            notes.append(f"charge {known.drawn:+d}, the sum of the formal charges in {known.where}")
    if "multiplicity" not in section and known.multiplicity is None:
        metal = next((z for z in known.numbers or () if z in METALS), None)
        if metal is not None:
            from openmm import app

            symbol = app.Element.getByAtomicNumber(metal).symbol
            notes.append(
                f"multiplicity {known.spin or 1}, which nothing tells for {symbol}; give"
                " --multiplicity for another spin"
            )
        elif known.spin is None:
            usual.append("multiplicity 1")
    if usual:
        notes.append(f"{' and '.join(usual)}, since nothing says otherwise")
    return notes
