"""Figure: the states of a new system beside the MD that they come from."""

from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.report.figures.style import (
    A_COLOUR,
    B_COLOUR,
    FULL,
    HALF,
    axis_label,
    canvas,
    grid,
    scale,
)
from mechanist.starts.choice import Telling
from mechanist.starts.two_ends import TwoStates

COLOURS = (A_COLOUR, B_COLOUR)
BINS = 72


def draw_states(found: TwoStates, names: tuple[str, str], file: Path) -> None:
    """Write a PNG: histograms of each descriptor of the states and, of two, their plane.

    Intervals are shaded; the MD of A is blue, that of B orange.
    """
    count = len(found.telling)
    with canvas(HALF if count == 1 else FULL, 3.6) as figure:
        axes = figure.subplots(1, count + (count > 1), squeeze=False)[0]
        for column, one in enumerate(found.telling):
            _histogram(axes[column], found, column, one, names)
        if count > 1:
            _plane(axes[-1], found)
        axes[0].legend(loc="best")
        figure.savefig(file, dpi=150)


def _intervals(one: Telling, side: int) -> list[tuple[float, float]]:
    """Shown ends of an interval, in two parts where it passes 180 degrees."""
    factor = scale(one.candidate.descriptor)
    low, high = (factor * value for value in (one.a, one.b)[side])
    if not one.candidate.descriptor.periodic:
        return [(low, high)]
    turns = np.floor((low + 180) / 360) * 360
    low, high = low - turns, high - turns
    return [(low, high)] if high <= 180 else [(low, 180.0), (-180.0, high - 360)]


def _histogram(
    axes: Any, found: TwoStates, column: int, one: Telling, names: tuple[str, str]
) -> None:
    descriptor = one.candidate.descriptor
    shown = [scale(descriptor) * values[:, column] for values in found.values]
    edges = np.linspace(*_range(one, shown), BINS + 1)
    for side in (0, 1):
        label = f"{'AB'[side]}: {names[side]}"
        axes.hist(shown[side], edges, density=True, color=COLOURS[side], alpha=0.75, label=label)
        for low, high in _intervals(one, side):
            axes.axvspan(low, high, color=COLOURS[side], alpha=0.12, lw=0)
    axes.set_xlabel(axis_label(descriptor))
    axes.set_ylabel("density")
    axes.set_yticks([])
    _ticks(axes.xaxis, one)
    axes.set_xlim(edges[0], edges[-1])


def _range(one: Telling, shown: list[Array]) -> tuple[float, float]:
    if one.candidate.descriptor.periodic:
        return -180.0, 180.0
    every = np.concatenate(shown)
    margin = 0.08 * float(np.ptp(every)) + 1e-4
    return float(every.min()) - margin, float(every.max()) + margin


def _ticks(axis: Any, one: Telling) -> None:
    if one.candidate.descriptor.periodic:
        axis.set_ticks(range(-180, 181, 60))


def _plane(axes: Any, found: TwoStates) -> None:
    """Frames of both runs in the first two descriptors, and the boxes of the states."""
    x, y = found.telling[0], found.telling[1]
    factors = [scale(one.candidate.descriptor) for one in (x, y)]
    shown = [[f * values[:, k] for k, f in enumerate(factors)] for values in found.values]
    for side in (0, 1):
        axes.plot(*shown[side], ".", ms=1.5, color=COLOURS[side], alpha=0.5, rasterized=True)
        for left, right in _intervals(x, side):
            for low, high in _intervals(y, side):
                _rectangle(axes, left, right, low, high, COLOURS[side])
    axes.set_xlabel(axis_label(x.candidate.descriptor))
    axes.set_ylabel(axis_label(y.candidate.descriptor))
    axes.set_xlim(*_range(x, [part[0] for part in shown]))
    axes.set_ylim(*_range(y, [part[1] for part in shown]))
    _ticks(axes.xaxis, x)
    _ticks(axes.yaxis, y)
    grid(axes)


def _rectangle(axes: Any, left: float, right: float, low: float, high: float, colour: str) -> None:
    from matplotlib.patches import Rectangle

    box = Rectangle((left, low), right - left, high - low)
    box.set(facecolor=colour, edgecolor=colour, alpha=0.18, lw=1.2)
    axes.add_patch(box)
