"""States of a reaction from the bonds that break and form.

With r0, the sum of covalent radii, a bond is there below the longer of 1.2 r0 and 1.15 times its
length in the structure, and is not there above 1.5 r0. A is where all bonds that break are there
and none that forms is; B is the opposite.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.bookkeeping.files import write_text
from mechanist.errors import SettingsError
from mechanist.settings.load import SYSTEM_FILE
from mechanist.starts.radicals import radicals
from mechanist.systems.build.molecule import build_molecule
from mechanist.systems.build.new import draft_of, new_folder
from mechanist.systems.build.radii import BONDED, radii
from mechanist.systems.build.request import Request, ingredients
from mechanist.systems.build.template import Chosen, ChosenDescriptor, ChosenState, system_yaml
from mechanist.systems.descriptors.labels import topology_of, unique_names

WORD = re.compile(r"(break|form)\s+(\S+?)\s*-\s*(\S+)")

THERE, STRETCH, GONE = 1.2, 1.15, 1.5
"""Limits as in the head of the module."""

SHORTEST, FARTHEST = 0.05, 100.0
"""nm; ends of the intervals of bonds that are there and that are not."""

STRIDE, LONGEST = 4, "2 ps"
"""MD steps of 0.5 fs between two frames, and the longest half-shot: a proton crosses in 10 fs."""

Pair = tuple[int, int]
Log = Callable[[str], None]


def react(
    name: str, request: Request, reaction: str, root: Path, said: Log = lambda text: None
) -> Path:
    """Make ``root``/systems/``name`` with the states of a reaction.

    Parameters
    ----------
    name
        Of the system.
    request
        Its structure, in state A, and its force law.
    reaction
        As ``break 0-5, form 4-5``; atoms are indices from 0 or names that one atom has.
    root
        Folder that holds systems/.
    said
        Called with what a user should know.

    Raises
    ------
    SettingsError
        If the text names no reaction of this structure, or there is no force law.
    SystemBuildError
        If the system cannot be built.
    """
    if request.forces is None:
        raise SettingsError("new", "--react: needs a force law under which bonds break: --forces")
    with new_folder(name, root) as (folder, partial):
        parts = ingredients(name, request, partial, said)
        settings = parts.settings
        molecule = build_molecule(settings, partial)
        topology = topology_of(molecule.topology)
        breaks, forms = parse_reaction(reaction, topology)
        chosen = chosen_of(breaks, forms, topology, molecule.positions)
        draft = draft_of(name, settings, partial, said, molecule)
        atoms = sorted({atom for pair in (*breaks, *forms) for atom in pair})
        own = "index " + " ".join(map(str, atoms))
        groups = draft.groups | ({"differences": own} if len(atoms) > 2 else {})
        draft = replace(draft, chosen=chosen, groups=groups, stride=STRIDE, longest=LONGEST)
        warning = radicals(settings.forces, breaks, forms, topology)
        warnings = () if warning is None else (f"Warning: {warning}.",)
        draft = replace(draft, notes=(*parts.notes, *warnings))
        for line in (*chosen.reasons, *warnings):
            said(line)
        write_text(partial / SYSTEM_FILE, system_yaml(draft))
    return folder


def parse_reaction(text: str, topology: Any) -> tuple[list[Pair], list[Pair]]:
    """Pairs of atoms whose bonds break, and of those whose bonds form.

    Raises
    ------
    SettingsError
        If a part is not understood, names no atom, or stands twice.
    """
    found: dict[str, list[Pair]] = {"break": [], "form": []}
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = WORD.fullmatch(part)
        if match is None:
            raise SettingsError("new", f"--react: {part!r}: must read 'break 0-5' or 'form 4-5'")
        i, j = sorted(_atom(word, topology) for word in match.groups()[1:])
        if i == j:
            raise SettingsError("new", f"--react: {part!r}: names one atom twice")
        if (i, j) in found["break"] + found["form"]:
            raise SettingsError("new", f"--react: {part!r}: this pair stands there twice")
        found[match[1]].append((i, j))
    if not found["break"] and not found["form"]:
        raise SettingsError("new", "--react: names no bond; write 'break 0-5, form 4-5'")
    return found["break"], found["form"]


def _atom(word: str, topology: Any) -> int:
    """Index of an atom, given as such or as its name."""
    if word.isdigit() and word.isascii():
        if int(word) < topology.n_atoms:
            return int(word)
        raise SettingsError("new", f"--react: {word}: atoms count from 0 to {topology.n_atoms - 1}")
    found = [int(atom.index) for atom in topology.atoms if atom.name == word]
    if len(found) == 1:
        return found[0]
    many = f"{len(found)} atoms have this name" if found else "no atom has this name"
    raise SettingsError("new", f"--react: {word!r}: {many}; give an index from 0")


def chosen_of(breaks: list[Pair], forms: list[Pair], topology: Any, positions: Array) -> Chosen:
    """Descriptors and states of a reaction, for a structure (N, 3) in nm in state A.

    Raises
    ------
    SettingsError
        If a bond that breaks is not there, or one that forms is.
    """
    pairs = [*breaks, *forms]
    sizes = radii([atom.element.number for atom in topology.atoms])
    usual = [float(sizes[i] + sizes[j]) for i, j in pairs]
    lengths = [float(np.linalg.norm(positions[i] - positions[j])) for i, j in pairs]
    for number, ((i, j), r0, length) in enumerate(zip(pairs, usual, lengths, strict=True)):
        breaking = number < len(breaks)
        if breaking == (length >= BONDED * r0):
            which = f"{topology.atom(i).name}-{topology.atom(j).name}"
            state = "not bonded" if breaking else "bonded already"
            raise SettingsError(
                "new",
                f"--react: {'break' if breaking else 'form'} {i}-{j} ({which}):"
                f" {length:.3f} nm apart in the structure, so they are {state}",
            )
    prefixes = ["bond"] * len(breaks) + ["distance"] * len(forms)
    names = unique_names(topology, list(zip(prefixes, pairs, strict=True)))
    there, gone = {}, {}
    for number, (name, r0, length) in enumerate(zip(names, usual, lengths, strict=True)):
        near = max(THERE * r0, STRETCH * length) if number < len(breaks) else THERE * r0
        there[name] = (f"{SHORTEST:g} nm", f"{near:.3f} nm")
        gone[name] = (f"{max(GONE * r0, near):.3f} nm", f"{FARTHEST:g} nm")
    first, second = names[: len(breaks)], names[len(breaks) :]
    a = {n: there[n] for n in first} | {n: gone[n] for n in second}
    b = {n: gone[n] for n in first} | {n: there[n] for n in second}
    descriptors = tuple(
        ChosenDescriptor(
            name, "distance", pair, f"{'breaks' if k < len(breaks) else 'forms'}, now {x:.3f} nm"
        )
        for k, (name, pair, x) in enumerate(zip(names, pairs, lengths, strict=True))
    )
    words = ", ".join(
        f"{'break' if k < len(breaks) else 'form'} {topology.atom(i).name}-{topology.atom(j).name}"
        for k, (i, j) in enumerate(pairs)
    )
    reasons = (
        f"Reaction: {words}. A bond is there up to {THERE:g} times the sum of its covalent radii,",
        f"and gone from {GONE:g} times that sum.",
    )
    states = ChosenState("reactant", a, "as in the structure"), ChosenState("product", b, "after")
    return Chosen(descriptors, states, reasons)
