"""The figure of table T4: error against horizon, ablations, long forecasts."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.trajectory.names import ALONE, DYNAMICS, FORECASTER, LINEAR_RIDGE, PERSISTENCE
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
    FORECASTER: B_COLOUR,
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
    with canvas(FULL, 8.6) as figure:
        panels = figure.subplots(2, 2)
        _horizon(panels[0, 0], records)
        panels[0, 0].set_title(f"{molecule}: distance from the true position")
        _parts(panels[0, 1], records)
        _rolls(panels[1, 0], records, "rmsd")
        _rolls(panels[1, 1], records, "valid_horizon")
        for axes in panels.flat:
            grid(axes)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    return buffer.getvalue()


def _model(one: Mapping[str, Any]) -> str:
    return str(one["model"])


def _line(axes: Any, name: str, times: Any, values: Any) -> None:
    dashed = "--" if name == FORECASTER else "-"
    width = 2.2 if name in (FORECASTER, DYNAMICS) else 1.3
    axes.plot(times, values, color=COLOURS[name], ls=dashed, lw=width, label=name)


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


def _parts(axes: Any, records: Sequence[Mapping[str, Any]]) -> None:
    """Bars: ADE without one part of the network, on the last frame."""
    shown = [
        (str(found[0]["part"]), [ANGSTROM * one["ade"] for one in found])
        for _, found in gathered(records, "ablations", lambda one: f"{one['base']}: {one['part']}")
        if found[0]["base"] == PERSISTENCE
    ]
    places = np.arange(len(shown))[::-1]
    means = [float(np.mean(values)) for _, values in shown]
    spreads = [float(np.std(values, ddof=1)) if len(values) > 1 else 0.0 for _, values in shown]
    axes.barh(places, means, xerr=spreads, color=A_COLOUR, height=0.65, error_kw={"lw": 1})
    axes.set_yticks(places, [name for name, _ in shown], fontsize=8)
    axes.set(title="network on the last frame: ablations", xlabel="ADE (Å)")


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
        axes.set(title="long forecasts, block by block", ylabel="RMSD (Å)", yscale="log")
    else:
        axes.set(
            title="bonds within the range of the training block", ylabel="share", ylim=(0, 1.03)
        )
