"""Figures: duration and density of transition paths."""

from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.report.data import FrameSample, Paths, ReportData
from mechanist.report.figures.axis import Axis, make_axis
from mechanist.report.figures.projection import (
    choose_pairs,
    density_panel,
    mark_states,
    profile_panel,
)
from mechanist.report.figures.style import (
    FULL,
    HALF,
    NETWORK,
    Marks,
    Picture,
    canvas,
    grid,
    points_of,
    to_svg,
)
from mechanist.statistics.effective_samples import effective_samples


def mean_length(paths: Paths) -> tuple[float, float | None]:
    """Mean duration in ps and its standard error, correlation along the chains included."""
    mean = float(np.average(paths.lengths, weights=paths.weights))
    size = effective_samples(paths.series)
    if size < 2:
        return mean, None
    variance = float(np.average((paths.lengths - mean) ** 2, weights=paths.weights))
    return mean, float(np.sqrt(variance / size))


def lengths(data: ReportData) -> Picture | None:
    """Distribution of path durations."""
    paths = data.paths
    if paths is None:
        return None
    mean, error = mean_length(paths)
    high = _weighted_quantile(paths.lengths, paths.weights, 0.995)
    # Bins are a whole number of frames wide; narrower ones would alternate.
    step = data.dynamics.frame_time
    width = step * max(1, round(high / step / 40))
    edges = np.arange(step / 2, high + 2 * width, width)
    with canvas(HALF, 3.3) as figure:
        axes = figure.subplots()
        axes.hist(
            paths.lengths, edges, weights=paths.weights, density=True, color=NETWORK, alpha=0.55
        )
        text = f"mean {mean:.3g} ps" if error is None else f"mean {mean:.3g} ± {error:.1g} ps"
        axes.axvline(mean, color="black", lw=1.4)
        axes.annotate(
            text, (mean, 0.97), (6, 0), xycoords=("data", "axes fraction"),
            textcoords="offset points", va="top",
        )  # fmt: skip
        axes.set_ylim(0, axes.get_ylim()[1] * 1.12)
        axes.set_xlim(0, edges[-1])
        axes.set_xlabel("duration of a transition path (ps)")
        axes.set_ylabel("probability density (ps⁻¹)")
        grid(axes, "y")
        svg = to_svg(figure, "lengths", f"Distribution of path durations, {text}")
    caption = (
        "Distribution of the time from leaving A to entering B over all transition paths, each "
        "weighted by the number of moves for which it was the current path of its chain. ± is one "
        "standard error; correlation along the chains is included."
    )
    return Picture("lengths", "Duration of transition paths", svg, caption, wide=False)


def _weighted_quantile(values: Array, weights: Array, level: float) -> float:
    order = np.argsort(values)
    along = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(along, level * along[-1])])


def density(data: ReportData) -> Picture | None:
    """Density of path frames over pairs of descriptors; a histogram in one dimension."""
    frames = data.frames
    if frames is None:
        return None
    pairs = choose_pairs(data)
    if not pairs:
        return _density_1d(data, frames)
    with canvas(FULL if len(pairs) > 1 else HALF, 4.6 if len(pairs) > 1 else 4.0) as figure:
        panels: list[Any] = list(np.atleast_1d(figure.subplots(1, len(pairs))))
        image = None
        for axes, (x, y) in zip(panels, pairs, strict=True):
            image = density_panel(axes, x, y, frames)
            mark_states(axes, x, y, data.dynamics.states)
        figure.colorbar(
            image, ax=panels, label="density of path frames / largest", shrink=0.9, pad=0.02
        )
        names = " and ".join(f"{x.name}, {y.name}" for x, y in pairs)
        marks = _marks(data, figure, panels, pairs)
        svg = to_svg(figure, "density", f"Density of transition paths over {names}", marks)
    caption = (
        "Grey: density of frames of transition paths relative to its maximum, on a logarithmic "
        "scale. Outlines: the states; a band means that a state does not restrict the other "
        "coordinate."
    )
    if frames.q is not None:
        caption += (
            " Pink: frames with a predicted p_B between 0.45 and 0.55, the transition state by the "
            "network. If they form a vertical or horizontal line, the committor depends on one of "
            "the two coordinates only; a tilted line needs both."
        )
    return Picture("density", "Density of transition paths", svg, caption, wide=len(pairs) > 1)


def _marks(
    data: ReportData, figure: Any, panels: list[Any], pairs: list[tuple[Axis, Axis]]
) -> Marks:
    """Where each frame of the paths that are shown as a film lies in each panel."""
    if data.scenes is None:
        return []
    column = {name: i for i, name in enumerate(data.scenes.names)}
    return [
        (number, points_of(figure, axes, *(a.place(path.values[:, column[a.name]]) for a in pair)))
        for number, path in enumerate(data.scenes.paths)
        for axes, pair in zip(panels, pairs, strict=True)
        if all(axis.name in column for axis in pair)
    ]


def _density_1d(data: ReportData, frames: FrameSample) -> Picture:
    descriptors = data.dynamics.states.descriptors.descriptors
    x: Axis = make_axis(descriptors[0], frames.state_values[:, 0], frames.weights, full=False)
    with canvas(FULL, 3.5) as figure:
        left, right = figure.subplots(1, 2)
        left.hist(
            x.values, 60, range=x.limits, weights=frames.weights, density=True, color=NETWORK,
            alpha=0.55,
        )  # fmt: skip
        left.set_ylabel("probability density" + (f" (1/{x.unit})" if x.unit != "1" else ""))
        profile_panel(right, x, frames)
        for axes in (left, right):
            axes.set(xlabel=x.label, xlim=x.limits)
            mark_states(axes, x, None, data.dynamics.states)
        svg = to_svg(figure, "density", f"Density of transition paths along {x.name}")
    caption = (
        "Left: density of frames of transition paths. Right: their predicted p_B, median and "
        "central 80 %. Outlines: the states."
    )
    return Picture("density", "Density of transition paths", svg, caption)
