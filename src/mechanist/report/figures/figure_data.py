"""The numbers of a figure as CSV, read from what matplotlib has drawn.

One row is a point of a line or a scatter plot, an end of an error bar, a bar, or a cell of a map.
"""

import csv
import io
import re
from collections.abc import Iterator
from typing import Any

import numpy as np

HEADER = ("panel", "x", "y", "series", "x value", "y value", "value")
"""Number and axis labels of a panel, what a row belongs to, its place, and its colour value."""

Row = tuple[str, Any, Any, Any]


def figure_csv(figure: Any) -> str:
    """CSV of all panels of a matplotlib Figure; empty if it shows no data."""
    rows = []
    for number, axes in enumerate(figure.axes, 1):
        if axes.get_label() == "<colorbar>":
            continue
        labels = _plain(axes.get_xlabel()), _plain(axes.get_ylabel())
        for series, x, y, value in (
            *_lines(axes),
            *_images(axes),
            *_collections(axes),
            *_bars(axes),
        ):
            place = [_number(part) for part in (x, y, value)]
            rows.append([str(number), *labels, series, *place])
    if not rows:
        return ""
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([HEADER, *rows])
    return buffer.getvalue()


def _plain(label: str) -> str:
    """A label without the marks of LaTeX."""
    text = label.replace("$", "").replace("\n", " ").replace(r"\,", " ")
    return re.sub(r"\s+", " ", re.sub(r"\\([A-Za-z]+)", r"\1", text)).strip()


def _number(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.6g}" if np.isfinite(value) else ""


def _label(artist: Any, kind: str) -> str:
    label = str(artist.get_label())
    return kind if label.startswith("_") or not label else _plain(label)


def _in_data(artist: Any, axes: Any) -> bool:
    """Whether an artist is placed by data, not by fractions of the panel, as lines of reference."""
    return bool(artist.get_transform().contains_branch(axes.transData))


def _lines(axes: Any) -> Iterator[Row]:
    # The name of an error bar is that of all its parts.
    named = {id(part.lines[0]): part for part in axes.containers if hasattr(part, "lines")}
    for line in axes.get_lines():
        if _in_data(line, axes) and all(
            line.get_transform().contains_branch_seperately(axes.transData)
        ):
            series = _label(named.get(id(line), line), "line")
            for x, y in np.asarray(line.get_xydata(), dtype=np.float64):
                yield series, x, y, ""


def _collections(axes: Any) -> Iterator[Row]:
    from matplotlib.collections import LineCollection, PathCollection, QuadMesh

    for part in axes.collections:
        values = part.get_array()
        if isinstance(part, QuadMesh) and values is not None:
            corners: Any = part.get_coordinates()
            middle = (corners[1:, 1:] + corners[:-1, :-1]) / 2
            cells = np.ma.filled(np.ma.asarray(values, dtype=np.float64), np.nan)
            for (x, y), value in zip(middle.reshape(-1, 2), cells.ravel(), strict=True):
                if np.isfinite(value):
                    yield _label(part, "map"), x, y, value
        elif isinstance(part, PathCollection):
            places = np.ma.filled(part.get_offsets(), np.nan)
            several = values is not None and len(values) == len(places)
            for row, (x, y) in enumerate(places):
                yield _label(part, "points"), x, y, values[row] if several else ""
        elif isinstance(part, LineCollection) and _in_data(part, axes):
            for segment in part.get_segments():
                for x, y in segment:
                    yield _label(part, "interval"), x, y, ""


def _images(axes: Any) -> Iterator[Row]:
    """Cells of images that are drawn from below, at their middles."""
    for image in axes.get_images():
        left, right, low, high = image.get_extent()
        cells = np.ma.filled(np.ma.asarray(image.get_array(), dtype=np.float64), np.nan)
        height, width = cells.shape[:2]
        for row in range(height):
            for column in range(width):
                if np.isfinite(cells[row, column]).all():
                    x = left + (column + 0.5) * (right - left) / width
                    y = low + (row + 0.5) * (high - low) / height
                    yield _label(image, "map"), x, y, cells[row, column]


def _bars(axes: Any) -> Iterator[Row]:
    """A bar at its middle, with its length as value."""
    from matplotlib.patches import Rectangle

    names = {tick.get_position(): tick.get_text() for tick in axes.get_yticklabels()}
    for container in axes.containers:
        bars = [patch for patch in container if isinstance(patch, Rectangle)]
        across = getattr(container, "orientation", "vertical") == "horizontal"
        for bar in bars:
            x, y = bar.get_x() + bar.get_width() / 2, bar.get_y() + bar.get_height() / 2
            series = _label(container, "bar")
            if across:
                named = names.get((0, round(y, 9)), "")
                yield _plain(named) or series, bar.get_x() + bar.get_width(), y, bar.get_width()
            else:
                yield series, x, bar.get_y() + bar.get_height(), bar.get_height()
