"""What the viewer of the page is given: atoms, bonds and frames as compact JSON."""

import base64
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.report.figures.style import A_COLOUR, B_COLOUR
from mechanist.report.molecule.scenes import PathScene, Scenes
from mechanist.statistics.logistic import q_to_p

MIDDLE_COLOUR = "#9AA1AB"
"""Of p_B = 1/2, between the colours of A and B."""


def packed(frames: Array) -> str:
    """Frames (F, K, 3) in nm as base64 of int16 in pm, relative to what fits; see viewer.js."""
    whole = np.clip(np.round(frames * 1000), -32767, 32767).astype("<i2")
    return base64.b64encode(whole.tobytes()).decode()


def colour_of(p: float) -> str:
    """Colour of a p_B: that of A, grey at 1/2, that of B."""
    from matplotlib.colors import LinearSegmentedColormap, to_hex

    ramp = LinearSegmentedColormap.from_list("p", [A_COLOUR, MIDDLE_COLOUR, B_COLOUR], N=257)
    return to_hex(ramp(float(p)))


def payload(scenes: Scenes) -> dict[str, Any]:
    """Content of the script element ``molecule`` of the page.

    Lengths in pm; positions are relative to the middle of the molecule.
    """
    place = {int(atom): k for k, atom in enumerate(scenes.shown)}
    atoms = scenes.atoms
    centre = scenes.paths[0].frames[0].mean(axis=0)
    return {
        "elements": [atoms.elements[i] for i in scenes.shown],
        "labels": [atoms.labels[i] for i in scenes.shown],
        "water": [int(atoms.water[i]) for i in scenes.shown],
        "bonds": [[place[i], place[j]] for i, j in atoms.bonds if i in place and j in place],
        "states": packed(scenes.states - centre),
        "ensemble": packed(scenes.ensemble - centre),
        "paths": [_path(path, centre) for path in scenes.paths],
        "colours": {"a": A_COLOUR, "b": B_COLOUR, "middle": MIDDLE_COLOUR},
    }


def _path(path: PathScene, centre: Array) -> dict[str, Any]:
    p = q_to_p(path.q)[path.rows]
    return {
        "group": path.group,
        "frames": packed(path.frames - centre),
        "rows": path.rows.tolist(),
        "p": [round(float(one), 3) for one in p],
        "times": [round(float(one), 4) for one in path.times[path.rows]],
    }
