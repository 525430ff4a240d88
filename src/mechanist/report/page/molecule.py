"""The section Molecule: pictures that scripts replace by a viewer."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mechanist.arrays import Rows
from mechanist.formula.store import used_descriptors
from mechanist.report.data import ReportData
from mechanist.report.figures.style import A_COLOUR, B_COLOUR
from mechanist.report.molecule.drawing import draw_png
from mechanist.report.molecule.payload import colour_of, payload
from mechanist.report.molecule.scenes import Scenes
from mechanist.statistics.logistic import q_to_p

VIEWER = Path(__file__).parent / "3Dmol-min.js"
"""3Dmol.js 2.5.5, BSD-3-Clause, see 3Dmol-LICENSE.txt."""

GREY = "#8A8F98"
STRIP = 5
"""Frames of a path that are drawn beside one another where no script runs."""


@dataclass(frozen=True)
class Still:
    """A picture of the molecule: title, PNG, caption, and the scene that replaces it."""

    scene: str
    title: str
    images: tuple[str, ...]
    caption: str


@dataclass(frozen=True)
class MoleculeSection:
    """What the template needs: pictures, data for the viewer, atoms of each descriptor."""

    stills: tuple[Still, ...]
    data: str
    atoms: dict[str, str]
    library: str
    script: str


def molecule_section(data: ReportData) -> MoleculeSection | None:
    """The section, or None where there is no molecule."""
    scenes = data.scenes
    if scenes is None:
        return None
    marks = marked_atoms(data, scenes)
    every: list[int] = sorted({i for rows in marks.values() for i in rows})
    folder = Path(__file__).parent
    return MoleculeSection(
        stills=tuple(stills(data, scenes, np.array(every, dtype=np.int64))),
        # A "<" in a label must not end the script element.
        data=json.dumps(payload(scenes), separators=(",", ":")).replace("<", "\\u003c"),
        atoms={name: " ".join(map(str, rows)) for name, rows in marks.items()},
        library=VIEWER.read_text(encoding="utf-8"),
        script=(folder / "viewer.js").read_text(encoding="utf-8"),
    )


def marked_atoms(data: ReportData, scenes: Scenes) -> dict[str, list[int]]:
    """Places among the shown atoms of those that each descriptor of the formula is made of."""
    if data.formula is None or "definitions" not in data.formula:
        return {}
    place = {int(atom): k for k, atom in enumerate(scenes.shown)}
    used = used_descriptors(data.formula, data.layout.formula).descriptors
    return {d.name: [place[i] for i in d.atoms if i in place] for d in used}


def stills(data: ReportData, scenes: Scenes, marked: Rows) -> list[Still]:
    """The pictures, in the order of the tabs of the viewer."""
    states, solute = data.dynamics.states, len(scenes.solute)
    first, waters = scenes.paths[0], len(scenes.shown) - len(scenes.solute)
    about = f"{solute} atoms" + (f" and {waters} of water near them" if waters else "")
    circled = "; circled: those of the descriptors of the formula" if len(marked) else ""
    ends = [
        draw_png(scenes, scenes.states[k : k + 1], [colour], marked)
        for k, colour in enumerate((A_COLOUR, B_COLOUR))
    ]
    made = [
        Still(
            "structure",
            "Structure",
            (draw_png(scenes, first.frames[:1], [GREY], marked, labels=True),),
            f"{about}{circled}.",
        ),
        Still(
            "states",
            "A and B",
            tuple(ends),
            f"A frame in A, {states.a.name} (blue), and one in B, {states.b.name} (orange): the"
            " ends of a typical transition path, superposed.",
        ),
    ]
    if len(scenes.ensemble):
        made.append(_ensemble(scenes, marked))
    return [*made, *(_path(scenes, k, marked) for k in range(len(scenes.paths)))]


def _ensemble(scenes: Scenes, marked: Rows) -> Still:
    low, high = (f"{end:.2f}" for end in (scenes.ensemble_p.min(), scenes.ensemble_p.max()))
    greys = [GREY] * len(scenes.ensemble)
    between = f"p_B = {low}" if low == high else f"p_B from {low} to {high}"
    return Still(
        "ensemble",
        "Transition state",
        (draw_png(scenes, scenes.ensemble, greys, marked, opacity=0.5, halo=False),),
        f"{len(scenes.ensemble)} frames with {between} by the network, each from another"
        " transition path, superposed. What is sharp here is the same in all of them.",
    )


def _path(scenes: Scenes, number: int, marked: Rows) -> Still:
    path = scenes.paths[number]
    p = q_to_p(path.q)[path.rows]
    rows = strip(len(path.frames))
    images = [draw_png(scenes, path.frames[i : i + 1], [colour_of(p[i])], marked) for i in rows]
    return Still(
        f"path{number}",
        "Typical path" if path.group is None else f"Typical path of group {path.group}",
        tuple(images),
        "From A to B; carbon atoms are coloured by p_B of the network, from blue (0) by grey (1/2)"
        f" to orange (1). Drawn: p_B = {', '.join(f'{p[i]:.2f}' for i in rows)}.",
    )


def strip(frames: int) -> Sequence[int]:
    """Frames of a path to be drawn."""
    return [int(i) for i in np.unique(np.linspace(0, frames - 1, min(STRIP, frames)).round())]
