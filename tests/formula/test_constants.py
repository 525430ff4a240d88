"""Rounding, intervals, names and units of constants."""

import numpy as np
import pytest

from mechanist.formula.expression import evaluate, parse
from mechanist.formula.fit.candidate import Points, fitted
from mechanist.formula.fit.constants import describe, intervals, rounded, template
from mechanist.formula.fit.likelihood import Outcomes, loss
from mechanist.formula.fit.units import constant_units
from mechanist.formula.structure import column_symbols, structure
from mechanist.statistics.logistic import q_to_p

COLUMNS = ("sin(phi)", "cos(phi)", "bond_C1_N2", "angle_N2_CA2_C2")


@pytest.fixture(scope="module")
def planted():
    rng = np.random.default_rng(8)
    x = np.asfortranarray(rng.uniform(-1, 1, (4000, 2)))
    q = evaluate("0.26 + 4.2*x0 - 3.1*x0*x1", {"x0": x[:, 0], "x1": x[:, 1]})
    n_b = rng.binomial(2, q_to_p(q)).astype(float)
    data = Points(x, Outcomes(2 - n_b, n_b, np.arange(4000) % 40))
    return fitted(parse("0.3 + x0*(4.1 - 3.0*x1)"), data, "test"), data


def test_rounding_costs_nothing_and_saves_digits(planted):
    candidate, data = planted
    errors, half_widths = intervals(candidate, data)
    assert np.all(half_widths > 1.96 * errors)
    values = rounded(candidate, errors, data)
    tape = candidate.structure.tape
    before = loss(tape.value(data.columns, candidate.constants), data.outcomes)
    assert loss(tape.value(data.columns, values), data.outcomes) - before < 1e-5
    assert all(len(repr(float(value)).lstrip("-")) <= 5 for value in values)
    assert np.all(np.abs(values - candidate.constants) < errors)


def test_without_error_all_digits_stay(planted):
    candidate, data = planted
    values = rounded(candidate, np.zeros(3), data)
    np.testing.assert_allclose(values, candidate.constants, rtol=1e-5)


def test_the_template_names_constants_from_left_to_right():
    x0, x1, x2, _ = column_symbols(4)
    form, start = structure(1.5 * x2 + 0.3 + x0 * (2.5 + 0.7 * x1), 4)
    written, places = template(form, COLUMNS)
    assert written == "c0 + sin(phi)*(c1 + c2*cos(phi)) + c3*bond_C1_N2"
    assert [start[k] for k in places] == [0.3, 2.5, 0.7, 1.5]


def test_constants_are_told_by_place_value_interval_and_unit():
    x0, x1, x2, _ = column_symbols(4)
    form, start = structure(1.5 * x2 + 0.3 + x0 * (2.5 + 0.7 * x1), 4)
    values = np.array(start)
    written, constants = describe(
        form, values, np.full(4, 0.1), values + 0.01, COLUMNS, {"bond_C1_N2": "nm"}
    )
    assert [c.value for c in constants] == [0.3, 2.5, 0.7, 1.5]
    assert constants[0].name == "constant term"
    assert constants[1].name == "c1 in sin(phi)*(c1 + c2*cos(phi))"
    assert constants[3].name == "factor of bond_C1_N2"
    assert [c.unit for c in constants] == ["1", "1", "1", "nm^-1"]
    assert (constants[0].low, constants[0].high) == pytest.approx((0.21, 0.41))
    assert written.count("c") > 3


def test_without_units_of_inputs_there_are_none():
    x0, _, x2, _ = column_symbols(4)
    form, start = structure(1.5 * x2 + 0.3 * x0, 4)
    _, constants = describe(form, np.array(start), np.ones(2), np.array(start), COLUMNS, {})
    assert [c.unit for c in constants] == [None, None]


def test_names_of_constants_avoid_descriptors():
    (x0,) = column_symbols(1)
    form, _ = structure(1.5 * x0 + 0.3, 1)
    assert template(form, ("c0",))[0] == "k0 + k1*c0"


@pytest.mark.parametrize(
    ("formula", "units", "expected"),
    [
        ("0.3 + 1.5*r", {"r": "nm"}, {0.3: "1", 1.5: "nm^-1"}),
        ("2.5*(r - 0.13)**2", {"r": "nm"}, {2.5: "nm^-2", -0.13: "nm"}),
        ("1.5*r*a", {"r": "nm", "a": "rad"}, {1.5: "nm^-1 rad^-1"}),
        ("1.5/(r + 0.2)", {"r": "nm"}, {1.5: "nm", 0.2: "nm"}),
        ("1.5*exp(2.5*r)", {"r": "nm"}, {1.5: "1", 2.5: "nm^-1"}),
        ("1.5*r**2", {"r": "nm"}, {1.5: "nm^-2"}),
        (
            "1.5*cos(2*a - 0.4) + 2.5*r",
            {"r": "nm", "a": "rad"},
            {1.5: "1", -0.4: "rad", 2.5: "nm^-1"},
        ),
        ("r + 0.3*a", {"r": "nm", "a": "rad"}, {0.3: None}),
    ],
)
def test_units(formula, units, expected):
    form, start = structure(parse(formula), 1)
    known = {
        symbol: units[symbol.name]
        for symbol in form.expr.free_symbols & parse(formula).free_symbols
    }
    found = dict(zip(start, constant_units(form.expr, form.constants, known), strict=True))
    assert found == expected
