"""The system.yaml of a new system, with comments for its editor."""

from dataclasses import dataclass

import yaml

from mechanist.settings.molecule import MoleculeSettings
from mechanist.settings.system import PLACEHOLDER
from mechanist.systems.build.suggest import Candidate

SHOWN = 20
"""Candidates that are listed at most."""


@dataclass(frozen=True)
class ChosenDescriptor:
    """A descriptor of the states: name, kind, atoms (indices from 0) and why it was chosen."""

    name: str
    kind: str
    atoms: tuple[int, ...]
    reason: str


@dataclass(frozen=True)
class ChosenState:
    """A state: name, intervals as text with units by descriptor, and where they come from."""

    name: str
    box: dict[str, tuple[str, str]]
    reason: str


@dataclass(frozen=True)
class Chosen:
    """States that need no editing.

    Parameters
    ----------
    descriptors
        That define them.
    states
        A and B.
    reasons
        Comments above the states, one a line.
    """

    descriptors: tuple[ChosenDescriptor, ...]
    states: tuple[ChosenState, ChosenState]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Draft:
    """Content of a new system.yaml.

    Parameters
    ----------
    name
        Of the system.
    molecule
        Its section.
    candidates
        Descriptors for states; the first one is filled in.
    groups
        Selections of the groups of inputs.
    timestep
        In fs.
    atoms
        Their number, for a comment.
    periodic
        Why the system is periodic or not, in words; empty if that is part of a System.
    implicit
        Whether implicit solvent is possible: not periodic, and no water.
    chosen
        States and their descriptors; None: they are left to the editor.
    stride, longest
        MD steps between two frames, and the longest half-shot; None: usual ones.
    notes
        Further comments at the head, one a line: how the structure was made.
    solvated
        Whether water was added, so that the volume is not yet that of 1 bar.
    """

    name: str
    molecule: MoleculeSettings
    candidates: list[Candidate]
    groups: dict[str, str]
    timestep: float
    atoms: int
    periodic: str = ""
    implicit: bool = False
    chosen: Chosen | None = None
    notes: tuple[str, ...] = ()
    stride: int | None = None
    longest: str | None = None
    solvated: bool = False


def system_yaml(draft: Draft) -> str:
    """Text of the file."""
    head = f"# {draft.name}: edit what is marked, then run: mechanist check {draft.name}"
    if draft.chosen is not None:
        head = f"# {draft.name}: nothing is left to fill in; next: mechanist check {draft.name}"
    parts = [
        head,
        *(f"# {note}" for note in draft.notes),
        f"name: {draft.name} # title in the report",
        "",
        _molecule(draft),
        "",
        _dynamics(draft),
        "",
        *(_descriptors(draft.candidates) if draft.chosen is None else _chosen(draft.chosen)),
        "",
        *(_states(draft.candidates) if draft.chosen is None else _boxes(draft.chosen)),
        "",
        *_inputs(draft),
    ]
    return "\n".join(parts) + "\n"


def _pairs(content: dict[str, object]) -> list[str]:
    """A line for each key, so that a key may be added below; lists are in brackets."""
    return [
        f"{key}: {yaml.safe_dump(value, default_flow_style=True, width=10**6).splitlines()[0]}"
        for key, value in content.items()
    ]


def _molecule(draft: Draft) -> str:
    """The section ``molecule``, with comments on what else may be set."""
    settings = draft.molecule
    plain = settings.model_dump(mode="json", exclude_unset=True)
    lines = [f"# Atoms and forces ({draft.atoms:,} atoms)."]
    if settings.kind == "OpenMM":
        lines[0] += " The System brings its own constraints, masses and cutoffs."
    if draft.periodic:
        lines.append(f"# {draft.periodic}")
    lines += ["molecule:", *(f"  {line}" for line in _pairs(plain))]
    if settings.kind not in ("OpenMM", "law"):
        lines.append("  # hydrogen_mass: 3 dalton # allows a timestep of 4 fs")
    if settings.kind in ("Amber", "CHARMM") and draft.implicit:
        lines.append("  # implicit_solvent: OBC2")
    if settings.kind == "XML" and draft.implicit:
        lines.append("  # Add implicit/obc2.xml to force_field for implicit water.")
    return "\n".join(lines)


def dynamics_text(draft: Draft) -> dict[str, object]:
    """The keys of the section ``dynamics``."""
    law = draft.molecule.kind == "law"
    return {
        "temperature": "300 K",
        "friction": "1 /ps",
        "timestep": f"{draft.timestep:g} fs",
        "stride": draft.stride or 10,
        "max_half_path": draft.longest or ("5 ps" if law else "20 ps"),
    }


def _dynamics(draft: Draft) -> str:
    keys = dynamics_text(draft)
    why = " # bonds with hydrogens move freely under a force law" if draft.timestep < 1 else ""
    lines = [
        "# Langevin dynamics.",
        "dynamics:",
        f"  temperature: {keys['temperature']}",
        f"  friction: {keys['friction']}",
        f"  timestep: {keys['timestep']}{why}",
        f"  stride: {keys['stride']} # MD steps between two frames of a path",
        f"  # {'EDIT: a' if draft.chosen is None else 'A'} longer half-shot is rejected; use"
        " several typical transition times.",
        f"  max_half_path: {keys['max_half_path']}",
    ]
    if draft.solvated:
        lines.append("  pressure: 1 bar # waters were placed; a barostat finds the volume first")
    elif draft.molecule.periodic:
        lines.append("  # pressure: 1 bar # a barostat finds the volume before sampling")
    return "\n".join(lines)


def _descriptors(candidates: list[Candidate]) -> list[str]:
    lines = [
        "# EDIT: what distinguishes A from B. Atoms are indices from 0 or selections such as",
        "# 'resname ALA and name CA'. Other kinds: angle (3 atoms), distance (2), and function",
        "# (your own, in descriptors.py beside this file).",
    ]
    if not candidates:
        return [*lines, "descriptors: {}"]
    lines.append("descriptors:")
    lines += [f"  {_line(candidates[0])}"]
    if len(candidates) > 1:
        lines.append("  # Others, with their values in the structure:")
        lines += [f"  # {_line(candidate)}" for candidate in candidates[1:SHOWN]]
    if len(candidates) > SHOWN:
        lines.append(
            f"  # and {len(candidates) - SHOWN} more; any atoms can be named, such as"
            " 'resSeq 12 and name CB'"
        )
    return lines


def _chosen(chosen: Chosen) -> list[str]:
    """The descriptors of states that need no editing."""
    lines = ["# What distinguishes A from B; atoms count from 0.", "descriptors:"]
    for one in chosen.descriptors:
        atoms = ", ".join(map(str, one.atoms))
        lines.append(f"  {one.name}: {{{one.kind}: [{atoms}]}} # {one.reason}")
    return lines


def _boxes(chosen: Chosen) -> list[str]:
    """States that need no editing."""
    lines = [*(f"# {reason}" for reason in chosen.reasons), "states:"]
    for key, state in zip("AB", chosen.states, strict=True):
        box = ", ".join(f"{name}: [{low}, {high}]" for name, (low, high) in state.box.items())
        lines += [
            f"  {key}: # {state.reason}",
            f"    name: {yaml.safe_dump(state.name).splitlines()[0]}",
            f"    box: {{{box}}}",
        ]
    return lines


def _line(candidate: Candidate) -> str:
    atoms = ", ".join(map(str, candidate.atoms))
    return f"{candidate.name}: {{{candidate.kind}: [{atoms}]}} # now {candidate.shown}"


def _states(candidates: list[Candidate]) -> list[str]:
    """Placeholders, which ``mechanist check`` and all stages refuse."""
    name = candidates[0].name if candidates else PLACEHOLDER
    example = "[-120 deg, -60 deg]" if name.startswith("torsion") else "[0.2 nm, 0.35 nm]"
    return [
        f"# EDIT: name both states, and replace {PLACEHOLDER} by an interval such as {example}.",
        "# A box may have several descriptors; a state may be a list of boxes.",
        "states:",
        "  A:",
        "    name: A",
        f"    box: {{{name}: [{PLACEHOLDER}, {PLACEHOLDER}]}}",
        "  B:",
        "    name: B",
        f"    box: {{{name}: [{PLACEHOLDER}, {PLACEHOLDER}]}}",
    ]


def _inputs(draft: Draft) -> list[str]:
    lines = [
        "# Descriptors that networks and formulas see: names and groups.",
        "inputs:",
    ]
    if len(draft.candidates) > SHOWN:
        lines.append(
            "  # Of a large molecule, those near the transition are enough, such as"
            " 'resSeq 8 to 16 and not element H'."
        )
    lines += [f"  - {{all: {kind}, select: {text}}}" for kind, text in draft.groups.items()]
    if draft.chosen is not None:
        # A member of a group that has a name of its own is not listed twice.
        lines += [f"  - {one.name}" for one in draft.chosen.descriptors]
    elif "torsions" not in draft.groups and draft.candidates:
        lines += [f"  - {candidate.name}" for candidate in draft.candidates[:1]]
    return lines
