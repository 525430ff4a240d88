"""Figure: time of each stage."""

from typing import Any

import numpy as np

from mechanist.report.data import ReportData
from mechanist.report.figures.style import (
    A_COLOUR,
    FORMULA,
    GRID,
    HALF,
    MARK,
    MUTED,
    NETWORK,
    Picture,
    canvas,
    grid,
    thousands,
    to_svg,
)
from mechanist.report.jobs import StageCost
from mechanist.report.status import counted
from mechanist.report.times import NAMES

COLOURS = {
    "md": A_COLOUR,
    "rest_of_shooting": "#8CC4E6",
    "training": FORMULA,
    "search": MARK,
    "start_up": "#E69F00",
    "other": MUTED,
}
"""Work is drawn in strong colours, everything else in pale ones."""

BY_PARTS = (
    "Core time in s, summed over the jobs of each stage. Work is MD in OpenMM, training (with the "
    "ranking of inputs) and the search for formulas. The rest of shooting is Python between two "
    "strides; start-up is Python loading its libraries; everything else is files, statistics and "
    "figures. The table covers the whole run, including cores without a job."
)
BY_CLOCK = (
    "Wall and CPU time in s, summed over the jobs of each stage. Jobs of one round run side by "
    "side, so the sums exceed the elapsed time."
)


def cost(data: ReportData) -> Picture | None:
    """Time of each stage by use; wall and CPU time where the use is unknown."""
    costs = [entry for entry in data.costs if entry.wall > 0]
    if not costs:
        return None
    with canvas(HALF, 1.0 + 0.31 * len(costs)) as figure:
        axes = figure.subplots()
        ends = _stacked(axes, costs) if data.time else _side_by_side(axes, costs)
        for place, (entry, end) in enumerate(zip(costs, ends, strict=True)):
            spent = sum(entry.parts.values()) if data.time else entry.wall
            seconds = f"{spent:,.0f}" if spent >= 9.5 else f"{spent:.1f}"
            text = f"{seconds} s in {counted(entry.jobs, 'job')}"
            axes.annotate(
                text, (end, place), (5, 0), va="center", fontsize=9,
                textcoords="offset points", color=NETWORK,
            )  # fmt: skip
        axes.set_yticks(range(len(costs)), [entry.stage.replace("_", " ") for entry in costs])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(costs) - 0.5, -0.5)
        axes.set_xlim(0, max(ends) * 1.45)
        axes.xaxis.set_major_formatter(thousands())
        axes.set_xlabel("core time (s)" if data.time else "time (s)")
        grid(axes, "x")
        if data.time:
            figure.legend(loc="outside upper left", ncols=2, edgecolor=GRID)
        else:
            axes.legend(loc="best")
        svg = to_svg(figure, "cost", "Time of each stage")
    return Picture(
        "cost", "Cost of each stage", svg, BY_PARTS if data.time else BY_CLOCK, wide=False
    )


def _stacked(axes: Any, costs: list[StageCost]) -> list[float]:
    """Stacked core seconds of each part; returns the ends of the bars."""
    ends = np.zeros(len(costs))
    for part, colour in COLOURS.items():
        seconds = np.array([entry.parts[part] for entry in costs])
        if seconds.any():
            axes.barh(range(len(costs)), seconds, 0.62, ends, color=colour, label=NAMES[part])
        ends += seconds
    return ends.tolist()


def _side_by_side(axes: Any, costs: list[StageCost]) -> list[float]:
    """Wall and CPU seconds; returns the ends of the longer bars."""
    places = np.arange(len(costs))
    wall, cpu = (np.array([getattr(entry, name) for entry in costs]) for name in ("wall", "cpu"))
    axes.barh(places - 0.19, wall, 0.36, color=A_COLOUR, label="wall")
    axes.barh(places + 0.19, cpu, 0.36, color=MUTED, label="CPU")
    return [float(end) for end in np.maximum(wall, cpu)]
