"""What the page says of the terms of the formula is true of it on the frames of the run."""

import re
from dataclasses import replace

import numpy as np
import pytest

from mechanist.formula.expression import evaluate, parse
from mechanist.report.load import load_report
from mechanist.report.page.three import three_formulas
from mechanist.report.terms import make_terms, sentences
from mechanist.sampling.records.tables import read_paths
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from tests.report.kinds import PHI, PSI, THETA


@pytest.fixture(scope="module")
def data(molecule):
    return load_report(molecule, molecule.rounds()[-1])


@pytest.fixture(scope="module")
def table(molecule, data):
    return read_paths(molecule.paths.paths, molecule.paths.index, data.dynamics.atoms)


USED = DescriptorSet((PHI, PSI, THETA))


@pytest.mark.parametrize(
    "text",
    [
        "1.5 + 2*sin(phi) - 3*theta",
        "(1 + 2*phi)*(theta - psi)/3",
        "4 - exp(-phi) + phi*theta - 0.5*psi**2",
        "2*phi",
    ],
)
def test_terms_add_up_and_signs_are_those_of_finite_differences(text, table):
    frames = table.frames[::7]
    used = USED.select([name for name in USED.names if name in text])
    terms = make_terms(text, used, table, frames)
    values = dict(zip(used.names, used.values(frames).T, strict=True))
    whole = np.broadcast_to(evaluate(text, values), len(frames))
    rest = whole - terms.along.sum(axis=1)
    constant = float(parse(text).as_coeff_Add()[0])
    np.testing.assert_allclose(rest, constant, atol=1e-9)
    for name in used.names:
        step = 1e-6
        up = evaluate(text, values | {name: values[name] + step})
        rise = up - whole
        expected = 1 if (rise > 0).all() else -1 if (rise < 0).all() else 0
        assert terms.signs[name] == expected, name
    first = table.index["first_frame"]
    ends = [table.frames[first], table.frames[first + table.index["frames"] - 1]]
    q = [evaluate(text, dict(zip(used.names, used.values(f).T, strict=True))) for f in ends]
    mean = np.average(q[1] - q[0], weights=table.index["weight"])
    assert terms.change.sum() == pytest.approx(mean)
    assert list(np.abs(terms.change)) == sorted(np.abs(terms.change), reverse=True)


def test_a_formula_without_descriptors_has_no_terms(table):
    assert make_terms("1.5", DescriptorSet(()), table, table.frames) is None


def test_the_sentences(table):
    frames = table.frames
    terms = make_terms("3*phi - 5*theta", USED.select(["phi", "theta"]), table, frames)
    one, two = sentences(terms)
    assert one == "On the transition paths, q rises with φ and falls with θ."
    total = f"{terms.change.sum():+.1f}".replace("-", "−")
    assert two.startswith(f"From A to B q changes by {total}: the term in φ by +")
    both = sentences(replace(terms, signs={"phi": 0, "theta": 0}))[0]
    assert both == "On the transition paths, q rises or falls, depending on where, with φ and θ."
    single = make_terms("3*phi", USED.select(["phi"]), table, frames)
    assert re.fullmatch(r"From A to B it changes by \+\d\.\d\.", sentences(single)[1])


def test_three_formulas_side_by_side(data):
    cards = three_formulas(data)
    assert 2 <= len(cards) <= 3
    assert sum("(chosen)" in card.title for card in cards) == 1
    assert [int(card.size) for card in cards] == sorted(int(card.size) for card in cards)
    chosen = next(card for card in cards if "(chosen)" in card.title)
    assert chosen.text == data.formula["text"]
    least = min(float(row["heldout_loss"]) for row in data.formulas)
    exact = next(card for card in cards if "Most exact" in card.title)
    assert float(exact.loss.split()[0]) == pytest.approx(least, abs=1e-4)
    rows = [row for row in data.formulas if row["chosen"] == "true"]
    assert three_formulas(replace(data, formulas=rows)) == []


def test_the_page_says_it(molecule, data):
    page = molecule.report.read_text(encoding="utf-8")
    assert f'<p class="why">{" ".join(sentences(data.terms))}</p>' in page
    assert page.count('class="card"') == len(three_formulas(data))
    for name in ("terms", "descriptors"):
        assert f'<figure id="{name}"' in page
