"""Figures of the run: efficiency and convergence by round."""

from typing import Any

import numpy as np

from mechanist.analysis.convergence.counts import is_transition
from mechanist.analysis.convergence.inertia import transition_probability
from mechanist.arrays import Array
from mechanist.report.data import ReportData
from mechanist.report.figures.style import (
    A_COLOUR,
    B_COLOUR,
    FULL,
    MARK,
    MUTED,
    NETWORK,
    Picture,
    canvas,
    grid,
    thousands,
    to_svg,
)

PANELS = {
    "heldout_gain": ("fall of held-out loss", "nats per outcome", False),
    "calibration": ("calibration", "", False),
    "spread": ("ensemble spread near $q=0$", "in $q$", False),
    "rhat": ("split R-hat over chains", "", False),
    "independent_paths": ("independent paths", "effective number", True),
}
SMALLEST_P = 1e-6
"""Smaller p-values are drawn here."""


def _by_round(data: ReportData) -> tuple[Array, Array, Array]:
    """Cumulative shots, transitions and expected transitions after each round.

    A round without predictions (the first) expects what it found, so that the two curves start
    together.
    """
    shots = data.shots
    p = np.asarray(shots["p_predicted"], dtype=np.float64)
    found = is_transition(shots)
    chance = transition_probability(np.nan_to_num(p), data.last.get("latent_correlation") or 0.0)
    expected = np.where(np.isfinite(p), chance, found)
    numbers, place = np.unique(shots["round"], return_inverse=True)
    size = len(numbers)
    totals = (np.ones(len(p)), found.astype(np.float64), expected)
    shots_made, found_so_far, expected_so_far = (
        np.cumsum(np.bincount(place, each, size), dtype=np.float64) for each in totals
    )
    return shots_made, found_so_far, expected_so_far


def efficiency(data: ReportData) -> Picture:
    """Transitions generated against expected, and acceptance."""
    shots, found, expected = (np.r_[0, part] for part in _by_round(data))
    accepted = [float(entry["acceptance"]) for entry in data.rounds]
    with canvas(FULL, 3.5) as figure:
        left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
        left.plot(shots, found, "-o", ms=4, color=NETWORK, label="generated")
        left.plot(shots, expected, "--s", ms=4, mfc="white", color=MARK, label="expected")
        left.set(xlabel="two-way shots", ylabel="transitions, cumulative", ylim=(0, None))
        left.set_xlim(0, None)
        left.xaxis.set_major_formatter(thousands())
        left.yaxis.set_major_formatter(thousands())
        left.legend(loc="upper left")
        numbers, rates = _rates(data)
        right.plot(numbers, 100 * rates, "-o", ms=4, color=NETWORK, label="transitions")
        rounds = [entry["round"] for entry in data.rounds]
        right.plot(
            rounds, 100 * np.array(accepted), "-D", ms=4, color=A_COLOUR, label="accepted so far"
        )
        right.set(xlabel="round", ylabel="% of shots", ylim=(0, None))
        _whole(right)
        right.legend(loc="best")
        for axes in (left, right):
            grid(axes)
        svg = to_svg(figure, "efficiency", "Transitions generated against expected")
    how = (
        "Expected is the sum over shots of the chance to join A and B at the p_B predicted before "
        "each shot (the first round, without a model, counts what it found)"
    )
    rho = data.last.get("latent_correlation")
    if rho is not None:
        number = f"{rho:.2f}".replace("-", "\N{MINUS SIGN}")
        how += (
            f". How far the first velocities decide where the two opposite halves end is learned "
            f"from the shots: correlation {number}, where 0 is not at all (p_B alone decides) and "
            "\N{MINUS SIGN}1 entirely"
        )
    how += ". Independent halves can give half of all shots at most, opposed ones more."
    return Picture("efficiency", "How well shooting works", svg, how)


def _rates(data: ReportData) -> tuple[Array, Array]:
    numbers, place = np.unique(data.shots["round"], return_inverse=True)
    found = np.bincount(place, is_transition(data.shots).astype(np.float64))
    return numbers.astype(np.float64), found / np.bincount(place)


def _whole(axes: Any) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))


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
    how = (
        "Each panel is one criterion of the stopping rule; the dashed line is its limit and the "
        "shaded side is where it passes. Filled: passed; open: not yet. Bars on the loss are one "
        "standard error; the loss drifts as shots move to other places, so that the stopping rule "
        "compares models of successive rounds on the same outcomes."
    )
    return Picture("convergence", "Convergence, round by round", svg, how)


def _loss_panel(axes: Any, rounds: list[dict[str, Any]]) -> None:
    known = [entry for entry in rounds if entry["heldout_loss"] is not None]
    error = [entry.get("heldout_loss_se") or 0.0 for entry in known]
    numbers = [entry["round"] for entry in known]
    losses = [entry["heldout_loss"] for entry in known]
    axes.errorbar(numbers, losses, error, fmt="-o", ms=4, color=NETWORK, elinewidth=1.2)
    axes.set(title="held-out loss", ylabel="nats per outcome")
    _finish(axes, rounds)


def _finish(axes: Any, rounds: list[dict[str, Any]]) -> None:
    _whole(axes)
    first, last = rounds[0]["round"], rounds[-1]["round"]
    axes.set_xlim(first - 0.4, last + 0.4)
    grid(axes)


def _criterion_panel(axes: Any, name: str, rounds: list[dict[str, Any]]) -> None:
    title, label, logarithmic = PANELS[name]
    last = next(e["criteria"][name] for e in reversed(rounds) if name in e["criteria"])
    # A criterion may be measured in two ways (calibration); only like values make a curve.
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
    # Of a criterion that was never known there is the limit alone.
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
