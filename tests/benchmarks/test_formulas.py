"""Structures of planted formulas are judged up to algebra and numbers, and no further."""

import json
from dataclasses import replace

import numpy as np
import pytest

from benchmarks.formulas.run import HERE, POINTS, Result, engines, find, table
from benchmarks.formulas.same import terms
from benchmarks.formulas.truths import CORRELATION, TRUTHS, TWINS, descriptors, draw
from mechanist.formula.expression import evaluate
from mechanist.formula.search.julia import State


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2*d1 - 1.5*r", "-1.5*(r - 1.3*d1)"),
        ("1.5*t1 + 2*d1*d2", "d1*(2.1*d2 + 1.4*t1/d1)"),
        ("3*d1/r - 1", "(2.9*d1 - 1.1*r)/r"),
        ("3*d1/r - 1", "-1.03 + d1/(0.33*r)"),
        ("4*log(r/s)", "-3.8*log(s/r)"),
        ("4*log(r/s)", "3.9*log(r) - 4.1*log(s)"),
        ("1.5*exp(d1) - 2*d2 - 2", "-1.85 + 1.29*exp(1.087*d1) - 1.95*d2"),
        ("1.5*exp(d1) - 2*d2 - 2", "exp(0.4 + d1) - 1.95*(d2 + 1)"),
        ("2*sin(phi) + 2.5*cos(psi)*sin(chi)", "sin(chi)*cos(psi)*3 - 2*sin(phi)"),
        ("2/(r + s)", "1/(0.4*r + 0.5*s)"),
        ("sqrt(2*r)", "1.4*r**0.5"),
    ],
)
def test_the_same_up_to_algebra_and_numbers(one, other):
    assert terms(one) == terms(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("2.5*d1*d2", "2.5*d1*d2 + 0.1*d1"),
        ("2.5*d1*d2", "(2.52*d2 - 0.05*d1)*d1"),
        ("2.5*d1*d2", "2.5*d1*d2 - 0.03"),
        ("2.5*t2 - 0.7", "2.5*t1 - 0.7"),
        ("2.5*t2 - 0.7", "2.5*t2"),
        ("3*d1/r - 1", "3*d1/(r + 0.1) - 1"),
        ("3*d1/r - 1", "3*r/d1 - 1"),
        ("4*log(r/s)", "4*log(r/s) + 0.1"),
        ("4*log(r/s)", "4*log(r)"),
        ("4*log(r/s)", "4*log(r/(s + 1))"),
        ("1.5*exp(d1) - 2*d2 - 2", "1.5*exp(-d1) - 2*d2 - 2"),
        ("1.5*exp(d1) - 2*d2 - 2", "1.5*d1*exp(0.5*d1) - 2*d2 - 2"),
        ("sin(phi)", "cos(phi)"),
        ("sin(phi)", "sin(2*phi)"),
        ("d1**2", "d1"),
    ],
)
def test_not_the_same(one, other):
    assert terms(one) != terms(other)


def test_truths_are_what_the_page_says():
    assert len(TRUTHS) == 10 == len(descriptors().names)
    values = draw(POINTS, np.random.default_rng(1))
    twins = np.corrcoef([values[name] for name in TWINS])[np.triu_indices(3, 1)]
    # The error of a correlation of 0.9 is (1 - 0.81)/sqrt(4,000) = 0.003; four of them.
    np.testing.assert_allclose(twins, CORRELATION, atol=0.012)
    for truth in TRUTHS:
        q = np.asarray(evaluate(truth.text, values))
        assert np.isfinite(q).all()
        # Neither state takes nearly all shots, so that there is something to learn.
        assert 0.2 < (1 / (1 + np.exp(-q))).mean() < 0.8


def test_the_page_is_that_of_the_numbers():
    rows = json.loads((HERE / "formulas.json").read_text(encoding="utf-8"))
    page = (HERE / "formulas.md").read_text(encoding="utf-8")
    assert table([Result(**row) for row in rows]) == page


def test_engines_have_rows_of_their_own():
    one = Result("operon", "sum", "x", "1.01*x", True, 0.001, 20.0)
    page = table([one])
    assert page.count("| sum |") == 1
    assert page.index("## operon") < page.index("| sum |") < page.index("## pysr")
    assert page.endswith("## pysr\n\nnot run here\n")
    other = replace(one, engine="pysr", chosen="0.98*x", same_structure=False, seconds=80.0)
    page = table([one, other])
    mine, its = page.split("## pysr")
    assert "`1.01*x`" in mine
    assert "`1.01*x`" not in its
    assert "| slowest | at most 90 s | 80 s | kept |" in its
    assert "| same structure | at least 8 of 1 | 0 | MISSED |" in its
    assert "not run here" not in page


@pytest.mark.parametrize(("ready", "names"), [(True, ["operon", "pysr"]), (False, ["operon"])])
def test_the_engine_is_named_to_the_search(ready, names, monkeypatch):
    asked = []

    def learned(inputs, values, shots, settings, threads):
        asked.append(settings.formula.backend)
        raise StopIteration

    monkeypatch.setattr("benchmarks.formulas.run.learned", learned)
    for engine in engines(State(ready, "as the test says")):
        with pytest.raises(StopIteration):
            find(TRUTHS[0], 1, engine)
    assert asked == names
