"""Figure: the basins of an exploration in the descriptors that tell them apart."""

from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.report.figures.style import FULL, axis_label, canvas, grid, scale
from mechanist.starts.basins import Basins

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#8A6D3B", "#5B5B66")
REST = "#C4C8CE"
"""Of basins beyond those that have a colour of their own."""


def draw_basins(basins: Basins, file: Path) -> None:
    """Write a PNG: frames of the hot MD by basin, and the share of each.

    The number of a basin stands at its lowest minimum.
    """
    with canvas(FULL, 4.0) as figure:
        plane, bars = figure.subplots(1, 2, width_ratios=[1.25, 1])
        factors = [scale(c.descriptor) for c in basins.telling[:2]]
        x = factors[0] * basins.values[:, 0]
        places = np.array([factors[0] * basin.values[0] for basin in basins.found])
        if len(factors) > 1:
            y = factors[1] * basins.values[:, 1]
            heights = np.array([factors[1] * basin.values[1] for basin in basins.found])
            _scatter(plane, basins, x, y, places, heights)
            plane.set_ylabel(axis_label(basins.telling[1].descriptor))
            _turns(plane.yaxis, plane.set_ylim, basins, 1)
        else:
            _stacked(plane, basins, x, places)
        plane.set_xlabel(axis_label(basins.telling[0].descriptor))
        _turns(plane.xaxis, plane.set_xlim, basins, 0)
        _shares(bars, basins)
        figure.savefig(file, dpi=150)


def colour(number: int) -> str:
    """Of a basin, counted from 0."""
    return COLOURS[number] if number < len(COLOURS) else REST


def _scatter(axes: Any, basins: Basins, x: Array, y: Array, places: Array, heights: Array) -> None:
    grid(axes)
    for number in reversed(range(len(basins.found))):
        rows = basins.labels == number
        axes.plot(x[rows], y[rows], ".", ms=4, color=colour(number), alpha=0.7)
    for number in range(min(len(COLOURS), len(basins.found))):
        axes.annotate(
            str(number + 1),
            (places[number], heights[number]),
            ha="center",
            va="center",
            fontsize=10,
            fontweight="bold",
            bbox={"boxstyle": "circle,pad=0.2", "fc": "white", "ec": colour(number), "lw": 1.5},
        )


def _stacked(axes: Any, basins: Basins, x: Array, places: Array) -> None:
    parts = [x[basins.labels == number] for number in range(len(basins.found))]
    colours = [colour(number) for number in range(len(parts))]
    axes.hist(parts, 60, stacked=True, color=colours)
    axes.set_ylabel("frames")
    top = axes.get_ylim()[1]
    axes.set_ylim(0, 1.12 * top)
    for number in range(min(len(COLOURS), len(parts))):
        axes.text(places[number], 1.03 * top, str(number + 1), ha="center", fontweight="bold")


def _turns(axis: Any, limits: Any, basins: Basins, column: int) -> None:
    """Ticks of an angle that turns."""
    if basins.telling[column].descriptor.periodic:
        axis.set_ticks(range(-180, 181, 60))
        limits(-180, 180)


def _shares(axes: Any, basins: Basins) -> None:
    """Bars of the shares, with the energies of the minima."""
    shown = basins.found[:12]
    lowest = min(basin.energy for basin in basins.found)
    places = np.arange(len(shown))
    shares = [100 * basin.share for basin in shown]
    axes.barh(places, shares, color=[colour(number) for number in range(len(shown))], height=0.7)
    for place, share, basin in zip(places, shares, shown, strict=True):
        axes.text(
            share,
            place,
            f"  {share:.1f} %, {basin.energy - lowest:.1f} kJ/mol",
            va="center",
            fontsize=9,
        )
    axes.set_yticks(places, [str(number + 1) for number in places])
    axes.invert_yaxis()
    axes.set_xlim(0, 1.55 * max(shares))
    axes.set_xlabel(f"share of frames at {basins.temperature:g} K (%)")
    axes.set_ylabel("basin")
