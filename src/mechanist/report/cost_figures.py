"""Figure of what the run cost."""

import numpy as np

from mechanist.report.data import ReportData
from mechanist.report.status import counted
from mechanist.report.style import (
    A_COLOUR,
    HALF,
    MUTED,
    NETWORK,
    Picture,
    canvas,
    grid,
    thousands,
    to_svg,
)


def cost(data: ReportData) -> Picture | None:
    """Wall and CPU seconds of each stage."""
    costs = [entry for entry in data.costs if entry.wall > 0]
    if not costs:
        return None
    places = np.arange(len(costs))
    with canvas(HALF, 1.0 + 0.31 * len(costs)) as figure:
        axes = figure.subplots()
        wall = np.array([entry.wall for entry in costs])
        cpu = np.array([entry.cpu for entry in costs])
        axes.barh(places - 0.19, wall, 0.36, color=A_COLOUR, label="wall")
        axes.barh(places + 0.19, cpu, 0.36, color=MUTED, label="CPU")
        for place, entry in zip(places, costs, strict=True):
            seconds = f"{entry.wall:,.0f}" if entry.wall >= 9.5 else f"{entry.wall:.1f}"
            text = f"{seconds} s in {counted(entry.jobs, 'job')}"
            axes.annotate(
                text, (max(entry.wall, entry.cpu), place), (5, 0), va="center", fontsize=9,
                textcoords="offset points", color=NETWORK,
            )  # fmt: skip
        axes.set_yticks(places, [entry.stage.replace("_", " ") for entry in costs])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(len(costs) - 0.5, -0.5)
        axes.set_xlim(0, max(wall.max(), cpu.max()) * 1.45)
        axes.xaxis.set_major_formatter(thousands())
        axes.set_xlabel("time (s)")
        axes.legend(loc="best")
        grid(axes, "x")
        svg = to_svg(figure, "cost", "Wall and CPU seconds of each stage")
    how = (
        "Sums over the jobs of each stage. Jobs of one round run side by side, so that the sums "
        "exceed the waiting time."
    )
    return Picture("cost", "What it cost", svg, how, wide=False)
