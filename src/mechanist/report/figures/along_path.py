"""Figure: p_B along a typical path of each channel, by the network and by the formula."""

import numpy as np

from mechanist.formula.expression import evaluate
from mechanist.report.data import ReportData
from mechanist.report.figures.style import (
    A_COLOUR,
    B_COLOUR,
    FORMULA,
    FULL,
    NETWORK,
    Picture,
    canvas,
    grid,
    points_of,
    to_svg,
)
from mechanist.statistics.intervals import TWO_SIDED
from mechanist.statistics.logistic import q_to_p


def along_path(data: ReportData) -> Picture | None:
    """p_B against time; None where no molecule is shown."""
    scenes = data.scenes
    if scenes is None:
        return None
    count = len(scenes.paths)
    with canvas(FULL, 2.9 if count == 1 else 2.6 * -(-count // 2)) as figure:
        columns = min(count, 2)
        panels = figure.subplots(-(-count // columns), columns, squeeze=False).ravel()
        for axes in panels[count:]:
            axes.set_visible(False)
        for axes, path in zip(panels, scenes.paths, strict=False):
            p = q_to_p(path.q)
            low, high = (np.clip(p + side * TWO_SIDED * path.p_error, 0, 1) for side in (-1, 1))
            axes.fill_between(path.times, low, high, color=NETWORK, alpha=0.18, lw=0)
            axes.plot(path.times, p, color=NETWORK, label="network")
            if data.formula is not None and data.terms is not None:
                values = dict(zip(scenes.names, path.values.T, strict=True))
                formula = np.broadcast_to(evaluate(data.formula["text"], values), len(p))
                axes.plot(path.times, q_to_p(formula), color=FORMULA, label="formula")
            axes.axhline(0.5, color="black", lw=0.8, ls=":")
            axes.set(ylim=(-0.03, 1.03), xlim=(0, max(path.times[-1], 1e-9)), xlabel="time (ps)")
            axes.set_ylabel("$p_B$")
            ends = (
                (0.0, A_COLOUR, data.dynamics.states.a),
                (1.0, B_COLOUR, data.dynamics.states.b),
            )
            for height, colour, state in ends:
                axes.axhline(height, color=colour, lw=2.5, alpha=0.5)
                axes.annotate(
                    state.name, (1, height), (-4, 7 if height == 0 else -7), color=colour,
                    xycoords=("axes fraction", "data"), textcoords="offset points", ha="right",
                    va="center", weight="bold", fontsize=9,
                )  # fmt: skip
            if path.group is not None:
                axes.set_title(f"group {path.group}")
            grid(axes, "x")
        panels[0].legend(frameon=False, loc="center left")
        marks = [
            (k, points_of(figure, axes, path.times, q_to_p(path.q)))
            for k, (axes, path) in enumerate(zip(panels, scenes.paths, strict=False))
        ]
        svg = to_svg(figure, "along_path", "Committor along a typical path", marks)
    caption = (
        "p_B of the frames of a typical transition path. Dark: network, with its 95 % interval;"
        " green: formula. Where the two lines agree, the formula holds along this path. The path is"
        " the one shown above."
    )
    return Picture("along_path", "Committor along a typical path", svg, caption)
