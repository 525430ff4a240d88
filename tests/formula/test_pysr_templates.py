"""Template expressions of PySR: their text, and formulas read back from a stand-in."""

import numpy as np
import pytest

from mechanist.errors import DataError
from mechanist.formula.expression import evaluate
from mechanist.formula.search.pysr import PySR
from mechanist.formula.search.pysr_templates import templates
from tests.formula.test_pysr import QUICK, SETTINGS, problem

__all__ = ["problem"]

ALL = ("periodic", "channels")
PLAIN, ANGLES = ("x0", "x1", "x2"), ("x3", "x4", "x5")


def test_templates_are_julia_that_names_all_columns():
    waves, exits, joins = templates(PLAIN, ANGLES, ALL)
    # Two angles of three folds each; the third angle has none.
    assert waves.spec == {
        "combine": "f(x0, x1, x2) + a[1] * cos(1 * x3 + c[1]) + a[2] * cos(2 * x3 + c[2])"
        " + a[3] * cos(3 * x3 + c[3]) + a[4] * cos(1 * x4 + c[4]) + a[5] * cos(2 * x4 + c[5])"
        " + a[6] * cos(3 * x4 + c[6])",
        "expressions": ["f"],
        "variable_names": [*PLAIN, *ANGLES],
        "parameters": {"a": 6, "c": 6},
    }
    assert exits.combine == "log(exp(f(x0, x1, x2)) + exp(g(x0, x1, x2)))"
    assert joins.combine == "-" + exits.combine
    assert exits.spec["parameters"] is None
    assert templates(PLAIN, (), ("periodic",)) == templates(PLAIN, ANGLES, ()) == []


def test_an_equation_is_put_together():
    waves, exits, joins = templates(PLAIN, ANGLES[:1], ALL)
    values = {f"x{i}": v for i, v in enumerate(np.random.default_rng(1).normal(size=(4, 30)))}
    x0, x1, x2, x3 = values.values()
    f, g = 1.5 * x0 - x2, x1 + 0.3
    text = exits.expanded("f = (#1 * 1.5) - #3; g = #2 + 0.3")
    np.testing.assert_allclose(evaluate(text, values), np.log(np.exp(f) + np.exp(g)))
    text = joins.expanded("f = (#1 * 1.5) - #3; g = #2 + 0.3")
    np.testing.assert_allclose(evaluate(text, values), -np.log(np.exp(f) + np.exp(g)))
    text = waves.expanded("f = (#1 * 1.5) - #3; a = [1.5, -0.3, 1.0e-7]; c = [0.1, 2.0, 0.0]")
    truth = f + 1.5 * np.cos(x3 + 0.1) - 0.3 * np.cos(2 * x3 + 2.0)
    np.testing.assert_allclose(evaluate(text, values), truth, atol=1e-6)


@pytest.mark.parametrize(
    "equation",
    [
        "f = #1",
        "f = #4; g = #1",
        "f = #1; g = #2; a = [1.0]",
        "(x0 * 2.0)",
        "",
    ],
)
def test_another_equation_is_refused(equation):
    with pytest.raises(DataError, match="template exits"):
        templates(PLAIN, ANGLES, ALL)[1].expanded(equation)
    with pytest.raises(DataError, match="has not 3 numbers"):
        templates(PLAIN, ANGLES[:1], ALL)[0].expanded("f = #1; a = [1.0]; c = [1.0, 2.0, 3.0]")


def search(problem, forms):
    lines = []
    settings = SETTINGS.model_copy(update={"forms": forms})
    return PySR(limits=QUICK).search(problem, settings, 1, 1, lines.append), lines


def test_formulas_of_templates_come_back_in_descriptors(problem, standin):
    standin("well")
    plain, _ = search(problem, ())
    texts, lines = search(problem, ALL)
    assert texts[: len(plain)] == plain
    new = texts[len(plain) :]
    assert len(new) == 3
    assert any("3 expressions of templates waves, exits, joins" in line for line in lines)
    # The stand-in says f = 2 sin(phi) - cos(phi), and a_i = c_i = i - 1/2.
    phi = np.linspace(-3, 3, 40)
    f = 2 * np.sin(phi) - np.cos(phi)
    waves = sum((n - 0.5) * np.cos(n * phi + n - 0.5) for n in (1, 2, 3))
    expected = [f + waves, f + np.log(2), -f - np.log(2)]
    for text, truth in zip(new, expected, strict=True):
        np.testing.assert_allclose(evaluate(text, {"phi": phi}), truth, atol=1e-6)


def test_templates_that_fail_cost_nothing_else(problem, standin):
    standin("no_templates")
    plain, _ = search(problem, ())
    texts, lines = search(problem, ALL)
    assert texts == plain
    assert any(line.startswith("pysr: templates left out: ") for line in lines)
