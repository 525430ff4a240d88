"""Formula text: what is read, what is refused, what it counts, how it is written."""

import numpy as np
import pytest

from mechanist.errors import DataError
from mechanist.formula.expression import evaluate, inputs, nodes, parse
from mechanist.formula.typeset import latex, name_latex, text

VALUES = {
    name: np.random.default_rng(i).uniform(0.3, 2.0, 30)
    for i, name in enumerate(("phi", "psi", "theta", "x", "y", "z", "bond_C1_N2"))
}


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("-x", 1),
        ("x - y", 3),
        ("1/x", 3),
        ("1/(x*y)", 5),
        ("2/x**2", 5),
        ("-2.1*x/y", 5),
        ("sqrt(x)", 2),
        ("exp(-x)", 2),
        ("sin(2*phi)", 4),
        ("tanh(x + 1)", 4),
        ("sin(phi - psi)", 4),
        ("x*(0.5 + 7.75*y)", 7),
        ("1.0*x", 3),
    ],
)
def test_nodes(formula, expected):
    assert nodes(parse(formula)) == expected


@pytest.mark.parametrize(
    "formula",
    [
        "9**9**9",
        "((9**16)**16)**16",
        "x**y",
        "x**17",
        "1/0",
        "0**-1",
        "sqrt(-1)",
        "(-1)**0.5",
        "log(0)",
        "exp(exp(exp(1000)))",
        "1e999",
        "1j*x",
        "True",
        "x == y",
        "x and y",
        "x % 2",
        "sin(x, y)",
        "sin(x=1)",
        "sin()",
        "sin(*x)",
        "max(x)",
        "sympy.sin(x)",
        "(x for x in y)",
        "f'{x}'",
        "(" * 500 + "x" + ")" * 500,
        "x" * 30_000,
        "x\x00",
    ],
)
def test_refused(formula):
    with pytest.raises(DataError):
        parse(formula)


@pytest.mark.parametrize(
    ("formula", "order", "expected"),
    [
        ("4.2*sin(theta) + 8.4*sin(phi) + 0.26", ("phi", "theta"), None),
        ("0.26 - 8.4*sin(phi) - 4.2*sin(theta)", ("phi", "theta"), None),
        ("x - (y + z)*2.5", (), None),
        ("-1/(1 + x)", (), "-1/(1 + x)"),
        ("x/y/z", (), None),
        ("x/(y*z)", (), None),
        ("2.5*(x + y)**3/(z - 1.5)", (), None),
        ("exp(-x/2) - 1e-7*sqrt(y)", (), None),
        ("1.0*x", (), "1.0*x"),
        ("-1.0*x + y", (), "-1.0*x + y"),
        ("cos(psi)*sin(psi)", (), "sin(psi)*cos(psi)"),
        ("tanh(2*x)**2*log(y)", (), None),
    ],
)
def test_text_reads_back(formula, order, expected):
    written = text(parse(formula), order)
    np.testing.assert_allclose(evaluate(written, VALUES), evaluate(formula, VALUES), rtol=1e-12)
    assert nodes(parse(written)) == nodes(parse(formula))
    if expected is not None:
        assert written == expected


def test_terms_follow_relevance():
    written = text(parse("4.2*sin(theta) + 8.4*sin(phi) + 0.26"), ("phi", "theta"))
    assert written == "0.26 + 8.4*sin(phi) + 4.2*sin(theta)"
    assert text(parse(written), ("theta", "phi")).startswith("0.26 + 4.2*sin(theta)")


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("0.26 + 8.4*sin(phi)", r"0.26 + 8.4 \, \sin \phi"),
        ("x/(1.5 + y)", r"\frac{x}{1.5 + y}"),
        ("sin(psi)**2", r"\sin^{2} \psi"),
        ("sqrt(x)", r"\sqrt{x}"),
        ("1e-7*x", r"1 \times 10^{-7} \, x"),
        ("(x + y)*sin(phi)", r"\left(x + y\right)"),
        ("sin(phi - psi)", r"\sin\left(\phi - \psi\right)"),
    ],
)
def test_latex(formula, expected):
    assert expected in latex(parse(formula), order=("phi", "psi"))


def test_latex_takes_symbols():
    assert latex(parse("2.0*d1"), {"d1": "d_{OH}"}) == r"2 \, d_{OH}"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("phi", r"\phi"),
        ("chi1", r"\chi_{1}"),
        ("chi_2", r"\chi_{2}"),
        ("torsion_C1_N2_CA2_CB2", r"\tau_{\mathrm{C1\,N2\,CA2\,CB2}}"),
        ("angle_N2_CA2_C2", r"\alpha_{\mathrm{N2\,CA2\,C2}}"),
        ("bond_C1_N2", r"r_{\mathrm{C1\,N2}}"),
        ("x", "x"),
        ("x12", "x_{12}"),
        ("n_Li_O", r"n_{\mathrm{Li\,O}}"),
        ("G2_Li_O_0125", r"G_{2,\,\mathrm{Li\,O},\,0.125}"),
        ("G5_Cl_H_040_z16_m", r"G_{5,\,\mathrm{Cl\,H},\,0.40,\,16,\,-}"),
        ("G5_Cl_H_040_z2_p", r"G_{5,\,\mathrm{Cl\,H},\,0.40,\,2,\,+}"),
        ("water_shell", r"\mathrm{water\_shell}"),
    ],
)
def test_names(name, expected):
    assert name_latex(name) == expected


def test_a_missing_descriptor_is_named():
    with pytest.raises(DataError, match="'psi'"):
        evaluate("sin(psi) + x", {"x": np.ones(3)})


def test_a_constant_formula_has_the_length_of_the_values():
    np.testing.assert_array_equal(evaluate("0.5", {"x": np.ones(3)}), [0.5, 0.5, 0.5])


def test_inputs_are_descriptors():
    assert inputs(parse("sin(phi)*x + 2")) == ("phi", "x")
