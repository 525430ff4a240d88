"""Figures: what each term of the formula does, and its descriptors against the main inputs."""

from typing import Any

import numpy as np

from mechanist.arrays import Array, Rows
from mechanist.report.data import ReportData
from mechanist.report.figures.axis import Axis, degree_ticks, make_axis
from mechanist.report.figures.style import (
    A_COLOUR,
    B_COLOUR,
    HALF,
    MUTED,
    Picture,
    canvas,
    grid,
    to_svg,
)

COLOURS = ("#3C3C46", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
DASHES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)))
"""Lines differ by colour and by dashes."""

BINS = 24
DOTS = 1500
RANGE = 6.0
"""Frames with |q| above are left out of the figure: there p_B is 0 or 1."""


def terms(data: ReportData) -> Picture | None:
    """Mean of each term against q of the network, from its value near A."""
    frames, found = data.frames, data.terms
    if frames is None or found is None or frames.q is None:
        return None
    inside = np.abs(frames.q) < RANGE
    edges = np.linspace(-RANGE, RANGE, BINS + 1)
    place = np.digitize(frames.q, edges) - 1
    used = [i for i in range(BINS) if (inside & (place == i)).sum() >= 5]
    if len(used) < 3:
        return None
    middle = (edges[:-1] + edges[1:])[used] / 2
    with canvas(HALF, 3.7) as figure:
        axes = figure.subplots()
        for k, name in enumerate(found.latex[: len(COLOURS)]):
            rows = [found.along[place == i, k] for i in used]
            start = float(np.mean(rows[0]))
            low, mean, high = (
                np.array([statistic(row) for row in rows]) - start
                for statistic in (_low, np.mean, _high)
            )
            axes.fill_between(middle, low, high, color=COLOURS[k], alpha=0.14, lw=0)
            label = name if len(name) < 70 else f"term {k + 1}"
            axes.plot(middle, mean, color=COLOURS[k], ls=DASHES[k], label=f"${label}$"
                      if label == name else label)  # fmt: skip
        axes.plot(middle, middle - middle[0], color=MUTED, lw=0.9, label="$q$ of the network")
        axes.axvline(0, color="black", lw=0.8, ls=":")
        axes.set(xlabel="$q$ of the network", ylabel="change of the term since A")
        axes.legend(frameon=False, fontsize=8.5)
        grid(axes)
        svg = to_svg(figure, "terms", "Change of each term of the formula from A to B")
    caption = (
        "How each term of the formula changes on the way from A (left) to B (right): mean over"
        " frames of transition paths and central 80 %, each from its value near A. Where a line is"
        " steep, its term does the work; together they add up to the grey line where the formula is"
        " exact."
    )
    return Picture("terms", "Contribution of each term", svg, caption, wide=False)


def _low(values: Array) -> float:
    return float(np.quantile(values, 0.1))


def _high(values: Array) -> float:
    return float(np.quantile(values, 0.9))


def descriptors(data: ReportData) -> Picture | None:
    """Descriptors of the formula against the two most relevant other inputs, coloured by q."""
    frames, found = data.frames, data.terms
    if frames is None or found is None or frames.q is None or data.relevance is None:
        return None
    ranked = [name for name in data.relevance.names if name in data.inputs.names]
    rows = [name for name in dict.fromkeys(sum(found.descriptors, ())) if name in data.formula_used]
    pairs = [(y, [x for x in ranked if x != y][:2]) for y in rows[:2]]
    pairs = [(y, xs) for y, xs in pairs if xs]
    if not pairs:
        return None
    chosen = np.linspace(0, len(frames.q) - 1, min(DOTS, len(frames.q))).astype(np.int64)
    columns = max(len(xs) for _, xs in pairs)
    with canvas(HALF * columns, 2.7 * len(pairs)) as figure:
        panels = figure.subplots(len(pairs), columns, squeeze=False)
        image = None
        for line, (y, xs) in zip(panels, pairs, strict=True):
            up = make_axis(data.formula_used[y], found.values[:, found.names.index(y)],
                           frames.weights, full=False)  # fmt: skip
            for axes in line[len(xs) :]:
                axes.set_visible(False)
            for axes, x in zip(line, xs, strict=False):
                place = data.inputs.names.index(x)
                across = make_axis(data.inputs.descriptors[place], frames.input_values[:, place],
                                   frames.weights, full=False)  # fmt: skip
                image = _panel(axes, across, up, frames.q, chosen)
        figure.colorbar(image, ax=panels, label="$q$ of the network", shrink=0.9, pad=0.02)
        svg = to_svg(figure, "descriptors", "Descriptors of the formula against the main inputs")
    caption = (
        "Descriptors of the formula (up) against the inputs that matter most (across) at frames of"
        " transition paths, coloured by q: blue towards A, orange towards B. A narrow band means"
        " that the descriptor says the same as the input; colours in layers, that q depends on it."
    )
    return Picture("descriptors", "What the descriptors stand for", svg, caption, wide=columns > 1)


def _panel(axes: Any, x: Axis, y: Axis, q: Array, rows: Rows) -> Any:
    from matplotlib.colors import LinearSegmentedColormap

    ramp = LinearSegmentedColormap.from_list("q", [A_COLOUR, "#D9DCE0", B_COLOUR])
    image = axes.scatter(
        x.values[rows], y.values[rows], c=np.clip(q[rows], -4, 4), s=6, cmap=ramp, vmin=-4, vmax=4,
        lw=0, rasterized=True,
    )  # fmt: skip
    axes.set(xlim=x.limits, ylim=y.limits, xlabel=x.label, ylabel=y.label)
    degree_ticks(axes, "x", x)
    degree_ticks(axes, "y", y)
    grid(axes)
    return image
