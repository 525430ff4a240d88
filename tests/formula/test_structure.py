"""Normal forms keep the value and lose redundant numbers."""

import numpy as np
import pytest

from mechanist.formula.expression import evaluate, nodes, parse
from mechanist.formula.structure import normal, structure

RNG = np.random.default_rng(7)
X = np.asfortranarray(RNG.uniform(0.2, 1.5, (200, 4)))
VALUES = {f"x{i}": X[:, i] for i in range(4)}


@pytest.mark.parametrize(
    ("formula", "length"),
    [
        ("2*(0.5*x0 + 3) + 0.1*x0", 5),
        ("2.5*x0*(3.1*x1 + 0.2)", 7),
        ("0.3 + 2.5*x0*(3.1*x1 + 0.2)*(x2 - 0.1*x3)", 15),
        ("0.26 + 8.4*x0 + 4.2*x1 + 3*x1*x2", 13),
        ("(2*x0 + 1)/(3*x1 + 7.5)*2", 9),
        ("3.1*exp(0.5 + 2*x0)", 6),
        ("1.1*x0*x1 + 2.2*x0*x2 + 3.3*x3*x1 + 1.5*x3", 17),
        ("5*tanh(3*x0 + 2)", 8),
        ("2.3*x0**2 + 1.1*x0 + 4", 9),
        ("((1.5*x0 + 2)**2)*3", 7),
        ("x0", 1),
        ("0.7", 1),
    ],
)
def test_normal_form(formula, length):
    before = parse(formula)
    after = normal(before)
    np.testing.assert_allclose(evaluate(after, VALUES), evaluate(before, VALUES), rtol=1e-10)
    assert nodes(after) == length <= nodes(before)
    form, start = structure(after, 4)
    np.testing.assert_allclose(form.tape.value(X, start), evaluate(before, VALUES), rtol=1e-10)
    if start:
        # Numbers that do the same work would make columns of the Jacobian dependent.
        jacobian = form.tape.jacobian(X, np.array(start))[1]
        assert np.linalg.matrix_rank(jacobian, tol=1e-6) == len(start)


def test_signs_and_exponents_are_no_constants():
    form, start = structure(parse("2.5*x0**2 - x1"), 2)
    assert start == [2.5]
    assert form.nodes == 7


def test_the_key_forgets_numbers_only():
    one, _ = structure(parse("2.5*x0 + 1.5"), 2)
    same, _ = structure(parse("0.1*x0 + 7"), 2)
    other, _ = structure(parse("2.5*x1 + 1.5"), 2)
    assert one.key == same.key != other.key
