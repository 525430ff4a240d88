"""Derivatives by the tape against finite differences."""

import numpy as np
import pytest
import sympy

from mechanist.formula.structure import column_symbols
from mechanist.formula.tape import compile_tape

COLUMNS = column_symbols(3)
CONSTANTS = sympy.symbols("c0:4", real=True)
NAMES = {s.name: s for s in (*COLUMNS, *CONSTANTS)}
X = np.asfortranarray(np.random.default_rng(5).uniform(0.2, 1.5, (50, 3)))
C = np.array([0.7, -1.3, 2.1, 0.4])


def expressions():
    x0, x1, x2 = COLUMNS
    c0, c1, c2, c3 = CONSTANTS
    return [
        c0 + c1 * x0,
        c0 * x0 * x1 * (c1 + x2),
        (c0 + c1 * x0) / (c2 + x1**2 + c3 * x2),
        c0 * sympy.exp(c1 * x0) + c2 * sympy.log(c3 + x1),
        c0 * sympy.tanh(c1 * x0 + c2) * sympy.sin(c3 + x1) - sympy.cos(x2 * c0),
        sympy.sqrt(c2 + x0) * c1,
        c0 * (x0 + x1) + c1 * (x0 + x1) ** 2,
        sympy.Integer(3) + c0 * 0,
        x0,
    ]


@pytest.mark.parametrize("index", range(len(expressions())))
def test_jacobian(index):
    expr = expressions()[index]
    tape = compile_tape(expr, COLUMNS, CONSTANTS)
    value, jacobian = tape.jacobian(X, C)
    reference = sympy.lambdify((*COLUMNS, *CONSTANTS), expr, "numpy")
    np.testing.assert_allclose(
        value, np.broadcast_to(reference(*X.T, *C), len(X)), rtol=1e-12, atol=1e-14
    )
    np.testing.assert_array_equal(value, tape.value(X, C))
    for k in range(len(C)):
        step = np.zeros(4)
        step[k] = 1e-6
        slope = (tape.value(X, C + step) - tape.value(X, C - step)) / 2e-6
        # Central differences are good to about 1e-9 of the values, which are below 100.
        np.testing.assert_allclose(jacobian[:, k], slope, atol=1e-6)


def test_denominators_are_what_must_not_vanish():
    x0, x1, _ = COLUMNS
    tape = compile_tape(x0 / (x1 - 1) + sympy.log(x0) + sympy.sqrt(x1) + x0**2, COLUMNS)
    found = sorted(float(np.min(value)) for value in tape.denominators(X, []))
    expected = sorted([X[:, 1].min() - 1, X[:, 0].min(), X[:, 1].min()])
    np.testing.assert_allclose(found, expected)


def test_a_sum_of_exponentials_vanishes_nowhere():
    x0, x1, _ = COLUMNS
    c = sympy.Symbol("c")
    tape = compile_tape(sympy.log(c * sympy.exp(x0) + sympy.exp(-x1)), COLUMNS, [c])
    assert tape.denominators(X, [0.5]) == []
    assert len(tape.denominators(X, [-0.5])) == 1


def test_a_pole_gives_no_warning_but_infinity():
    x0, _, _ = COLUMNS
    tape = compile_tape(1 / x0, COLUMNS)
    assert np.isinf(tape.value(np.zeros((2, 3)), [])).all()


@pytest.mark.parametrize("expr", [sympy.Symbol("other") + 1, sympy.gamma(COLUMNS[0])])
def test_what_is_unknown_is_refused(expr):
    with pytest.raises(ValueError, match="cannot evaluate"):
        compile_tape(expr, COLUMNS)
