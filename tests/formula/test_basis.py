"""Functions of inputs that growth may add: allowed, bounded on the data, and found when planted."""

import time

import numpy as np
import pytest
import sympy

from mechanist.formula.expression import evaluate, parse
from mechanist.formula.fit.candidate import Points, fitted
from mechanist.formula.fit.likelihood import Outcomes
from mechanist.formula.search.basis import basis_functions
from mechanist.formula.search.growth import Pool, additions, grow
from mechanist.formula.structure import column_symbols, structure
from mechanist.statistics.logistic import q_to_p

COLUMNS = ("r", "s", "d", "sin(phi)")
EVERYTHING = ("add", "sub", "mul", "div", "exp", "log", "tanh", "sqrt")


@pytest.fixture
def inputs():
    rng = np.random.default_rng(4)
    lengths = rng.uniform(0.5, 2.0, (3000, 2))
    signed = rng.uniform(-1.0, 1.0, (3000, 2))
    return np.asfortranarray(np.hstack([lengths, signed]))


def soft(formula, inputs):
    """Points whose outcomes are the true p_B of a formula in x0, x1, ..."""
    names = {s.name: inputs[:, i] for i, s in enumerate(column_symbols(inputs.shape[1]))}
    p = q_to_p(np.asarray(evaluate(formula, names)))
    return Points(inputs, Outcomes(2 * (1 - p), 2 * p, np.zeros(len(p), dtype=np.int64)))


@pytest.mark.parametrize(
    ("operators", "count"),
    [
        (("add", "mul"), 0),
        # 1/r and 1/s; d passes through 0, and so does a sine.
        (("add", "mul", "div"), 2),
        (("log",), 2),
        # Beside those log(r/s).
        (("div", "log"), 5),
        (("sqrt",), 2),
        (("exp",), 8),
        (("tanh",), 4),
    ],
)
def test_what_is_allowed_and_bounded(operators, count, inputs):
    found = basis_functions(inputs, COLUMNS, operators)
    assert len(found.exprs) == count == found.values.shape[1]
    assert np.isfinite(found.values).all()
    assert found.linear == (0, 1, 2, 3)
    of_sine = {type(e).__name__ for e in found.exprs if e.has(column_symbols(4)[3])}
    assert of_sine == {"exp", "tanh"} & set(operators)


def test_values_are_those_of_the_functions(inputs):
    found = basis_functions(inputs, COLUMNS, EVERYTHING)
    names = {f"x{i}": inputs[:, i] for i in range(4)}
    for expr, values in zip(found.exprs, found.values.T, strict=True):
        np.testing.assert_allclose(values, evaluate(expr, names))


def test_an_input_far_from_zero_gets_no_exponential(inputs):
    bond = 0.13 + 0.003 * inputs[:, 2:3]
    assert not basis_functions(bond, ("bond",), ("exp",)).exprs
    assert not basis_functions(np.ones((50, 1)), ("constant",), EVERYTHING).exprs


@pytest.mark.parametrize(
    ("formula", "start"),
    [
        ("3*x2/x0 - 1", "0.1 + 2*x2"),
        ("2*log(x0) + x2 + 0.5", "0.1 + x2"),
        ("4*log(x0/x1)", "2.5*x0 - 2.5*x1"),
    ],
)
def test_a_planted_function_is_one_addition_away(formula, start, inputs):
    points = soft(formula, inputs)
    candidate = fitted(parse(start), points, "test")
    truth = fitted(parse(formula), points, "test")
    steps = additions(candidate, points, 4, basis_functions(inputs, COLUMNS, EVERYTHING))
    fits = [fitted(step, points, "test") for step in steps]
    best = min(fit.loss for fit in fits if fit is not None)
    without = min(
        fit.loss for step in additions(candidate, points, 4) if (fit := fitted(step, points, ""))
    )
    assert best == pytest.approx(truth.loss, abs=1e-5)
    assert without > truth.loss + 1e-4


def test_a_fraction_is_offered_where_its_input_matters(inputs):
    # A network has smoothed x2*x3/x0: other functions of x0 fit it better.
    points = soft("x2*x3*(2.48 - 2.32*log(x0))", inputs)
    start = fitted(parse("2*x2*x3"), points, "test")
    steps = additions(start, points, 4, basis_functions(inputs, COLUMNS, EVERYTHING))
    forms = [structure(step, 4)[0].key for step in steps]
    assert structure(parse("3*x2*x3/x0"), 4)[0].key in forms


@pytest.mark.parametrize(
    ("formula", "operators", "nodes"),
    [("4*log(x0/x1)", ("div", "log"), 6), ("0.5 + 1.5*exp(1.3*x2) - 2*x0", ("exp",), 12)],
)
def test_growth_finds_functions(formula, operators, nodes, inputs):
    points = soft(formula, inputs)
    pool = Pool(width=3, max_nodes=nodes)
    functions = basis_functions(inputs, COLUMNS, operators)
    grow(pool, points, time.process_time() + 600, lambda line: None, functions)
    truth = fitted(parse(formula), points, "test")
    assert pool.by_nodes[nodes][0].loss == pytest.approx(truth.loss, abs=1e-5)
    assert pool.by_nodes[nodes][0].structure.key == truth.structure.key


def test_an_angle_gives_waves_alone(inputs):
    phi = inputs[:, 0] * 2 - 2
    columns = ("sin(phi)", "cos(phi)", "phi", "r")
    table = np.column_stack([np.sin(phi), np.cos(phi), phi, inputs[:, 1]])
    found = basis_functions(table, columns, EVERYTHING, waves=True)
    x = column_symbols(4)
    assert found.linear == (0, 1, 3)
    assert found.waves == (x[2], 2 * x[2], 3 * x[2])
    assert not any(expr.has(x[2]) for expr in found.exprs)
    np.testing.assert_allclose(found.turns, np.outer(phi, [1, 2, 3]))
    assert found.phases == {x[2]: (x[0], x[1])}
    assert not basis_functions(table, columns, EVERYTHING).waves


def test_no_function_comes_into_another(inputs):
    points = soft("0.5 + 1.5*exp(1.3*x2) - 2*x0", inputs)
    start = fitted(parse("0.4 + 1.4*exp(1.2*x2)"), points, "test")
    for step in additions(start, points, 4, basis_functions(inputs, COLUMNS, ("exp", "log"))):
        for function in step.atoms(sympy.Function):
            assert not function.args[0].atoms(sympy.Function)
    # A formula whose only numbers stand in a function can take a further term nevertheless.
    start = fitted(parse("exp(1.2*x2)"), points, "test")
    steps = additions(start, points, 4, basis_functions(inputs, COLUMNS, ("exp",)))
    assert any(len(step.atoms(sympy.Function)) == 2 for step in steps)
