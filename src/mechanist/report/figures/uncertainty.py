"""Figure: half-width of the network's 90 % intervals of p_B."""

from statistics import NormalDist
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.report.data import FrameSample, ReportData
from mechanist.report.figures.axis import Axis, degree_ticks, make_axis
from mechanist.report.figures.projection import choose_pairs, mark_states
from mechanist.report.figures.style import FULL, MARK, NETWORK, Picture, canvas, grid, to_svg
from mechanist.statistics.logistic import q_to_p

LEVEL = 0.9
CELLS = 45
LEAST_FRAMES = 3
"""Frames that a cell of the map or a bin must hold to be drawn."""

LEAST_SAMPLE = 100


def uncertainty(data: ReportData) -> Picture | None:
    """Half-width of the 90 % interval of p_B over the projection of the paths, and along p_B."""
    frames = data.frames
    if frames is None or frames.q is None or frames.p_error is None or len(frames.q) < LEAST_SAMPLE:
        return None
    half = NormalDist().inv_cdf(0.5 + 0.5 * LEVEL) * frames.p_error
    pairs = choose_pairs(data)
    with canvas(FULL, 4.0) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
        if pairs:
            image = _map(left, *pairs[0], half)
            mark_states(left, *pairs[0], data.dynamics.states)
            figure.colorbar(image, ax=left, pad=0.02)
        else:
            _along(left, data, frames, half)
        left.set_title(f"half-width of the {100 * LEVEL:.0f} % interval of $p_B$, along the paths")
        right.set_title("the same by predicted $p_B$")
        _by_p(right, frames.q, half, data.last["criteria"].get("spread", {}).get("limit"))
        svg = to_svg(figure, "uncertainty", "Half-width of the 90 % interval of p_B on path frames")
    return Picture("uncertainty", "Uncertainty of the network", svg, _caption(data, bool(pairs)))


def _caption(data: ReportData, mapped: bool) -> str:
    where = "mean over path frames in each cell" if mapped else "median and central 80 %"
    caption = (
        f"Half-width of the {100 * LEVEL:.0f} % interval of p_B on frames of transition paths. "
        f"Left: {where}. Right: the same frames by predicted p_B, median and central 80 %; the "
        "dashed line is the mean that the stopping rule allows near q = 0. The width combines the "
        "spread of the networks with their common error on held-out chains"
    )
    coverage = (data.verdict or {}).get("network_interval_coverage")
    if coverage is not None:
        caption += f". {100 * coverage:.0f} % of the fresh points lie within such intervals"
    return caption + "."


def _map(axes: Any, x: Axis, y: Axis, half: Array) -> Any:
    """Mean half-width in cells over two descriptors; returns the image."""
    area = (x.limits, y.limits)
    count, _, _ = np.histogram2d(x.values, y.values, CELLS, area)
    total, _, _ = np.histogram2d(x.values, y.values, CELLS, area, weights=half)
    mean = np.ma.masked_where(count < LEAST_FRAMES, total / np.maximum(count, 1))
    shown = mean.compressed()
    # A few cells at the rim would use up the colour range.
    low, high = np.quantile(shown, [0.02, 0.98]) if len(shown) else (0.0, 1.0)
    image = axes.imshow(
        mean.T, extent=(*x.limits, *y.limits), origin="lower", aspect="auto", cmap="viridis_r",
        vmin=low, vmax=high, interpolation="nearest",
    )  # fmt: skip
    axes.set(xlim=x.limits, ylim=y.limits, xlabel=x.label, ylabel=y.label)
    degree_ticks(axes, "x", x)
    degree_ticks(axes, "y", y)
    return image


def _band(axes: Any, along: Array, half: Array, edges: Array) -> float:
    """Median and middle 80 % of the half-width in bins; returns the largest value drawn."""
    place = np.digitize(along, edges)
    parts = [np.flatnonzero(place == i) for i in np.unique(place)]
    parts = [part for part in parts if len(part) >= LEAST_FRAMES] or [np.arange(len(along))]
    centre = np.array([np.median(along[part]) for part in parts])
    bands = np.array([np.quantile(half[part], [0.1, 0.5, 0.9]) for part in parts]).T
    axes.fill_between(centre, bands[0], bands[2], color=NETWORK, alpha=0.18, lw=0)
    axes.plot(centre, bands[1], color=NETWORK)
    grid(axes)
    return float(bands[2].max())


def _along(axes: Any, data: ReportData, frames: FrameSample, half: Array) -> None:
    """The half-width along the only descriptor."""
    descriptor = data.dynamics.states.descriptors.descriptors[0]
    x = make_axis(descriptor, frames.state_values[:, 0], frames.weights, full=False)
    top = _band(axes, x.values, half, np.linspace(*x.limits, 41))
    axes.set(xlim=x.limits, ylim=(0, 1.25 * top), xlabel=x.label)
    axes.set_ylabel("half-width")
    mark_states(axes, x, None, data.dynamics.states)


def _by_p(axes: Any, q: Array, half: Array, limit: float | None) -> None:
    """The half-width along predicted p_B, and the limit of the stopping rule for |q| < 1."""
    top = _band(axes, q_to_p(q), half, np.linspace(0, 1, 26))
    if limit is not None:
        near = np.linspace(-1, 1, 41)
        p = q_to_p(near)
        allowed = NormalDist().inv_cdf(0.5 + 0.5 * LEVEL) * limit * p * (1 - p)
        axes.plot(p, allowed, color=MARK, lw=1.6, ls="--", label="allowed on average")
        axes.legend(loc="upper right")
        top = max(top, float(allowed.max()))
    axes.set(xlim=(0, 1), ylim=(0, 1.25 * top), xlabel="predicted $p_B$")
    axes.set_ylabel("half-width")
