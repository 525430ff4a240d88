"""Figure: guided against uniform selection."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mechanist.analysis.comparison.outcomes import over_seeds
from mechanist.analysis.comparison.pairs import Comparison, Pair
from mechanist.arrays import Array
from mechanist.report.figures.style import (
    A_COLOUR,
    B_COLOUR,
    FULL,
    MUTED,
    canvas,
    grid,
    thousands,
    to_svg,
)

COLOURS = {"guided": B_COLOUR, "uniform": A_COLOUR}

Lines = Mapping[str, Sequence[Mapping[str, Array]]]


def draw(
    pairs: Sequence[Pair], result: Comparison, budgets: Array, lines: Lines
) -> tuple[bytes, str]:
    """The figure as bytes of a PNG and as an SVG element for a page."""
    millions = budgets / 1e6
    first = np.mean([pair.guided["steps"][pair.guided["round"] == 0].sum() for pair in pairs]) / 1e6
    with canvas(FULL, 7.2) as figure:
        panels = figure.subplots(2, 2)
        _counts(panels[0, 0], millions, lines, "transitions")
        _counts(panels[0, 1], millions, lines, "decorrelated")
        _durations(panels[1, 0], millions, lines)
        _widths(panels[1, 1], millions, lines)
        for axes in panels.flat:
            if first < millions[-1]:
                axes.axvline(first, color=MUTED, lw=1, ls=":", zorder=1)
            axes.set_xlabel("million MD steps")
            grid(axes)
        panels[0, 0].legend(loc="upper left")
        for axes in panels[0]:
            axes.yaxis.set_major_formatter(thousands())
        panels[1, 1].annotate(
            "round 0 ends", (first, 0.02), xycoords=("data", "axes fraction"),
            xytext=(4, 0), textcoords="offset points", fontsize=8.5, color=MUTED,
        )  # fmt: skip
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
        svg = to_svg(figure, "compare", "Guided against uniform selection")
    return buffer.getvalue(), svg


def _values(runs: Sequence[Mapping[str, Array]], name: str) -> Array:
    """One curve of all seeds, (R, K)."""
    return np.array([run[name] for run in runs])


def _counts(axes: Any, millions: Array, lines: Lines, name: str) -> None:
    """A count so far: each seed thin, the mean thick."""
    for run, colour in COLOURS.items():
        values = _values(lines[run], name)
        axes.plot(millions, values.T, color=colour, lw=0.7, alpha=0.4)
        axes.plot(millions, values.mean(axis=0), color=colour, lw=2, label=run)
    title = {"transitions": "transitions", "decorrelated": "decorrelated paths"}[name]
    axes.set(title=f"{title}, cumulative", xlim=(0, millions[-1]), ylim=(0, None))


def _durations(axes: Any, millions: Array, lines: Lines) -> None:
    """Mean path duration so far, with the interval over seeds."""
    shown = []
    for run, colour in COLOURS.items():
        values = _values(lines[run], "duration")
        use = np.isfinite(values).all(axis=0)
        spans = [over_seeds(column) for column in values[:, use].T]
        low, high = (np.array([getattr(s, end) for s in spans]) for end in ("low", "high"))
        axes.fill_between(millions[use], low, high, color=colour, alpha=0.2, lw=0)
        axes.plot(millions[use], values[:, use].mean(axis=0), color=colour)
        shown.append(np.r_[low, high][np.r_[millions[use], millions[use]] > millions[-1] / 5])
    limits = np.concatenate(shown)
    if len(limits):
        margin = 0.6 * (limits.max() - limits.min()) or 1.0
        axes.set_ylim(limits.min() - margin, limits.max() + margin)
    axes.set(title="mean path duration (ps), 95 % over seeds", xlim=(0, millions[-1]))


def _widths(axes: Any, millions: Array, lines: Lines) -> None:
    """Half-width of the interval of a single run, from its chains."""
    for run, colour in COLOURS.items():
        values = 1.96 * _values(lines[run], "duration_se")
        use = np.isfinite(values).all(axis=0) & (millions > 0)
        axes.plot(millions[use], values[:, use].T, color=colour, lw=0.7, alpha=0.4)
        axes.plot(millions[use], values[:, use].mean(axis=0), color=colour, lw=2)
    axes.set(title="half-width of a run's 95 % interval (ps)", xlim=(0, millions[-1]))
    axes.set_ylim(0, None)
