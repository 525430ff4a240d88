"""Formulas as text, their cost in nodes, and formulas found again in planted outcomes."""

import csv

import numpy as np
import pytest
import sympy

from mechanist.errors import MechanistError
from mechanist.formula.data import FormulaData
from mechanist.formula.distil import distil
from mechanist.formula.expression import evaluate, nodes, parse
from mechanist.formula.store import load_formula, write_formulas
from mechanist.formula.typeset import latex, text
from mechanist.settings.formula import FormulaSettings
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet


def quiet(_):
    return None


@pytest.mark.parametrize(
    ("formula", "count"),
    [
        ("1.5", 1),
        ("sin(phi)", 1),
        ("2.5*sin(phi)", 3),
        ("-2.5*sin(phi)", 3),
        ("0.26 + 8.4*sin(phi) + 4.2*sin(theta)", 9),
        ("0.26 - 8.4*sin(phi) - 4.2*sin(theta)", 9),
        ("r/d", 3),
        ("r**2", 3),
    ],
)
def test_nodes(formula, count):
    assert nodes(parse(formula)) == count


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os').system('true')",
        "x.real",
        "x[0]",
        "open(x)",
        "lambda x: x",
        "x if x else x",
        "'text'",
        "x +",
        "",
    ],
)
def test_text_that_is_no_formula_is_refused_unread(formula):
    with pytest.raises((MechanistError, ValueError, SyntaxError)):
        parse(formula)


def test_text_sympy_and_numpy_agree():
    formula = "0.3 - 2*sin(phi)*cos(psi)/r + exp(-r**2)"
    rng = np.random.default_rng(1)
    values = {name: rng.uniform(0.5, 2, 20) for name in ("phi", "psi", "r")}
    ours = evaluate(text(parse(formula)), values)
    names = sorted(values)
    reference = sympy.lambdify(names, sympy.sympify(formula), "numpy")
    np.testing.assert_allclose(ours, reference(*(values[n] for n in names)), rtol=1e-12)


def test_greek_names_are_typeset():
    assert r"\sin" in latex(parse("2*sin(phi)"))
    assert r"\phi" in latex(parse("2*sin(phi)"))


def planted(truth, seed, points=4000):
    """Outcomes of two half-shots a point; psi is a twin of phi, r plays no part."""
    rng = np.random.default_rng(seed)
    phi = rng.uniform(-1.2, 1.2, points)
    angles = {
        "phi": phi,
        "theta": rng.uniform(-1, 1, points),
        "psi": phi + 0.3 * rng.normal(size=points),
    }
    r = rng.uniform(0.2, 0.4, points)
    q = truth(**angles)
    n_b = rng.binomial(2, 1 / (1 + np.exp(-q)))
    columns, values = [], []
    for name, angle in angles.items():
        columns += [f"sin({name})", f"cos({name})"]
        values += [np.sin(angle), np.cos(angle)]
    chain = np.repeat(np.arange(40), points // 40)
    data = FormulaData(
        columns=(*columns, "r"),
        values=np.column_stack([*values, r]),
        # A good network: the truth with a little error.
        q=q + 0.1 * rng.normal(size=points),
        n_a=2 - n_b,
        n_b=n_b,
        chain=chain,
        held_out=chain % 5 == 4,
    )
    return data, q, angles | {"r": r}


# The ceiling on time is out of reach, since a search that is cut short depends on the clock.
SETTINGS = FormulaSettings(
    backend="operon",
    repeats=1,
    population=60,
    generations=8,
    width=4,
    max_nodes=13,
    seconds=600,
)


@pytest.fixture(scope="module")
def linear():
    data, q, values = planted(
        lambda phi, theta, psi: 0.3 + 4 * np.sin(phi) + 2 * np.sin(theta), seed=3
    )
    return distil(data, SETTINGS, 1, 1, quiet), data, q, values


def test_a_planted_sum_is_found_again(linear):
    result, _, _, _ = linear
    chosen = result.chosen
    assert set(chosen.descriptors) == {"phi", "theta"}
    assert chosen.complexity <= 9
    # Intervals have 95 %; three constants are all inside in 0.95^3 = 86 % of seeds, this is one.
    truth = sorted([0.3, 2.0, 4.0])
    found = sorted(chosen.constants, key=lambda constant: constant.value)
    assert len(found) == 3
    for constant, value in zip(found, truth, strict=True):
        assert constant.low - 0.1 < value < constant.high + 0.1


def test_the_front_falls_and_holds_the_chosen(linear):
    front = linear[0].pareto_front
    complexities = [formula.complexity for formula in front]
    losses = [formula.heldout_loss for formula in front]
    assert complexities == sorted(set(complexities))
    assert losses == sorted(losses, reverse=True)
    assert linear[0].chosen.text in [formula.text for formula in front]


def test_same_seed_same_formulas(linear):
    result, data, _, _ = linear
    again = distil(data, SETTINGS, 1, 1, quiet)
    assert [f.text for f in again.pareto_front] == [f.text for f in result.pareto_front]


def test_written_and_read_again(linear, tmp_path):
    result, _, q, values = linear
    torsions = (Descriptor(name, "torsion", (0, 1, 2, 3)) for name in ("phi", "theta", "psi"))
    write_formulas(
        result, tmp_path, DescriptorSet((*torsions, Descriptor("r", "distance", (0, 1))))
    )
    formula = load_formula(tmp_path / "formula.json")
    np.testing.assert_allclose(formula.q(values), evaluate(result.chosen.text, values))
    assert np.corrcoef(formula.q(values), q)[0, 1] > 0.99
    with (tmp_path / "formulas.csv").open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    names = ["complexity", "heldout_loss", "heldout_loss_se", "text", "latex", "chosen"]
    assert list(rows[0])[:6] == names
    assert [row["chosen"] for row in rows].count("true") == 1


def test_a_planted_product_is_found_again():
    data, q, _ = planted(
        lambda phi, theta, psi: 5 * np.sin(phi) * np.cos(theta) + 1.5 * np.sin(theta), seed=4
    )
    result = distil(data, SETTINGS, 1, 1, quiet)
    out = data.held_out
    p = 1 / (1 + np.exp(-q[out]))
    best = -(data.n_b[out] * np.log(p) + data.n_a[out] * np.log(1 - p)).sum() / (2 * out.sum())
    assert result.chosen.heldout_loss < best + 0.005
    assert "psi" not in result.chosen.descriptors
