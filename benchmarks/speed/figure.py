"""scaling.png: MD steps a second over cores, chains and the dynamics."""

from pathlib import Path
from typing import Any

PANELS = (
    (("cores",), "workers at once", True),
    (("chains",), "chains of a worker", False),
    (("friction",), "friction of the double well (1/ps)", False),
    (("stride",), "MD steps a frame, double well", False),
)
COLOURS = {"alanine_dipeptide": "#1f5f8b", "double_well": "#c2571a"}


def draw(points: list[dict[str, Any]], file: Path) -> None:
    """Draw four panels into ``file``."""
    import matplotlib

    matplotlib.use("agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 4, figsize=(13, 3.4), sharey=True, layout="constrained")
    for axis, (vary, label, ideal) in zip(axes, PANELS, strict=True):
        chosen = [point for point in points if point["vary"] in vary]
        for system, colour in COLOURS.items():
            rows = [point for point in chosen if point["system"] == system]
            if rows:
                line(axis, rows, system, colour, ideal)
        axis.set_xscale("log", base=2)
        axis.set_yscale("log")
        values = sorted({point["value"] for point in chosen})
        axis.set_xticks(values, [f"{value:g}" for value in values])
        axis.minorticks_off()
        axis.set_xlabel(label)
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("MD steps a second")
    axes[0].legend(frameon=False, fontsize=8)
    figure.savefig(file, dpi=120)
    pyplot.close(figure)


def line(axis: Any, rows: list[dict[str, Any]], system: str, colour: str, ideal: bool) -> None:
    """One system in one panel; dashed what as many cores would give at best."""
    x = [row["value"] for row in rows]
    y = [row["speed"]["steps_per_second"] for row in rows]
    axis.plot(x, y, "o-", color=colour, label=system.replace("_", " "))
    if ideal:
        axis.plot(x, [y[0] * value / x[0] for value in x], "--", color=colour, alpha=0.5)
