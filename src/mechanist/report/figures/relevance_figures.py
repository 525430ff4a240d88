"""Figures of the answer itself: which inputs matter, and the front of formulas."""

from itertools import cycle
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.report.data import ReportData
from mechanist.report.figures.style import (
    FORMULA,
    HALF,
    MUTED,
    NETWORK,
    Picture,
    canvas,
    grid,
    plain_name,
    to_svg,
)
from mechanist.report.status import counted
from mechanist.report.tables import numbers

BARS = 12
"""Inputs shown at most."""


def relevance(data: ReportData) -> Picture | None:
    """Bars of the most important inputs with their spread over members and repeats."""
    if data.relevance is None or not data.relevance.names:
        return None
    shown = data.relevance
    used = set(data.formula.get("descriptors", [])) if data.formula else set()
    names, count = shown.names[:BARS], min(BARS, len(shown.names))
    places = np.arange(count)
    with canvas(HALF, max(1.6, 0.9 + 0.29 * count)) as figure:
        axes = figure.subplots()
        colours = [FORMULA if name in used else MUTED for name in names]
        spread = np.nan_to_num(shown.spread[:count])
        axes.barh(places, shown.importance[:count], color=colours, height=0.68)
        axes.errorbar(
            shown.importance[:count], places, xerr=spread, fmt="none", ecolor=NETWORK, capsize=2.5
        )
        axes.set_yticks(places, [plain_name(name) for name in names])
        axes.tick_params(axis="y", length=0)
        axes.set_ylim(count - 0.5, -0.5)
        axes.axvline(0, color="#70757D", lw=0.8)
        axes.set_xlabel("fall of held-out loss (nats per outcome)")
        grid(axes, "x")
        svg = to_svg(figure, "relevance", "Bars of the importance of each input")
    rest = len(shown.names) - count
    more = (
        f" {counted(rest, 'further input')} of less importance: see relevance.csv." if rest else ""
    )
    how = (
        "What each input adds to the prediction of shots of held-out chains that the inputs above "
        "it do not tell already; lines show the spread over repeats on resampled chains. "
        f"Green: used by the formula.{more}"
    )
    return Picture("relevance", "Which inputs matter", svg, how, wide=False)


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
    how = (
        "Each dot is the best formula of its length, its constants fitted to shot outcomes; bars "
        "are one standard error of each loss over held-out chains. Chosen is what most resamples "
        "of the chains choose: the shortest formula that is as good as the best up to one standard "
        "error of their difference, or up to formula.enough. Lower is better; 0.693 knows nothing."
    )
    return Picture("pareto", "Short or exact: the front of formulas", svg, how, wide=False)


def _draw_baselines(
    axes: Any, baselines: dict[str, float], loss: Array, network: float | None
) -> None:
    """Lines; baselines far above the front would squeeze it and are left to the page's table."""
    low = min(float(loss.min()), network if network is not None else np.inf)
    ceiling = float(loss.max()) + 0.15 * max(float(loss.max()) - low, 0.005)
    near = {name: value for name, value in baselines.items() if value <= ceiling}
    for (name, value), style in zip(near.items(), cycle(["--", ":", "-."]), strict=False):
        axes.axhline(value, color=MUTED, lw=1.2, ls=style, label=name)
