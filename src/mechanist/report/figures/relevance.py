"""Figure: the relevance of each input."""

import numpy as np

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

BARS = 12
"""Inputs shown at most."""


def relevance(data: ReportData) -> Picture | None:
    """Bars of the most relevant inputs with their spread over members and repeats."""
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
        f" {counted(rest, 'further input')} of lower relevance: see relevance.csv." if rest else ""
    )
    caption = (
        "Fall of the loss on held-out chains (nats per outcome) due to each input, given those "
        "above it; lines are the spread over repeats on resampled chains. "
        f"Green: used by the formula.{more}"
    )
    return Picture("relevance", "Relevance of inputs", svg, caption, wide=False)
