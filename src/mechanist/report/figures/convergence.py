"""Figure: held-out loss and every criterion by round."""

from typing import Any

from mechanist.report.data import ReportData
from mechanist.report.figures.style import (
    B_COLOUR,
    FULL,
    MUTED,
    NETWORK,
    Picture,
    canvas,
    grid,
    thousands,
    to_svg,
    whole_numbers,
)

PANELS = {
    "heldout_gain": ("change of loss, unseen chains", "nats per outcome", False),
    "calibration": ("calibration", "", False),
    "too_long": ("shots that are too long", "share", False),
    "spread": ("ensemble spread near $q=0$", "in $q$", False),
    "rhat": ("nested R-hat over families", "", False),
    "independent_paths": ("independent paths", "effective number", True),
}
SMALLEST_P = 1e-6
"""Smaller p-values are drawn here."""


def convergence(data: ReportData) -> Picture:
    """Every criterion by round with its limit, and the held-out loss."""
    rounds = data.rounds
    names = [name for name in PANELS if any(name in entry["criteria"] for entry in rounds)]
    columns = 3
    lines = -(-(len(names) + 1) // columns)
    with canvas(FULL, 0.3 + 2.35 * lines) as figure:
        panels = list(figure.subplots(lines, columns, squeeze=False).flat)
        _loss_panel(panels[0], rounds)
        for axes, name in zip(panels[1:], names, strict=False):
            _criterion_panel(axes, name, rounds)
        for axes in panels[len(names) + 1 :]:
            axes.set_axis_off()
        for axes in panels[max(0, len(names) + 1 - columns) : len(names) + 1]:
            axes.set_xlabel("round")
        svg = to_svg(figure, "convergence", "Convergence criteria by round")
    caption = (
        "One criterion of the stopping rule in each panel; the dashed line is its limit and the "
        "shaded side passes. Filled: passed; open: not passed. Bars on the loss are one standard "
        "error. The loss also changes because shooting points move, so the stopping rule compares "
        "models of successive rounds on the same outcomes."
    )
    return Picture("convergence", "Convergence by round", svg, caption)


def _loss_panel(axes: Any, rounds: list[dict[str, Any]]) -> None:
    known = [entry for entry in rounds if entry["heldout_loss"] is not None]
    error = [entry.get("heldout_loss_se") or 0.0 for entry in known]
    numbers = [entry["round"] for entry in known]
    losses = [entry["heldout_loss"] for entry in known]
    axes.errorbar(numbers, losses, error, fmt="-o", ms=4, color=NETWORK, elinewidth=1.2)
    axes.set(title="held-out loss", ylabel="nats per outcome")
    _finish(axes, rounds)


def _finish(axes: Any, rounds: list[dict[str, Any]]) -> None:
    whole_numbers(axes)
    first, last = rounds[0]["round"], rounds[-1]["round"]
    axes.set_xlim(first - 0.4, last + 0.4)
    grid(axes)


def _criterion_panel(axes: Any, name: str, rounds: list[dict[str, Any]]) -> None:
    title, label, logarithmic = PANELS[name]
    last = next(e["criteria"][name] for e in reversed(rounds) if name in e["criteria"])
    # Calibration is measured in one of two ways; only values of the same kind make a curve.
    direction = last.get("direction")
    entries = [
        (entry["round"], entry["criteria"][name])
        for entry in rounds
        if entry["criteria"].get(name, {}).get("value") is not None
        and entry["criteria"][name].get("direction") == direction
    ]
    as_p = name == "calibration" and direction == "at least"
    if as_p:
        label, logarithmic = "p-value", True
    elif name == "calibration":
        label = "error of $p_B$"
    values = [max(c["value"], SMALLEST_P) if as_p else c["value"] for _, c in entries]
    axes.plot([number for number, _ in entries], values, color=NETWORK, lw=1.2)
    for (number, criterion), value in zip(entries, values, strict=True):
        face = NETWORK if criterion["passed"] else "white"
        axes.plot(number, value, "o", ms=5.5, mfc=face, mec=NETWORK)
    axes.set(title=title, ylabel=label)
    # A criterion without any value shows its limit alone.
    if logarithmic and values and min(*values, last["limit"]) > 0:
        _log_scale(axes, plain=not as_p)
    _limit(axes, last["limit"], direction, values)
    _finish(axes, rounds)


def _log_scale(axes: Any, plain: bool) -> None:
    """Logarithmic scale; with ticks such as 50, 100, 200 if ``plain``."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axes.set_yscale("log")
    if plain:
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(thousands())
    axes.yaxis.set_minor_formatter(NullFormatter())


def _limit(axes: Any, limit: float, direction: str | None, values: list[float]) -> None:
    """The limit as a dashed line, the side that passes shaded."""
    shown = [*values, limit] if values else [0.0, limit, 2 * limit]
    if axes.get_yscale() == "log":
        low, high = min(shown) / 1.6, max(shown) * 1.6
    else:
        margin = 0.12 * (max(shown) - min(shown)) or 0.1 * abs(limit) or 0.1
        low, high = min(shown) - margin, max(shown) + margin
    axes.set_ylim(low, high)
    axes.axhline(limit, color=B_COLOUR, lw=1.2, ls="--")
    side = (low, limit) if direction != "at least" else (limit, high)
    axes.axhspan(*side, color=MUTED, alpha=0.12, lw=0)
