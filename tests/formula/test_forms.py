"""Forms that no single step leads to: two channels, saturation, phases."""

import time

import numpy as np
import pytest
import sympy

from mechanist.formula.expression import evaluate, nodes, parse
from mechanist.formula.fit.candidate import Points, fitted
from mechanist.formula.fit.likelihood import Outcomes
from mechanist.formula.search.basis import basis_functions
from mechanist.formula.search.forms import channels, parted, phased, saturated
from mechanist.formula.search.growth import Pool, additions, grow, grow_channels, grow_sums
from mechanist.formula.structure import column_symbols
from mechanist.statistics.logistic import q_to_p

COLUMNS = ("a", "b", "c", "sin(phi)", "cos(phi)", "phi")


def soft(formula, count=2000, seed=3):
    """Inputs x0 .. x5, the last ones of an angle, with the true p_B as outcomes."""
    rng = np.random.default_rng(seed)
    phi = rng.uniform(-np.pi, np.pi, count)
    table = np.column_stack([rng.normal(size=(count, 3)), np.sin(phi), np.cos(phi), phi])
    p = q_to_p(np.asarray(evaluate(formula, {f"x{i}": table[:, i] for i in range(6)})))
    ends = Outcomes(2 * (1 - p), 2 * p, np.zeros(count, dtype=np.int64))
    return Points(np.asfortranarray(table), ends)


def basis(points, operators=("tanh",)):
    return basis_functions(points.columns, COLUMNS, operators, waves=True)


@pytest.mark.parametrize(
    "truth",
    [
        "log(exp(3*x0 - 2) + exp(2*x1 - 1))",
        "-log(exp(3*x0 - 1) + exp(-2.5*x3 - 2))",
        "log(exp(4*x4 - 2) + exp(-2*x2))",
    ],
)
def test_two_channels_are_found_as_a_whole(truth):
    points = soft(truth)
    fits = [fitted(expr, points, "test") for expr in channels(points, basis(points))]
    best = min((one for one in fits if one is not None), key=lambda one: one.loss)
    exact = fitted(parse(truth), points, "test")
    assert best.loss == pytest.approx(exact.loss, abs=1e-6)
    assert set(best.expr.free_symbols) == {
        s for s in column_symbols(6) if s.name in {str(t) for t in parse(truth).free_symbols}
    }


def test_channels_grow_further_inputs():
    truth = "log(exp(2.5*x0 - 2*x2 - 2) + exp(3*x1 - 1)) + 1.2*x3"
    points = soft(truth)
    pool = Pool(width=4, max_nodes=25)
    grow_channels(pool, points, time.process_time() + 600, basis(points))
    best = min((group[0] for group in pool.by_nodes.values()), key=lambda one: one.loss)
    exact = fitted(parse(truth), points, "test")
    assert best.loss == pytest.approx(exact.loss, abs=1e-5)
    assert {s.name for s in best.expr.free_symbols} == {"x0", "x1", "x2", "x3"}


def test_a_linear_formula_saturates():
    truth = "3*tanh(1.5*x0 - 1.2*x1)"
    points = soft(truth)
    (wrapped,) = saturated(fitted(parse("0.1 + 2*x0 - 1.5*x1"), points, "test"))
    exact = fitted(parse(truth), points, "test")
    assert fitted(wrapped, points, "test").loss == pytest.approx(exact.loss, abs=1e-6)
    assert saturated(fitted(parse("2*tanh(x0)"), points, "test")) == []
    assert saturated(fitted(parse("0.3"), points, "test")) == []


@pytest.mark.parametrize(
    "truth",
    [
        "3*tanh(1.5*x0 - 1.2*x1) + 1.1*x2",
        "log(exp(2*x0 - 0.5) + exp(1.5*x1)) - 1.4*x2 - 0.6",
        "1.2*x2 - log(exp(2*x0) + exp(2.5*x1 - 0.4))",
    ],
)
def test_some_terms_of_a_sum_saturate_or_are_channels_beside_the_others(truth):
    points = soft(truth)
    start = fitted(parse("0.1 + 1.3*x0 - 1.1*x1 + 0.9*x2"), points, "test")
    fits = [fitted(form, points, "test") for form in parted(start)]
    exact = fitted(parse(truth), points, "test")
    assert min(one.loss for one in fits if one) == pytest.approx(exact.loss, abs=1e-6)
    assert start.loss > exact.loss + 1e-3
    assert parted(exact) == []
    assert parted(fitted(parse("0.3 + 2*x0"), points, "test")) == []


@pytest.mark.parametrize(
    "truth",
    [
        "3*tanh(2*x0 - x1 - 0.4) + x2",
        "log(exp(2*x0) + exp(-2*x1)) + x3",
        "log(exp(3*x0 + 2*x1 - 1) + exp(3*x3 - 1)) - 1.2*x2",
    ],
)
def test_linear_sums_are_bent_in_part(truth):
    points = soft(truth)
    known = fitted(parse(truth), points, "test")
    pool = Pool(width=2, max_nodes=25)
    grow_sums(pool, points, time.process_time() + 600, basis(points))
    best = min((group[0] for group in pool.by_nodes.values()), key=lambda one: one.loss)
    assert best.loss == pytest.approx(known.loss, abs=1e-6)
    assert best.expr.free_symbols == known.expr.free_symbols


def test_a_sine_and_a_cosine_become_one_wave():
    x = column_symbols(6)
    pairs = {x[5]: (x[3], x[4])}
    values = {f"x{i}": soft("x0").columns[:, i] for i in range(6)}
    for text in ("0.5 + 2*x3 - 1.5*x4 + x0", "x0*(1.2*x3 + 0.7*x4 - 0.2)", "exp(2*x3 + 1.5*x4)"):
        before = parse(text)
        after = phased(before, pairs)
        assert after.atoms(sympy.cos)
        assert not {x[3], x[4]} & after.free_symbols
        np.testing.assert_allclose(evaluate(after, values), evaluate(before, values), atol=1e-12)
        assert nodes(after) < nodes(before)
    assert phased(parse("2*x3 + x0"), pairs) == parse("2*x3 + x0")


@pytest.mark.parametrize("fold", [1, 2, 3])
def test_a_wave_is_one_addition_away(fold):
    points = soft(f"2.5*cos({fold}*x5 - 0.8) + 1.5*x0")
    start = fitted(parse("0.01 + 1.2*x0"), points, "test")
    steps = additions(start, points, 4, basis(points))
    exact = fitted(parse(f"2.5*cos({fold}*x5 - 0.8) + 1.5*x0 + 0.01"), points, "test")
    fits = [fitted(step, points, "test") for step in steps]
    assert min(one.loss for one in fits if one) == pytest.approx(exact.loss, abs=1e-6)
    # The number of folds is no constant, and a phase lies within one turn.
    assert len(exact.constants) == 4
    (place,) = exact.structure.phases
    assert exact.constants[place] == pytest.approx(-0.8, abs=1e-3)


@pytest.mark.parametrize("truth", ["x3*(2.5*x4 - 1.7)", "x4*(1.4 - 2*x4)"])
def test_a_wave_that_is_steeper_on_one_side_is_one_addition_away(truth):
    points = soft(f"{truth} + 1.5*x0 + 0.1")
    start = fitted(parse("0.01 + 1.2*x0"), points, "test")
    exact = fitted(parse(f"{truth} + 1.5*x0 + 0.1"), points, "test")
    fits = [fitted(step, points, "test") for step in additions(start, points, 4, basis(points))]
    assert min(one.loss for one in fits if one) == pytest.approx(exact.loss, abs=1e-6)


def test_a_phase_is_given_within_a_turn():
    points = soft("2*cos(x5 - 0.8)")
    far = fitted(parse("1.9*cos(x5 + 11.7)"), points, "test")
    (place,) = far.structure.phases
    assert far.constants[place] == pytest.approx(-0.8, abs=1e-3)


def test_an_input_enters_a_denominator():
    rng = np.random.default_rng(9)
    table = rng.uniform(0.3, 2.0, (2000, 3))
    truth = "4*x0/(x1 + 1.5*x2) - 2"
    p = q_to_p(np.asarray(evaluate(truth, {f"x{i}": table[:, i] for i in range(3)})))
    points = Points(np.asfortranarray(table), Outcomes(2 * (1 - p), 2 * p, np.zeros(2000)))
    start = fitted(parse("2*x0/x1 - 1.1"), points, "test")
    fits = [fitted(step, points, "test") for step in additions(start, points, 4)]
    exact = fitted(parse(truth), points, "test")
    assert min(one.loss for one in fits if one) == pytest.approx(exact.loss, abs=1e-6)


def test_growth_finds_waves_beside_a_saturation():
    points = soft("2*cos(2*x5 - 0.6) + 2.5*tanh(2*x0 - 0.5)")
    pool = Pool(width=3, max_nodes=17)
    grow(pool, points, time.process_time() + 600, lambda line: None, basis(points), 25)
    exact = fitted(parse("2*cos(2*x5 - 0.6) + 2.5*tanh(2*x0 - 0.5)"), points, "test")
    best = min((group[0] for group in pool.by_nodes.values()), key=lambda one: one.loss)
    assert best.loss == pytest.approx(exact.loss, abs=2e-4)
