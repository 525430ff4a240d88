"""Figure: a typical path of each channel in the two descriptors in which they differ most."""

import numpy as np

from mechanist.report.data import ReportData
from mechanist.report.figures.style import FULL, Picture, canvas, grid, to_svg


def channels(data: ReportData) -> Picture | None:
    """Typical paths; None where there is one group."""
    typical = data.typical
    if typical is None or len(typical.paths) < 2:
        return None
    names, units = typical.names, typical.units
    with canvas(FULL, 3.5) as figure:
        axes = figure.subplots()
        for number, values in zip(typical.groups, typical.paths, strict=True):
            [line] = axes.plot(values[:, 0], values[:, 1], lw=1.2, label=f"group {number}")
            ends = values[[0, -1]]
            axes.plot(ends[:, 0], ends[:, 1], "o", ms=4, color=line.get_color())
        axes.set(xlabel=f"{names[0]} ({units[0]})", ylabel=f"{names[1]} ({units[1]})")
        axes.legend(frameon=False)
        grid(axes, "both")
        svg = to_svg(figure, "channels", "A typical path of each group")
    caption = (
        "A typical path of each group of transition paths, from A to B, in the two descriptors in "
        "which the groups differ most relative to their change along the paths. Groups that run "
        "apart between the states are different mechanisms."
    )
    return Picture("channels", "Typical paths", svg, caption)


def most_apart(paths: list[np.ndarray], periodic: np.ndarray) -> tuple[int, int]:
    """Columns of the two descriptors in which the middles of paths (F, D) differ most."""
    middles = np.array([path[len(path) // 2] for path in paths])
    every = np.concatenate(paths)
    apart = middles[:, None] - middles[None]
    apart = np.where(periodic, np.mod(apart + np.pi, 2 * np.pi) - np.pi, apart)
    largest = np.abs(apart).max(axis=(0, 1))
    score = largest / np.maximum(every.std(axis=0), 1e-12)
    order = np.argsort(score)[::-1]
    # Across: the descriptor that changes most from A to B, if it is another one.
    change = np.abs(np.array([path[-1] - path[0] for path in paths])).mean(axis=0)
    across = np.argsort(change / np.maximum(every.std(axis=0), 1e-12))[::-1]
    first = next(int(i) for i in across if i != order[0]) if len(order) > 1 else int(order[0])
    return first, int(order[0])
