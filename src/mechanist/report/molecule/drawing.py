"""Ball-and-stick pictures of a molecule, for pages without scripts."""

import base64
import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mechanist.arrays import Array, Rows
from mechanist.report.figures.style import canvas
from mechanist.report.molecule.scenes import Scenes

COLOURS = {"C": "#8A8F98", "H": "#F2F2F2", "N": "#3A62C8", "O": "#D7322B", "S": "#E0B21B"}
COLOURS |= {"P": "#E07B1B", "F": "#5FBF5A", "Cl": "#3DA63A", "Br": "#8C3A1E", "Na": "#8E5FC2"}
COLOURS |= {"Li": "#8E5FC2", "K": "#8E5FC2", "Mg": "#3A9E6F", "Zn": "#7A7FA8"}
RADII = {"H": 0.026, "C": 0.04, "N": 0.038, "O": 0.037, "S": 0.05, "P": 0.05, "Cl": 0.06}
"""Radii of the balls in nm."""

OTHER_COLOUR, OTHER_RADIUS = "#B06AB3", 0.06
STICK = 0.016
"""Radius of a bond in nm."""

DRAWN = 300
"""Atoms of a picture, at most; the viewer shows all."""

SIDE = 3.3
"""Inches of a picture."""


def view_of(positions: Array) -> Array:
    """Rotation (3, 3) that shows the largest extent across, and the smallest in depth."""
    centred = positions - positions.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    rotation = np.asarray(axes if len(axes) == 3 else np.eye(3))
    if np.linalg.det(rotation) < 0:
        rotation[2] *= -1
    # A little from above, so that a flat molecule does not lie in one plane of the paper.
    tilt = np.radians(18)
    about_x = np.array(
        [[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]]
    )
    return np.asarray(about_x @ rotation)


def drawn_atoms(scenes: Scenes, marked: Rows | None) -> Rows:
    """Places of the atoms that are drawn: all, or the `DRAWN` nearest to the marked ones."""
    positions = scenes.paths[0].frames[0]
    if len(positions) <= DRAWN:
        return np.arange(len(positions))
    focus = positions[scenes.solute if marked is None or not len(marked) else marked]
    apart = np.linalg.norm(positions - focus.mean(axis=0), axis=1)
    if marked is not None:
        apart[marked] = -1
    return np.sort(np.argsort(apart, kind="stable")[:DRAWN])


def draw_png(
    scenes: Scenes,
    frames: Array,
    carbons: Sequence[str],
    marked: Rows | None = None,
    labels: bool = False,
    opacity: float = 1.0,
    halo: bool = True,
) -> str:
    """PNG of frames (F, K, 3) over one another as a data address.

    Parameters
    ----------
    scenes
        Atoms and bonds.
    frames
        Positions in nm.
    carbons
        A colour of the carbon atoms for each frame.
    marked
        Places among the shown atoms that get a halo; of a large system, what is around them is
        drawn.
    labels
        Whether marked atoms are named.
    opacity
        Of all atoms and bonds.
    halo
        Whether marked atoms get one.
    """
    drawn = drawn_atoms(scenes, marked)
    rotation = view_of(scenes.paths[0].frames[0][drawn])
    scenes, frames = replace(scenes, shown=scenes.shown[drawn]), frames[:, drawn]
    marked = np.flatnonzero(np.isin(drawn, [] if marked is None or not halo else marked))
    atoms, shown = scenes.atoms, scenes.shown
    centre = np.concatenate(list(frames)).mean(axis=0)
    with canvas(SIDE, SIDE * 0.8) as figure:
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_aspect("equal")
        turned = [(frame - centre) @ rotation.T for frame in frames]
        every = np.concatenate(turned)
        depth = (float(every[:, 2].min()), float(np.ptp(every[:, 2])) or 1.0)
        for frame, carbon in zip(turned, carbons, strict=True):
            _draw(axes, frame, scenes, carbon, depth, opacity)
        if len(marked):
            _mark(axes, turned[0], marked, [atoms.labels[shown[i]] for i in marked], labels)
        margin = 0.09
        axes.set_xlim(every[:, 0].min() - margin, every[:, 0].max() + margin)
        axes.set_ylim(every[:, 1].min() - margin, every[:, 1].max() + margin)
        buffer = io.BytesIO()
        figure.savefig(
            buffer, format="png", dpi=140, facecolor="white", metadata={"Software": None}
        )
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _draw(
    axes: Any, frame: Array, scenes: Scenes, carbon: str, depth: tuple[float, float], opacity: float
) -> None:
    """Bonds as two halves and atoms as shaded balls, from the back to the front."""
    from matplotlib.patches import Circle

    atoms, shown = scenes.atoms, scenes.shown
    place = {int(atom): k for k, atom in enumerate(shown)}
    colour = [
        carbon if (e := atoms.elements[i]) == "C" else COLOURS.get(e, OTHER_COLOUR) for i in shown
    ]
    radius = [RADII.get(atoms.elements[i], OTHER_RADIUS) for i in shown]
    parts: list[tuple[float, str, Any]] = [(frame[k, 2], "atom", k) for k in range(len(shown))]
    for one, other in atoms.bonds:
        if one in place and other in place:
            i, j = place[one], place[other]
            middle = (frame[i] + frame[j]) / 2
            parts += [((frame[i, 2] + middle[2]) / 2 - 0.01, "bond", (i, middle))]
            parts += [((frame[j, 2] + middle[2]) / 2 - 0.01, "bond", (j, middle))]
    scale = _points_per_nm(axes, frame)
    for z, kind, what in sorted(parts, key=lambda part: part[0]):
        near = (z - depth[0]) / depth[1]
        if kind == "bond":
            k, middle = what
            xs, ys = [frame[k, 0], middle[0]], [frame[k, 1], middle[1]]
            width = 2 * STICK * scale
            edge = _shade("#404652", near)
            axes.plot(xs, ys, color=edge, lw=width + 1.2, alpha=opacity, solid_capstyle="butt")
            axes.plot(xs, ys, color=_shade(colour[k], near), lw=width, alpha=opacity,
                      solid_capstyle="round")  # fmt: skip
            continue
        centre, size = frame[what, :2], radius[what]
        style = {"fc": _shade(colour[what], near), "ec": _shade("#404652", near), "lw": 0.7}
        axes.add_patch(Circle(tuple(centre), size, alpha=opacity, **style))
        if opacity == 1:
            light = centre + np.array([-0.32, 0.34]) * size
            axes.add_patch(Circle(tuple(light), 0.3 * size, fc="white", ec="none", alpha=0.45))
    for artist in (*axes.lines, *axes.patches):
        artist.set_zorder(1)


def _points_per_nm(axes: Any, frame: Array) -> float:
    extent = max(float(np.ptp(frame[:, 0])) + 0.18, (float(np.ptp(frame[:, 1])) + 0.18) / 0.8)
    return 72 * SIDE / extent


def _shade(colour: str, near: float) -> tuple[float, float, float]:
    """A colour, paler towards the back."""
    from matplotlib.colors import to_rgb

    fog = 0.55 * (1 - near)
    red, green, blue = (channel * (1 - fog) + fog for channel in to_rgb(colour))
    return red, green, blue


def _mark(axes: Any, frame: Array, marked: Rows, names: Sequence[str], labels: bool) -> None:
    from matplotlib.patches import Circle
    from matplotlib.patheffects import withStroke

    middle = frame[:, :2].mean(axis=0)
    for k, name in zip(marked, names, strict=True):
        centre = frame[k, :2]
        axes.add_patch(Circle(tuple(centre), 0.055, fc="none", ec="#CC79A7", lw=2.2, zorder=3))
        if not labels:
            continue
        away = centre - middle
        away = away / (np.linalg.norm(away) or 1)
        text = axes.annotate(
            name, centre, away * 15, textcoords="offset points", ha="center", va="center",
            fontsize=9, weight="bold", color="#3C3C46", zorder=4,
        )  # fmt: skip
        text.set_path_effects([withStroke(linewidth=3, foreground="white")])
