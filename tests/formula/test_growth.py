"""Growth and pruning: the score test promises what fits then give."""

import time

import numpy as np
import pytest
import sympy

from mechanist.formula.expression import nodes, parse
from mechanist.formula.fit.candidate import Points, fitted
from mechanist.formula.fit.likelihood import Outcomes
from mechanist.formula.search.growth import Pool, additions, grow, removals, shortened
from mechanist.formula.structure import column_symbols
from mechanist.statistics.logistic import q_to_p


def points(formula, count=4000, seed=5):
    """Inputs x0 .. x4, x3 a twin of x0, with the true p_B as outcomes."""
    from mechanist.formula.expression import evaluate

    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, (count, 5))
    x[:, 3] = 0.95 * x[:, 0] + 0.3 * x[:, 3]
    p = q_to_p(evaluate(formula, {f"x{i}": x[:, i] for i in range(5)}))
    ends = Outcomes(2 * (1 - p), 2 * p, np.zeros(count, dtype=np.int64))
    return Points(np.asfortranarray(x), ends)


def names(expr):
    return {s.name for s in expr.free_symbols}


def test_the_first_addition_is_the_strongest_input():
    data = points("2*x0 + 0.5*x1")
    start = fitted(sympy.Float(0.1), data, "test")
    assert names(additions(start, data, 1)[0]) == {"x0"}


def test_a_product_is_one_addition_away():
    data = points("0.4 + 2*x0 + 1.5*x0*x1")
    start = fitted(parse("0.4 + 2.1*x0"), data, "test")
    assert names(additions(start, data, 1)[0]) == {"x0", "x1"}
    assert nodes(additions(start, data, 1)[0]) == 9


def test_two_inputs_that_tell_nothing_alone_are_found():
    data = points("0.2 + 3*x1*x2")
    start = fitted(sympy.Float(0.1), data, "test")
    assert {"x1", "x2"} in [names(expr) for expr in additions(start, data, 3)]


def test_the_score_test_ranks_like_fits_do():
    data = points("0.3 + 1.0*x0 + 0.5*x1 + 0.2*x2")
    start = fitted(parse("0.3 + 0.9*x0"), data, "test")
    steps = additions(start, data, 8)[:8]
    gains = [start.loss - fitted(expr, data, "test").loss for expr in steps]
    assert gains[0] == max(gains)
    assert np.all(np.array(gains) > -1e-7)


def test_an_idle_number_goes_first():
    data = points("1.5*x0 - 2*x1")
    full = fitted(parse("0.1 + 1.5*x0 - 2*x1 + 0.2*x2"), data, "test")
    first = removals(full, data, 1)[0]
    assert names(first) == {"x0", "x1"} or first.as_coeff_Add()[0] == 0


@pytest.mark.parametrize("longest", [3, 9])
def test_a_long_expression_is_shortened_to_what_matters(longest):
    data = points("0.5 + 3*x0 - 2*x1")
    short = shortened(parse("0.5 + 3*x0 - 2*x1 + 0.1*x2*x4 + 0.01*x3*x2"), data, longest)
    assert nodes(short) <= longest
    assert names(short) <= {"x0", "x1"}


def test_what_cannot_be_shortened_becomes_a_constant():
    data = points("0.5*x0")
    assert nodes(shortened(parse("x0*x1*x2*x3*x4"), data, 3)) == 1


def test_the_pool_keeps_the_best_of_each_length_once():
    data = points("2*x0 - x1")
    pool = Pool(width=2, max_nodes=9)
    for expr in ("0.5*x0", "0.7*x0", "0.5*x1", "0.5*x2", "0.5*x4"):
        pool.offer(parse(expr), data, "test")
    assert pool.fits == 4
    assert [names(c.expr) for c in pool.by_nodes[3]] == [{"x0"}, {"x1"}]
    pool.offer(parse("1 + 2.5*x0 + 2*x1 + 3*x2 + 4.5*x3"), data, "test")
    assert pool.fits == 4


def test_growth_finds_a_planted_form_and_stops():
    data = points("0.5 + 2*x0*x1 - 1.5*x2", count=2000)
    pool = Pool(width=3, max_nodes=11)
    lines = []
    grow(pool, data, time.process_time() + 600, lines.append)
    best = pool.by_nodes[11][0]
    truth = fitted(parse("0.5 + 2*x0*x1 - 1.5*x2"), data, "test")
    assert best.loss == pytest.approx(truth.loss, abs=1e-6)
    assert names(best.expr) == {"x0", "x1", "x2"}
    assert max(pool.by_nodes) <= 11
    assert len(lines) == 1


def test_growth_that_is_out_of_time_says_so():
    data = points("x0", count=200)
    pool = Pool(width=3, max_nodes=11)
    lines = []
    grow(pool, data, time.process_time() - 1, lines.append)
    assert "formula.seconds" in lines[0]
    assert {1, 3} <= set(pool.by_nodes)


def test_twins_are_scored_for_what_they_add():
    """With x0 in the formula its twin x3 has nothing left to give, and x1 has."""
    data = points("2*x0 + 0.3*x1")
    start = fitted(parse("0.1 + 2*x0"), data, "test")
    assert "x3" not in names(additions(start, data, 1)[0])
    assert column_symbols(4)[3].name == "x3"


def test_a_formula_without_numbers_can_grow():
    data = points("1*x0 + 0.5*x1")
    bare = fitted(parse("x0"), data, "test")
    assert len(bare.constants) == 0
    assert names(additions(bare, data, 3)[0]) <= {"x0", "x1", "x2", "x3", "x4"}
