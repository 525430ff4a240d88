"""Figure: transitions found against transitions expected, and acceptance, by round."""

import numpy as np

from mechanist.analysis.convergence.counts import is_transition
from mechanist.analysis.convergence.inertia import transition_probability
from mechanist.arrays import Array
from mechanist.report.data import ReportData
from mechanist.report.figures.style import (
    A_COLOUR,
    FULL,
    MARK,
    NETWORK,
    Picture,
    canvas,
    grid,
    thousands,
    to_svg,
    whole_numbers,
)


def _by_round(data: ReportData) -> tuple[Array, Array, Array]:
    """Cumulative shots, transitions and expected transitions after each round.

    A round without predictions (round 0) expects what it found, so that the two curves start
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
        whole_numbers(right)
        right.legend(loc="best")
        for axes in (left, right):
            grid(axes)
        svg = to_svg(figure, "efficiency", "Transitions generated against expected")
    caption = (
        "Left: transitions so far, and their expected number: the sum over shots of the chance "
        "of joining A and B at the p_B predicted before the shot (round 0 has no model and counts "
        "what it found). Right: percentage of shots that are transitions, by round, and that are "
        "accepted, so far"
    )
    rho = data.last.get("latent_correlation")
    if rho is not None:
        number = f"{rho:.2f}".replace("-", "\N{MINUS SIGN}")
        caption += (
            ". The two halves start with opposite velocities; the correlation of their ends is "
            f"estimated from the shots: {number}, where 0 means that p_B alone decides and "
            "\N{MINUS SIGN}1 that the initial velocities do"
        )
    caption += ". Independent halves give at most 50 % transitions; anticorrelated ones up to all."
    return Picture("efficiency", "Shooting efficiency", svg, caption)


def _rates(data: ReportData) -> tuple[Array, Array]:
    numbers, place = np.unique(data.shots["round"], return_inverse=True)
    found = np.bincount(place, is_transition(data.shots).astype(np.float64))
    return numbers.astype(np.float64), found / np.bincount(place)
