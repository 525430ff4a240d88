import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from mechanist.analysis.validation.points import (
    ValidationPoints,
    candidates,
    fingerprints,
    spread_points,
)
from mechanist.analysis.validation.validate import validate
from mechanist.analysis.validation.verdict import (
    VALIDATION_COLUMNS,
    judge,
    predictive_rank,
    validation_columns,
)
from mechanist.sampling.records.tables import PathTable
from mechanist.statistics.clopper_pearson import clopper_pearson
from mechanist.statistics.logistic import p_to_q

SHARP = np.full(120, 0.01)
"""Errors that a network claims where the test is not about them."""


def test_points_are_spread_evenly_though_frames_are_not():
    rng = np.random.default_rng(31)
    p = rng.beta(0.3, 0.3, size=20_000)
    chosen = spread_points(p, rng, 120)
    assert len(np.unique(chosen)) == 120
    counts, _ = np.histogram(p[chosen], bins=np.linspace(0.02, 0.98, 13))
    assert counts.tolist() == [10] * 12


def test_points_with_a_gap_in_p_fill_the_rest_evenly():
    rng = np.random.default_rng(32)
    p = np.concatenate([rng.uniform(0.02, 0.3, 2000), rng.uniform(0.7, 0.98, 2000), [0.5]])
    chosen = p[spread_points(p, rng, 60)]
    assert len(chosen) == 60
    assert 0.5 in chosen
    # Bins give in turn, and those that give a last extra one are drawn by lot.
    assert abs((chosen < 0.4).sum() - (chosen > 0.6).sum()) <= 16


def test_copies_of_a_configuration_are_chosen_once():
    rng = np.random.default_rng(33)
    p = np.repeat(np.linspace(0.05, 0.95, 30), 20)
    chosen = spread_points(p, rng, 100)
    assert len(chosen) == 30
    assert len(np.unique(p[chosen])) == 30


def test_no_frame_in_range_is_an_error():
    with pytest.raises(ValueError, match="no frame"):
        spread_points(np.array([0.0, 1.0, np.nan]), np.random.default_rng(0), 10)


def fresh(bias, seed, points=120, shots=60):
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.05, 0.9, size=points)
    n = np.full(points, shots)
    return p, p + bias, n, rng.binomial(n, p), rng


def test_verdict_of_a_perfect_network_and_a_formula_that_is_off():
    p, formula, n, n_b, rng = fresh(0.08, 34)
    verdict = judge(p, SHARP, formula, n, n_b, rng)
    # At 120 points of 60 shots the mean squared excess has a standard error of about 5e-4.
    assert verdict.network_rmse < np.sqrt(4 * 5e-4)
    assert verdict.formula_rmse == pytest.approx(0.08, abs=0.025)
    assert verdict.formula_interval[0] < verdict.formula_rmse < verdict.formula_interval[1]
    assert verdict.network_coverage >= 0.95 - 4 * np.sqrt(0.05 * 0.95 / 120)
    assert verdict.formula_coverage < verdict.network_coverage
    assert verdict.formula_explained == pytest.approx(1 - 0.08**2 / p.var(), abs=0.06)
    assert "120 validation points (60 fresh shots each)" in verdict.text
    assert "too high" in verdict.text
    json.dumps(asdict(verdict), allow_nan=False)


def test_verdict_names_the_zone_where_the_formula_is_worst():
    p, formula, n, n_b, rng = fresh(0.0, 35)
    formula = np.where((p > 0.65) & (p < 0.75), p - 0.2, p)
    verdict = judge(p, SHARP, formula, n, n_b, rng)
    assert "between 0.4 and 0.6" in verdict.text
    assert "too low" in verdict.text


def test_an_uninformative_formula_explains_nothing():
    p, _, n, n_b, rng = fresh(0.0, 36)
    verdict = judge(p, SHARP, np.full_like(p, 0.95), n, n_b, rng)
    assert verdict.formula_explained < 0
    assert "explains none of the variance" in verdict.text


def undecided(points, left):
    """Fresh shots of which all from the first points were too long."""
    p, formula, n, n_b, rng = fresh(0.08, 34)
    n, n_b = n.copy(), n_b.copy()
    n[: len(n) - left] = 0
    n[: (len(n) - left) // 2] = 1
    return p, formula, n, np.minimum(n_b, n), rng


def test_undecided_points_are_dropped_and_counted():
    p, formula, n, n_b, rng = undecided(120, 100)
    verdict = judge(p, SHARP, formula, n, n_b, rng)
    assert (verdict.points, verdict.undecided) == (100, 20)
    rest = slice(20, None)
    again = np.random.default_rng(1)
    alone = judge(p[rest], SHARP[rest], formula[rest], n[rest], n_b[rest], again)
    assert verdict.network_rmse == alone.network_rmse
    assert "20 of 120 validation points are left out" in verdict.text
    columns = validation_columns(p, SHARP, formula, n, n_b)
    assert columns["point"].tolist() == list(range(20, 120))
    assert {len(column) for column in columns.values()} == {100}


def test_without_a_decided_point_the_verdict_says_so():
    p, formula, n, n_b, rng = undecided(120, 0)
    verdict = judge(p, SHARP, formula, n, n_b, rng)
    assert (verdict.points, verdict.undecided, verdict.network_rmse) == (0, 120, None)
    assert "none is left" in verdict.text
    json.dumps(asdict(verdict), allow_nan=False)


def test_all_predictions_are_validated_without_the_undecided_points():
    p, formula, n, n_b, rng = undecided(120, 100)
    own = ValidationPoints(p, SHARP, n, n_b, p_to_q(formula), np.arange(120) % 2 == 0)
    points = ValidationPoints(p, SHARP, n, n_b)
    result = validate(points, p_to_q(formula), [p_to_q(formula), p_to_q(p)], own, rng)
    assert (result.own.points, result.own.surface_points, result.own.undecided) == (50, 50, 20)
    assert len(result.own_table["on_surface"]) == len(result.table["point"]) == 100
    assert result.front[0].rmse > result.front[1].rmse
    none = ValidationPoints(p, SHARP, np.zeros_like(n), np.zeros_like(n))
    nowhere = replace(none, q_formula=own.q_formula, on_surface=own.on_surface)
    result = validate(none, p_to_q(formula), [p_to_q(p)], nowhere, rng)
    assert result.front[0].rmse is None
    assert (result.own.undecided, result.own.slope) == (120, None)
    json.dumps(result.to_json(), allow_nan=False)


def test_columns_of_the_table():
    p, formula, n, n_b, _ = fresh(0.0, 38)
    columns = validation_columns(p, np.full(120, 0.02), formula, n, n_b)
    assert tuple(columns) == VALIDATION_COLUMNS
    assert np.all(columns["low"] <= n_b / n)
    assert np.all(n_b / n <= columns["high"])
    assert np.all((columns["network_low"] >= 0) & (columns["network_high"] <= 1))
    # 1.645 standard deviations to each side.
    np.testing.assert_allclose(columns["network_high"] - p, 1.645 * 0.02, atol=1e-4)


@pytest.mark.parametrize("claimed", [0.01, 0.05, 0.15])
def test_coverage_of_the_network_s_intervals_tells_a_wrong_width(claimed):
    rng = np.random.default_rng(39)
    true = rng.uniform(0.2, 0.8, size=4000)
    n = np.full(4000, 60)
    p = true + 0.05 * rng.normal(size=4000)
    verdict = judge(p, np.full(4000, claimed), p, n, rng.binomial(n, true), rng)
    if claimed == 0.05:
        # Binomial noise of 4,000 points is 0.005; the beta distribution is not quite normal.
        assert verdict.network_interval_coverage == pytest.approx(0.9, abs=0.03)
    else:
        assert (verdict.network_interval_coverage < 0.85) == (claimed < 0.05)
        assert (verdict.network_interval_coverage > 0.95) == (claimed > 0.05)
    assert f"at {100 * verdict.network_interval_coverage:.0f} % of the points" in verdict.text


def test_predictive_rank_without_an_error_is_that_of_the_binomial():
    from scipy.stats import binom

    k = np.arange(11)
    rank = predictive_rank(np.full(11, 0.3), np.full(11, 1e-5), k, np.full(11, 10))
    expected = binom.cdf(k, 10, 0.3) - 0.5 * binom.pmf(k, 10, 0.3)
    np.testing.assert_allclose(rank, expected, atol=1e-5)


def test_half_shots_that_are_too_long_bound_p_either_way():
    n, n_b = np.array([40, 60]), np.array([20, 30])
    columns = validation_columns(*np.full((3, 2), 0.5), n, n_b, np.array([20, 0]))
    assert columns["n_too_long"].tolist() == [20, 0]
    # All in A: 20 of 60; all in B: 40 of 60; without any, the intervals themselves.
    low, high = clopper_pearson(20, 60)[0], clopper_pearson(40, 60)[1]
    assert (columns["low_bound"][0], columns["high_bound"][0]) == (low, high)
    assert columns["low_bound"][1] == columns["low"][1]
    assert columns["high_bound"][1] == columns["high"][1]
    assert columns["low_bound"][0] < columns["low"][0]


def test_fresh_shots_judge_the_network():
    p, formula, n, n_b, rng = fresh(0.0, 40)
    right = judge(p, SHARP, formula, n, n_b, rng)
    assert right.network_p > 0.01
    assert right.network_power < 0.2
    assert right.network_calibration in ("calibrated", "nearly calibrated", "not determined")
    wrong = judge(np.clip(p + 0.15, 0, 0.99), SHARP, formula, n, n_b, rng)
    assert wrong.network_p < 0.01
    assert wrong.network_calibration == "not calibrated"
    long = judge(p, SHARP, formula, n, n_b, rng, n // 4)
    assert long.too_long == pytest.approx(0.2)
    assert "too long" in long.text


def test_frames_that_were_shot_from_are_no_validation_points():
    frames = np.random.default_rng(41).normal(size=(12, 2, 3)).astype(np.float32)
    index = {
        "chain": np.array([1, 0]), "first_frame": np.array([0, 6]), "frames": np.array([6, 6]),
        "length": np.array([6, 6]), "weight": np.array([1, 1]),
    }  # fmt: skip
    paths = PathTable(frames, index)
    every = candidates(paths, 2, set())
    # Chain 0 of two is trained on; ends of the path are in the states.
    np.testing.assert_array_equal(every, frames[1:5])
    used = set(fingerprints(frames[2:3].astype(np.float64)))
    np.testing.assert_array_equal(candidates(paths, 2, used), frames[[1, 3, 4]])
