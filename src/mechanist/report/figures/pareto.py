"""Figure: the Pareto front of formulas by length and held-out loss."""

from itertools import cycle
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.bookkeeping.csv_files import numbers
from mechanist.report.data import ReportData
from mechanist.report.figures.style import (
    FORMULA,
    HALF,
    MUTED,
    NETWORK,
    Picture,
    canvas,
    grid,
    to_svg,
)


def _baselines(data: ReportData) -> dict[str, float]:
    content = (data.formula or {}).get("baselines") or {}
    return {str(name): float(loss) for name, loss in content.items() if loss is not None}


def pareto(data: ReportData) -> Picture | None:
    """Held-out loss of formulas against their length, beside network and baselines."""
    if not data.formulas:
        return None
    nodes, loss, error = (
        np.array(numbers(data.formulas, column, data.layout.formulas))
        for column in ("complexity", "heldout_loss", "heldout_loss_se")
    )
    chosen = np.array([row["chosen"].lower() in ("true", "1") for row in data.formulas])
    network = (data.formula or {}).get("network_heldout_loss")
    with canvas(HALF, 3.9) as figure:
        axes = figure.subplots()
        order = np.argsort(nodes, kind="stable")
        axes.plot(nodes[order], loss[order], color=FORMULA, lw=1, alpha=0.5)
        axes.errorbar(nodes, loss, yerr=error, fmt="o", ms=4.5, color=FORMULA, elinewidth=1)
        axes.plot(nodes[chosen], loss[chosen], "*", ms=16, mfc=FORMULA, mec="white", label="chosen")
        if network is not None:
            axes.axhline(network, color=NETWORK, lw=1.4, label="network")
        _draw_baselines(axes, _baselines(data), loss, network)
        axes.set_xlabel("length of the formula (nodes)")
        axes.set_ylabel("held-out loss (nats per outcome)")
        axes.set_xlim(0, nodes.max() * 1.06 + 1)
        grid(axes)
        axes.legend(loc="upper right")
        svg = to_svg(figure, "pareto", "Held-out loss of formulas against their length")
    caption = (
        "Held-out loss of the best formula of each length, its constants fitted to shot outcomes; "
        "bars are one standard error over held-out chains. The star is chosen by most resamples of "
        "the chains: the shortest formula whose loss exceeds the lowest by less than one standard "
        "error of the difference, or than formula.enough. Lower is better; an uninformative model "
        "has ln 2 = 0.693."
    )
    return Picture("pareto", "Pareto front of formulas", svg, caption, wide=False)


def _draw_baselines(
    axes: Any, baselines: dict[str, float], loss: Array, network: float | None
) -> None:
    """Draw baselines as lines, except those far above the front, which are in the table only."""
    low = min(float(loss.min()), network if network is not None else np.inf)
    ceiling = float(loss.max()) + 0.15 * max(float(loss.max()) - low, 0.005)
    near = {name: value for name, value in baselines.items() if value <= ceiling}
    for (name, value), style in zip(near.items(), cycle(["--", ":", "-."]), strict=False):
        axes.axhline(value, color=MUTED, lw=1.2, ls=style, label=name)
