"""Figure: fresh shots from points chosen by the formula, over its p_B and where it is 1/2."""

from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.report.data import ReportData
from mechanist.report.figures.calibration import draw_fresh
from mechanist.report.figures.style import FORMULA, FULL, MUTED, Picture, canvas, grid, to_svg

BINS = 20


def transition_state(data: ReportData) -> Picture | None:
    """Calibration of the formula over its own p_B, and observed p_B where it gives 1/2."""
    own = data.own_points
    if own is None or len(own["n"]) == 0:
        return None
    surface = own["on_surface"] > 0
    with canvas(FULL, 3.5) as figure:
        left, right = figure.subplots(1, 2)
        spread = {name: column[~surface] for name, column in own.items()}
        draw_fresh(left, spread, "p_formula", FORMULA, "formula, over its own $p_B$")
        left.set_ylabel("fraction of half-shots that ended in B")
        _histogram(right, own["n"][surface], own["n_B"][surface])
        svg = to_svg(figure, "transition_state", "Fresh shots from points chosen by the formula")
    caption = (
        "Fresh shots from points chosen by the formula. Left: points spread evenly over its p_B; "
        "the dashed line is perfect agreement. Right: points where the formula gives p_B = 1/2. If "
        "its surface q = 0 is the transition state, they all have a true p_B of 1/2, and the "
        "histogram follows the grey curve, which is counting noise alone. A broad or two-peaked "
        "histogram means that a coordinate is missing."
    )
    return Picture("transition_state", "Transition state of the formula", svg, caption)


def _histogram(axes: Any, n: Array, n_b: Array) -> None:
    """Observed fractions on the surface, and the binomial distribution for p_B = 1/2."""
    from scipy.stats import binom

    edges = np.linspace(0, 1, BINS + 1)
    axes.hist(n_b / n, edges, color=FORMULA, alpha=0.75)
    if len(n):
        shots = round(float(n.mean()))
        counts = np.arange(shots + 1)
        expected, _ = np.histogram(counts / shots, edges, weights=binom.pmf(counts, shots, 0.5))
        axes.stairs(expected * len(n), edges, color=MUTED, lw=1.4)
    axes.set(xlim=(0, 1), title="formula, where it gives $p_B$ = 1/2")
    axes.set_xlabel("fraction of half-shots that ended in B")
    axes.set_ylabel("points")
    grid(axes, "y")
