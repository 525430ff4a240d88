"""Candidates refitted on outcomes: poles go, duplicates merge, failures are counted."""

import numpy as np
import pytest
import sympy

from mechanist.formula.expression import evaluate, parse
from mechanist.formula.fit.candidate import Candidate, Points
from mechanist.formula.fit.likelihood import Outcomes
from mechanist.formula.fit.refit import bounded, normal_key, refit
from mechanist.formula.structure import structure
from mechanist.statistics.logistic import q_to_p


@pytest.fixture
def data():
    rng = np.random.default_rng(2)
    x = np.asfortranarray(rng.uniform(-1, 1, (1500, 2)))
    q = evaluate("1.5*x0 + 0.5*x1", {"x0": x[:, 0], "x1": x[:, 1]})
    n_b = rng.binomial(2, q_to_p(q)).astype(float)
    return Points(x, Outcomes(2 - n_b, n_b, np.arange(1500) % 30))


def candidate(formula):
    form, start = structure(parse(formula), 2)
    return Candidate(form, np.array(start), np.nan, "test")


def is_bounded(formula, x):
    form, start = structure(parse(formula), 2)
    return bounded(form.tape, x, np.array(start))


@pytest.mark.parametrize(
    ("formula", "good"),
    [
        ("1.5*x0", True),
        ("1.5/(3 + x0)", True),
        ("1.5/(0.1 + x0)", False),
        ("0.001/(1.0001 + x0)", False),
        ("exp(60*x0)", False),
        ("80*x0", False),
        ("0.5*log(2 + x0)", True),
        ("0.5*log(x0 + 0.5)", False),
        ("sqrt(x0 + 0.5)", False),
    ],
)
def test_bounded(formula, good, data):
    assert is_bounded(formula, data.columns) is good


def test_a_pole_far_from_training_data_counts(data):
    lines = []
    everywhere = np.concatenate([data.columns, [[-1e6, 0.0], [1e6, 0.0]]])
    kept = refit(
        [candidate("3*x0/(2.5 + x0)"), candidate("1.4*tanh(x0)")], data, everywhere, lines.append
    )
    assert [str(c.structure.key) for c in kept] == ["c*tanh(x0)"]
    assert "1 not bounded" in lines[0]


def test_numbers_come_from_the_outcomes(data):
    (kept,) = refit([candidate("0.1*x0 + 9.5*x1")], data, data.columns, lambda line: None)
    # Standard errors are near 0.08 with 3,000 outcomes; five of them.
    np.testing.assert_allclose(sorted(kept.constants), [0.5, 1.5], atol=0.4)


def test_duplicates_merge(data):
    lines = []
    forms = ["x0*(1.5 + 0.5*x1)", "1.5*x0 + 0.5*x0*x1", "1.4*x0"]
    kept = refit([candidate(f) for f in forms], data, data.columns, lines.append)
    assert [c.nodes for c in kept] == [3, 7]
    assert "1 duplicates" in lines[0]


def test_a_fit_that_fails_is_counted(data):
    lines = []
    kept = refit(
        [candidate("0.5*log(x0 - 5)"), candidate("1.4*x0")], data, data.columns, lines.append
    )
    assert len(kept) == 1
    assert "1 did not converge" in lines[0]


def test_the_key_is_blind_to_rounding():
    x0, x1 = sympy.symbols("x0 x1", real=True)
    assert normal_key(1.50001 * x0 * (x1 + 2)) == normal_key(1.5 * x0 * x1 + 3.0001 * x0)
    assert normal_key(1.6 * x0) != normal_key(1.5 * x0)
