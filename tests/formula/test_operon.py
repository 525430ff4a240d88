"""The symbolic search: deterministic, silent, in the columns' own names."""

import numpy as np
import pytest

from mechanist.formula.expression import evaluate, inputs, nodes, parse
from mechanist.formula.fit.likelihood import Outcomes
from mechanist.formula.search.engines import ENGINES
from mechanist.formula.search.problem import Problem
from mechanist.settings.formula import FormulaSettings

SMALL = FormulaSettings(repeats=2, population=60, generations=10)
COLUMNS = ("sin(phi)", "cos(phi)", "bond_C1_N2")


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(6)
    phi, bond = rng.uniform(-1, 1, 3000), 0.133 + 0.003 * rng.normal(size=3000)
    values = {"phi": phi, "bond_C1_N2": bond}
    x = np.column_stack([np.sin(phi), np.cos(phi), bond])
    target = 3 * np.sin(phi) + 200 * (bond - 0.133)
    return x, target, values


def search(data, seed, threads, **changes):
    x, target, _ = data
    settings = SMALL.model_copy(update=changes)
    lines = []
    problem = problem_of(x, target, np.ones(len(x)))
    texts = ENGINES["operon"]().search(problem, settings, seed, threads, lines.append)
    return texts, lines


def problem_of(x, target, weights):
    # Operon does not look at outcomes.
    nothing = Outcomes(np.zeros(len(x)), np.zeros(len(x)), np.zeros(len(x), dtype=np.int64))
    return Problem(x, COLUMNS, target, weights, nothing)


def test_the_planted_sum_is_among_the_expressions(data, capfd):
    texts, _ = search(data, 1, 1)
    _, target, values = data
    errors = [np.std(evaluate(one, values) - target) for one in texts]
    # The spread of the target is 1.7; a lucky constant alone would leave 0.6.
    assert min(errors) < 0.05
    assert all(set(inputs(parse(one))) <= {"phi", "bond_C1_N2"} for one in texts)
    assert min(nodes(parse(one)) for one in texts) <= 9
    assert capfd.readouterr().out == ""


def test_the_seed_decides_and_threads_do_not(data):
    first, _ = search(data, 3, 1)
    assert search(data, 3, 2)[0] == first
    assert search(data, 4, 1)[0] != first


def test_out_of_time_is_said(data):
    texts, lines = search(data, 1, 1, seconds=1e-9)
    assert texts == []
    assert "formula.seconds" in lines[0]


def test_rows_without_weight_are_never_seen(data):
    x, target, values = data
    weights = (target > 0).astype(float)
    odd = np.where(target > 0, target, 1e6)
    problem = problem_of(x, odd, weights)
    texts = ENGINES["operon"]().search(problem, SMALL, 1, 1, lambda line: None)
    errors = [np.std((evaluate(one, values) - target)[target > 0]) for one in texts]
    assert min(errors) < 0.05


def test_operators_can_be_forbidden(data):
    texts, _ = search(data, 1, 1, operators=("add", "sub"))
    assert texts
    assert all(not parse(one).has(parse("1/x").func) or "/" not in one for one in texts)
