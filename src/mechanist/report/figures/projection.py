"""Panels over one or two descriptors, with the states."""

from typing import Any

import numpy as np

from mechanist.report.data import FrameSample, ReportData
from mechanist.report.figures.axis import Axis, degree_ticks, make_axis
from mechanist.report.figures.style import (
    A_COLOUR,
    B_COLOUR,
    MARK,
    NETWORK,
    grid,
)
from mechanist.statistics.logistic import q_to_p
from mechanist.systems.descriptors.descriptor_set import Descriptor
from mechanist.systems.descriptors.states import Box, States

CELLS = 90
DOTS = 400
"""Frames near p_B = 1/2 that are drawn, at most."""


def choose_pairs(data: ReportData) -> list[tuple[Axis, Axis]]:
    """Up to two pairs of descriptors to draw.

    The first is made of two descriptors of the states, the second of the more relevant of these and
    the most relevant descriptor that the states do not use. Empty in one dimension.
    """
    frames, states = data.frames, data.dynamics.states.descriptors
    assert frames is not None
    ranked = list(data.relevance.names) if data.relevance else list(data.inputs.names)
    rank = {name: i for i, name in enumerate(ranked)}
    own = sorted(states.names, key=lambda name: rank.get(name, len(rank)))
    axes = {
        d.name: make_axis(
            d, frames.state_values[:, i], frames.weights, True, _ends(data.dynamics.states, d)
        )
        for i, d in enumerate(states.descriptors)
    }
    # The more relevant one lies along x.
    pairs = [(axes[own[0]], axes[own[1]])] if len(own) > 1 else []
    others = [name for name in ranked if name in data.inputs.names and name not in axes]
    if others:
        i = data.inputs.names.index(others[0])
        axis = make_axis(
            data.inputs.descriptors[i], frames.input_values[:, i], frames.weights, full=False
        )
        pairs.append((axes[own[0]], axis))
    return pairs


def _ends(states: States, descriptor: Descriptor) -> list[float]:
    """Ends along a descriptor of the discs of the states."""
    discs = [d for state in (states.a, states.b) for box in state.boxes for d in box.discs]
    return [
        disc.centre[disc.descriptors.index(descriptor.name)] + side * disc.radius
        for disc in discs
        if descriptor.name in disc.descriptors
        for side in (-1, 1)
    ]


def density_panel(axes: Any, x: Axis, y: Axis, frames: FrameSample) -> Any:
    """Density of path frames in grey, frames near p_B = 1/2 as dots; returns the image."""
    from matplotlib.colors import LogNorm

    counts, _, _ = np.histogram2d(
        x.values, y.values, CELLS, range=(x.limits, y.limits), weights=frames.weights
    )
    counts /= counts.max()
    image = axes.imshow(
        np.ma.masked_less_equal(counts.T, 0),
        extent=(*x.limits, *y.limits), origin="lower", aspect="auto", cmap="Greys",
        norm=LogNorm(1e-3, 1), interpolation="nearest",
    )  # fmt: skip
    if frames.q is not None:
        near = np.flatnonzero(np.abs(frames.q) < np.log(0.55 / 0.45))
        near = near[:: max(1, len(near) // DOTS)]
        axes.plot(
            x.values[near], y.values[near], "o", ms=3.2, mfc=MARK, mec="white", mew=0.3, zorder=3
        )
    axes.set(xlim=x.limits, ylim=y.limits, xlabel=x.label, ylabel=y.label)
    degree_ticks(axes, "x", x)
    degree_ticks(axes, "y", y)
    return image


def profile_panel(axes: Any, x: Axis, frames: FrameSample) -> None:
    """p_B of path frames along one descriptor."""
    axes.set(ylim=(-0.02, 1.02), ylabel="$p_B$ of path frames")
    grid(axes)
    if frames.q is None:
        return
    p = q_to_p(frames.q)
    groups = [g for g in np.array_split(np.argsort(x.values, kind="stable"), 40) if len(g)]
    centre = np.array([np.median(x.values[g]) for g in groups])
    bands = np.array([np.quantile(p[g], [0.1, 0.5, 0.9]) for g in groups]).T
    axes.fill_between(centre, bands[0], bands[2], color=NETWORK, alpha=0.18, lw=0)
    axes.plot(centre, bands[1], color=NETWORK)


def _pieces(box: Box, axis: Axis) -> list[tuple[float, float]] | None:
    """Where a box lies along an axis, within its limits; None if it does not restrict the axis."""
    found = [i for i in box.intervals if i.descriptor == axis.name]
    low, high = axis.limits
    if found:
        start, end = found[0].low * axis.factor, found[0].high * axis.factor
    else:
        disc = next((d for d in box.discs if axis.name in d.descriptors), None)
        if disc is None:
            return None
        centre = disc.centre[disc.descriptors.index(axis.name)]
        start, end = (centre + side * disc.radius for side in (-1, 1))
    turns = (-360, 0, 360) if axis.periodic else (0,)
    clipped = [(max(start + turn, low), min(end + turn, high)) for turn in turns]
    return [piece for piece in clipped if piece[0] < piece[1]]


def mark_states(axes: Any, x: Axis, y: Axis | None, states: States) -> None:
    """Draw both states into a panel over ``x`` and ``y``, or over ``x`` alone, with their names."""
    for state, colour in ((states.a, A_COLOUR), (states.b, B_COLOUR)):
        areas: list[tuple[float, float, float, float]] = []
        for box in state.boxes:
            areas += _draw_box(axes, box, x, y, colour)
        if areas:
            left, right, bottom, top = max(areas, key=lambda a: (a[1] - a[0]) * (a[3] - a[2]))
            text = axes.text(
                (left + right) / 2, top - 0.06 * (top - bottom), state.name,
                ha="center", va="top", color=colour, weight="bold", zorder=5,
            )  # fmt: skip
            _halo(text)


def _halo(text: Any) -> None:
    from matplotlib.patheffects import withStroke

    text.set_path_effects([withStroke(linewidth=3, foreground="white")])


def _draw_box(
    axes: Any, box: Box, x: Axis, y: Axis | None, colour: str
) -> list[tuple[float, float, float, float]]:
    """Draw one box; returns the areas (left, right, bottom, top) that it covers."""
    from matplotlib.patches import Circle, Rectangle

    across = _pieces(box, x)
    up = None if y is None else _pieces(box, y)
    if across is None and up is None:
        return []
    style: dict[str, Any] = {
        "facecolor": "none",
        "edgecolor": colour,
        "lw": 1.8,
        "zorder": 2,
    }
    bottom_top = axes.get_ylim() if y is None else y.limits
    areas = [
        (*wide, *high)
        for wide in (across if across is not None else [x.limits])
        for high in (up if up is not None else [bottom_top])
    ]
    disc = box.discs[0] if box.discs and y is not None and not box.intervals else None
    if disc is not None and y is not None and {x.name, y.name} <= set(disc.descriptors):
        centre = [disc.centre[disc.descriptors.index(axis.name)] for axis in (x, y)]
        axes.add_patch(Circle((centre[0], centre[1]), disc.radius, **style))
        return areas
    for left, right, bottom, top in areas:
        axes.add_patch(Rectangle((left, bottom), right - left, top - bottom, **style))
    return areas
