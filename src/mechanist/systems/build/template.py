"""The system.yaml of a new system, with comments for its editor."""

from dataclasses import dataclass

import yaml

from mechanist.settings.molecule import MoleculeSettings
from mechanist.settings.system import PLACEHOLDER
from mechanist.systems.build.suggest import Candidate

SHOWN = 20
"""Candidates that are listed at most."""


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
    """

    name: str
    molecule: MoleculeSettings
    candidates: list[Candidate]
    groups: dict[str, str]
    timestep: float
    atoms: int
    periodic: str = ""
    implicit: bool = False


def system_yaml(draft: Draft) -> str:
    """Text of the file."""
    parts = [
        f"# {draft.name}: edit what is marked, then run: mechanist check {draft.name}",
        f"name: {draft.name} # title in the report",
        "",
        _molecule(draft),
        "",
        _dynamics(draft),
        "",
        *_descriptors(draft.candidates),
        "",
        *_states(draft.candidates),
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
    if settings.kind != "OpenMM":
        lines.append("  # hydrogen_mass: 3 dalton # allows a timestep of 4 fs")
    if settings.kind in ("Amber", "CHARMM") and draft.implicit:
        lines.append("  # implicit_solvent: OBC2")
    if settings.kind == "XML" and draft.implicit:
        lines.append("  # Add implicit/obc2.xml to force_field for implicit water.")
    return "\n".join(lines)


def _dynamics(draft: Draft) -> str:
    lines = [
        "# Langevin dynamics.",
        "dynamics:",
        "  temperature: 300 K",
        "  friction: 1 /ps",
        f"  timestep: {draft.timestep:g} fs",
        "  stride: 10 # MD steps between two frames of a path",
        "  # EDIT: a longer half-shot is rejected; use several typical transition times.",
        "  max_half_path: 20 ps",
    ]
    if draft.molecule.periodic:
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
        lines.append(f"  # and {len(candidates) - SHOWN} more")
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
    lines += [f"  - {{all: {kind}, select: {text}}}" for kind, text in draft.groups.items()]
    if "torsions" not in draft.groups and draft.candidates:
        lines += [f"  - {candidate.name}" for candidate in draft.candidates[:1]]
    return lines
