"""The figure of table T1: errors against the length of the gap, a bond, and spectra."""

import io
from collections.abc import Mapping
from typing import Any

from benchmarks.trajectory.names import BRIDGE, HERMITE, RIDGE
from benchmarks.trajectory.page.entries import Lookup
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
    BRIDGE: B_COLOUR,
    RIDGE: A_COLOUR,
    HERMITE: FORMULA,
    "bi-LSTM": MARK,
    "uni-LSTM": MARK,
}
DASHED = ("uni-LSTM",)


def draw(look: Lookup, molecule: str, frame_fs: float, shown: Mapping[str, Any]) -> bytes:
    """Bytes of a PNG.

    Parameters
    ----------
    look
        Means of the molecule.
    molecule
        Its name.
    frame_fs
        Time between frames in fs.
    shown
        Curves of one trajectory; see `benchmarks.trajectory.measure.examples`.
    """
    with canvas(FULL, 7.4) as figure:
        panels = figure.subplots(2, 2)
        _errors(panels[0, 0], look, frame_fs)
        _likeness(panels[0, 1], look, frame_fs)
        _bond(panels[1, 0], shown["bond"])
        _spectra(panels[1, 1], shown["spectrum"])
        panels[0, 0].set_title(f"{molecule}: error of the missing frames")
        for axes in panels.flat:
            grid(axes)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    return buffer.getvalue()


def _lines(axes: Any, look: Lookup, frame_fs: float, key: str, rest: bool) -> None:
    times = [(gap + 1) * frame_fs for gap in look.gaps]
    for model in look.models:
        named = model in COLOURS
        value = [look(model, gap, key).value for gap in look.gaps]
        spread = [look(model, gap, key).std for gap in look.gaps]
        if key == "spectrum":
            value = [max(1 - one, 1e-12) for one in value]
        axes.errorbar(
            times,
            value,
            yerr=None if key == "spectrum" else spread,
            color=COLOURS.get(model, MUTED),
            ls="--" if model in DASHED else "-",
            lw=1.8 if named else 0.8,
            marker="o" if named else None,
            ms=3.5,
            label=model if named else None,
            zorder=3 if named else 2,
        )
    if rest:
        axes.plot([], [], color=MUTED, lw=0.8, label="all others")
    axes.set(xscale="log", yscale="log", xlabel="time between known frames (fs)")
    # One label a gap: those of a logarithmic axis lie on top of each other over one decade.
    axes.set_xticks(times, [f"{time:g}" for time in times])
    axes.set_xticks([], minor=True)


def _errors(axes: Any, look: Lookup, frame_fs: float) -> None:
    _lines(axes, look, frame_fs, "position", rest=True)
    axes.set_ylabel("mean absolute error (Å)")
    axes.legend(fontsize=8)


def _likeness(axes: Any, look: Lookup, frame_fs: float) -> None:
    _lines(axes, look, frame_fs, "spectrum", rest=False)
    axes.set(title="density of states", ylabel="1 - cosine similarity")


def _bond(axes: Any, bond: Mapping[str, Any]) -> None:
    for name in ("true", HERMITE, BRIDGE):
        true = name == "true"
        axes.plot(
            bond["time"],
            bond[name],
            color=MUTED if true else COLOURS[name],
            lw=4 if true else 1.4,
            alpha=0.5 if true else 1,
            label=name,
        )
    known = slice(None, None, bond["gap"] + 1)
    axes.plot(bond["time"][known], bond["true"][known], "ko", ms=4, label="known frames")
    axes.set(
        title=f"bond of the last hydrogen, T = {bond['gap']}",
        xlabel="time (fs)",
        ylabel="length (Å)",
    )
    axes.legend(fontsize=8)


def _spectra(axes: Any, spectrum: Mapping[str, Any]) -> None:
    for name in ("true", HERMITE, RIDGE, BRIDGE):
        true = name == "true"
        axes.plot(
            spectrum["wave_numbers"],
            spectrum[name],
            color=MUTED if true else COLOURS[name],
            lw=4 if true else 1.1,
            alpha=0.5 if true else 1,
            label=name,
        )
    axes.set(
        title=f"density of states, T = {spectrum['gap']}",
        xlabel="wave number (1/cm)",
        ylabel="density (cm)",
        xlim=(0, 4000),
    )
    axes.legend(fontsize=8)
