"""A formula is called calibrated, and its surface peaked, where that is so."""

import numpy as np
import pytest

from mechanist.analysis.validation.calibration_line import calibration_line, recalibrated
from mechanist.analysis.validation.formula_verdict import judge_formula
from mechanist.analysis.validation.points import formula_points

SHOTS = 60


def chance(q):
    return 1 / (1 + np.exp(-q))


def shoot(rng, q_true):
    n = np.full(len(q_true), SHOTS)
    return n, rng.binomial(n, chance(q_true))


def judged(rng, q, surface, slope=1.0, shift=0.0, error=0.0, centre=0.0):
    """Verdict on a formula whose truth is a line, with an error on its surface."""
    on_surface = np.r_[np.zeros(len(q), bool), np.ones(surface, bool)]
    q = np.r_[q, np.zeros(surface)]
    truth = slope * q + shift
    truth[on_surface] = centre + error * rng.normal(size=surface)
    n, n_b = shoot(rng, truth)
    return judge_formula(q, n, n_b, on_surface, rng)


def test_a_right_formula_is_calibrated_and_peaked(rng):
    found = judged(rng, np.linspace(-3, 3, 60), 60)
    assert found.slope_interval[0] < 1 < found.slope_interval[1]
    assert found.shift_interval[0] < 0 < found.shift_interval[1]
    assert found.surface_spread < 0.05
    assert found.calibration == "calibrated"
    assert ": calibrated" in found.text
    assert "peaked at 1/2, as" in found.text


def test_wide_intervals_determine_nothing(rng):
    """Where intervals of a right formula hold 1 and 0 only because they are wide."""
    few = np.linspace(-3, 3, 12)
    n = np.full(12, 6)
    found = judge_formula(few, n, rng.binomial(n, chance(few)), np.zeros(12, bool), rng)
    low, high = found.slope_interval
    assert low < 1 < high
    assert high - low > 0.6
    assert found.calibration == "not determined"
    assert "too wide to say" in found.text


def test_a_small_deviation_is_within_the_tolerance_however_narrow_its_interval(rng):
    q = np.linspace(-3, 3, 200)
    n = np.full(200, 4000)
    line = calibration_line(q, n, rng.binomial(n, chance(1.06 * q)), rng)
    assert line.slope_interval[0] > 1
    assert line.state == "nearly calibrated"
    assert calibration_line(q, n, rng.binomial(n, chance(1.2 * q)), rng).state == "not calibrated"


def test_few_points_do_not_make_a_surface_peaked(rng):
    found = judged(rng, np.linspace(-3, 3, 40), 16, error=0.75)
    assert found.surface_spread_interval[0] < 0.15 < found.surface_spread_interval[1]
    assert "not determined by so few points" in found.text


@pytest.mark.parametrize(("slope", "shift"), [(0.5, 0.0), (1.0, 0.8), (2.0, -0.5)])
def test_slope_and_shift_are_found(slope, shift, rng):
    found = judged(rng, np.linspace(-3, 3, 80), 0, slope, shift)
    # The interval is of 95 %; 4 standard errors are twice its half-width.
    for value, (low, high), truth in (
        (found.slope, found.slope_interval, slope),
        (found.shift, found.shift_interval, shift),
    ):
        assert abs(value - truth) < high - low
    assert "not calibrated" in found.text


def test_intervals_of_slope_and_shift_cover(rng):
    inside = 0
    for _ in range(40):
        found = judged(rng, rng.uniform(-3, 3, size=40), 0, 1.2, 0.3)
        inside += found.slope_interval[0] < 1.2 < found.slope_interval[1]
    # 38 of 40 expected at 95 %; below 31 has a chance under 1e-4 at 90 %.
    assert inside >= 31


@pytest.mark.parametrize(
    ("error", "centre", "words"),
    [
        (0.0, 0.0, "peaked at 1/2"),
        (1.0, 0.0, "broadly peaked"),
        (4.0, 0.0, "lacks a coordinate"),
        (0.0, 1.0, "not the transition state"),
    ],
)
def test_a_surface_is_named_for_what_it_is(error, centre, words, rng):
    found = judged(rng, np.linspace(-3, 3, 40), 200, error=error, centre=centre)
    assert words in found.text
    truth = chance(centre + error * rng.normal(size=100_000)).std()
    # 200 points: the spread is known to 1 / sqrt(400) = 5 %, noise adds to it; 4 of these.
    assert found.surface_spread == pytest.approx(truth, abs=0.2 * truth + 0.03)


def test_few_points_say_nothing(rng):
    found = judged(rng, np.linspace(-1, 1, 4), 3)
    assert found.slope is None
    assert found.surface_spread is None
    assert "too few different values" in found.text
    assert "Too few frames" in found.text


def test_separable_counts_do_not_run_away():
    q = np.array([-2.0, -1.0, 1.0, 2.0])
    line = recalibrated(q, np.full(4, 5), np.array([0, 0, 5, 5]))
    assert np.isfinite(line).all()


def test_own_points_are_spread_and_on_the_surface(rng):
    q = rng.normal(scale=3, size=5000)
    spread, surface = formula_points(q, rng, 40, 30)
    p = chance(q[spread])
    assert len(spread) == 40
    # One in each fortieth of the range.
    assert np.diff(p).max() < 2 * 0.96 / 40 + 1e-9
    assert len(np.unique(surface)) == 30
    assert np.abs(q[surface]).max() < 0.2


def test_a_constant_formula_has_one_point(rng):
    spread, surface = formula_points(np.full(100, 0.1), rng, 40, 30)
    assert len(spread) == 1
    assert len(surface) == 1
    spread, surface = formula_points(np.full(100, 9.0), rng, 40, 30)
    assert len(spread) == len(surface) == 0
