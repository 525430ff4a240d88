"""Figure: predicted p_B against outcomes of shots of the last round and of fresh shots."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.report.data import ReportData
from mechanist.report.figures.style import (
    FORMULA,
    FULL,
    HALF,
    MARK,
    MUTED,
    NETWORK,
    Picture,
    canvas,
    grid,
    to_svg,
)
from mechanist.sampling.records.tables import Table
from mechanist.statistics.clopper_pearson import clopper_pearson, missed

BINS = 12


def _last_predicted(shots: Table) -> tuple[int, NDArray[np.bool_]] | None:
    """The last round with predictions made before its shots, and its decided shots."""
    known = np.isfinite(np.asarray(shots["p_predicted"], dtype=np.float64)) & ~shots["watched"]
    if not known.any():
        return None
    last = int(shots["round"][known].max())
    decided = np.isin(shots["end_backward"], ["A", "B"]) & np.isin(shots["end_forward"], ["A", "B"])
    return last, known & decided & (shots["round"] == last)


def binned_outcomes(p: Array, in_b: Array, per_shot: int = 2) -> tuple[Array, Array, Array]:
    """Mean prediction, counts in B and outcomes of bins with about equally many shots.

    Parameters
    ----------
    p, in_b
        (S,) predictions, and how many of the ``per_shot`` half-shots ended in B.
    per_shot
        Half-shots a shot.

    Returns
    -------
    tuple of ndarray
        Three (bins,) arrays.
    """
    order = np.argsort(p, kind="stable")
    groups = [g for g in np.array_split(order, min(BINS, max(1, len(p) // 10))) if len(g)]
    means = np.array([p[g].mean() for g in groups])
    hits = np.array([in_b[g].sum() for g in groups])
    return means, hits, np.array([per_shot * len(g) for g in groups], dtype=np.float64)


def _frame(axes: Any, title: str) -> None:
    axes.plot([0, 1], [0, 1], color=MUTED, lw=1, ls="--", zorder=1)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal", title=title)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.set_yticks(np.linspace(0, 1, 6))
    axes.set_xlabel("predicted $p_B$")
    grid(axes)


def draw_fresh(axes: Any, table: Mapping[str, Array], column: str, colour: str, title: str) -> None:
    """Predictions of one ``column`` beside fresh shots."""
    observed = table["n_B"] / table["n"]
    inside = (table[column] >= table["low"]) & (table[column] <= table["high"])
    bars = np.stack([observed - table["low"], table["high"] - observed])
    axes.errorbar(
        table[column], observed, bars, fmt="none", ecolor=colour, elinewidth=0.8, alpha=0.35
    )
    for rows, face in ((inside, colour), (~inside, "white")):
        axes.plot(table[column][rows], observed[rows], "o", ms=4, mfc=face, mec=colour, zorder=3)
    _frame(axes, title)


def _by_chance(data: ReportData) -> str:
    """Share of fresh configurations whose interval would miss the true p_B."""
    fresh = data.validation
    if fresh is None:
        return "at most 5 %"
    return f"{100 * missed(fresh['p_network'], fresh['n'].astype(np.int64)).mean():.1f} %"


def calibration(data: ReportData) -> Picture | None:
    """Predicted p_B against outcomes: shots of the last round, then fresh committor shots."""
    shots = _last_predicted(data.shots)
    panels = (shots is not None) + 2 * (data.validation is not None)
    if not panels:
        return None
    with canvas(FULL if panels > 1 else HALF, 3.75) as figure:
        grid_of_axes = list(np.atleast_1d(figure.subplots(1, panels, sharey=True)))
        left = grid_of_axes[0]
        if shots is not None:
            axes = grid_of_axes.pop(0)
            number, rows = shots
            ends = np.stack([data.shots["end_backward"], data.shots["end_forward"]])[:, rows]
            p = np.asarray(data.shots["p_predicted"], dtype=np.float64)[rows]
            mean, hits, total = binned_outcomes(p, (ends == "B").sum(axis=0).astype(np.float64))
            low, high = clopper_pearson(hits, total)
            bars = np.stack([hits / total - low, high - hits / total])
            axes.errorbar(mean, hits / total, bars, fmt="o", ms=5, color=MARK, elinewidth=1.2)
            _frame(axes, f"network, {rows.sum():,} shots of round {number}")
        if data.validation is not None:
            fresh = (("network", NETWORK), ("formula", FORMULA))
            for axes, (name, colour) in zip(grid_of_axes, fresh, strict=True):
                draw_fresh(axes, data.validation, f"p_{name}", colour, f"{name}, fresh shots")
        left.set_ylabel("fraction of half-shots that ended in B")
        svg = to_svg(figure, "calibration", "Predicted committor against observed outcomes")
    caption = (
        "Fraction of half-shots that ended in B against predicted p_B; the dashed line is perfect "
        "calibration. Every prediction was made before the shots that it is compared with. Bars "
        "are 95 % Clopper-Pearson intervals: of shots in bins (predicted by the model of the "
        "previous round) or of single fresh configurations. Open circles: the interval misses the "
        f"prediction, as {_by_chance(data)} do by chance."
    )
    return Picture("calibration", "Calibration", svg, caption, wide=panels > 1)
