"""The figure of table T4: error against horizon, long forecasts."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.trajectory.names import ALONE, DYNAMICS, LINEAR_RIDGE, ON_RIDGE, PERSISTENCE
from benchmarks.trajectory.page.entries import ANGSTROM
from benchmarks.trajectory.page.records import gathered
from mechanist.report.figures.style import (
    A_COLOUR,
    B_COLOUR,
    FORMULA,
    FULL,
    MARK,
    MUTED,
    canvas,
    grid,
)

COLOURS = {
    ON_RIDGE: B_COLOUR,
    DYNAMICS: "#000000",
    ALONE: "#6A3D9A",
    LINEAR_RIDGE: A_COLOUR,
    "EGNN": FORMULA,
    "LSTM": MARK,
    "transformer": MUTED,
    PERSISTENCE: "#C9A227",
}
LARGEST = 10.0
"""Upper limit of the shown RMSD in Angstrom."""


def draw_forecasts(records: Sequence[Mapping[str, Any]], molecule: str) -> bytes:
    """Bytes of a PNG."""
    with canvas(FULL, 4.3) as figure:
        panels = figure.subplots(1, 3)
        _horizon(panels[0], records)
        panels[0].set_title(f"{molecule}: distance from the truth")
        _rolls(panels[1], records, "rmsd")
        _rolls(panels[2], records, "valid_horizon")
        for axes in panels:
            grid(axes)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    return buffer.getvalue()


def _model(one: Mapping[str, Any]) -> str:
    return str(one["model"])


def _line(axes: Any, name: str, times: Any, values: Any) -> None:
    width = 2.2 if name in (ON_RIDGE, DYNAMICS) else 1.3
    axes.plot(times, values, color=COLOURS[name], lw=width, label=name)


def _horizon(axes: Any, records: Sequence[Mapping[str, Any]]) -> None:
    spacing = records[0]["spacing"]
    for name, found in gathered(records, "rows", _model):
        if name in COLOURS:
            mean = ANGSTROM * np.mean([one["horizon"] for one in found], axis=0)
            _line(axes, name, spacing * np.arange(1, len(mean) + 1), mean)
    axes.set(
        yscale="log", xlabel="time after the last known frame (fs)", ylabel="mean distance (Å)"
    )
    # Room for the legend below the curves.
    axes.set_ylim(bottom=0.1 * axes.get_ylim()[0])
    axes.legend(fontsize=6.5, ncols=2, loc="lower right")


def _rolls(axes: Any, records: Sequence[Mapping[str, Any]], key: str) -> None:
    spacing = records[0]["spacing"] / 1000
    for name, found in gathered(records, "rolls", _model):
        if name in COLOURS:
            mean = np.mean([one[key] for one in found], axis=0)
            if key == "rmsd":
                mean = np.minimum(ANGSTROM * mean, LARGEST)
            _line(axes, name, spacing * np.arange(1, len(mean) + 1), mean)
    axes.set_xlabel("time after the last known frame (ps)")
    if key == "rmsd":
        axes.set(title="iterated to 1 ps", ylabel="RMSD (Å)", yscale="log")
    else:
        axes.set(title="bonds within the learned range", ylabel="share", ylim=(0, 1.03))
