"""The five answers at the head of the page: each is there, and is what the data of the run say."""

import html
import re
from dataclasses import replace

import numpy as np
import pytest

from mechanist.formula.expression import evaluate
from mechanist.report.load import load_report
from mechanist.report.page.answers import answers
from mechanist.report.page.checks import BAD, GOOD, OPEN
from mechanist.report.page.definitions import atom_labels
from tests.report.test_checks import FRESH as UNDECIDED
from tests.report.test_rates import RATES

FINE = {"calibration": "calibrated", "surface_spread": 0.07, "surface_spread_interval": [0.04, 0.1]}
FRESH = UNDECIDED | {"proof": UNDECIDED["proof"] | FINE}

PLACES = {"Molecule": "molecule", "Validation": "section-2", "Rates": "section-3"}


@pytest.fixture(scope="module")
def data(molecule):
    return load_report(molecule, molecule.rounds()[-1])


def row(data, key, converged=True):
    return {one.key: one for one in answers(data, converged, PLACES)}[key]


def shown(page):
    """Text of the answers on a page, by their ids."""
    rows = re.findall(r'<div id="answer-([\w-]+)">(.*?)</div>', page, re.DOTALL)
    plain = {key: re.sub(r"<[^>]+>", " ", text) for key, text in rows}
    return {key: " ".join(html.unescape(text).split()) for key, text in plain.items()}


@pytest.mark.parametrize("run", ["molecule", "potential"])
def test_all_five_stand_above_everything_but_the_formula(run, request):
    page = request.getfixturevalue(run).report.read_text(encoding="utf-8")
    found = shown(page)
    assert [*found] == ["atoms", "transition-state", "main-term", "trust", "rates"]
    assert all(len(text) > 15 for text in found.values())
    place = page.index('id="answer-atoms"')
    assert page.index('<div class="formula"') < place < page.index("<table")
    assert page.count("<figure", 0, place) == 0


def test_without_a_formula_there_are_none(bare):
    assert shown(bare.report.read_text(encoding="utf-8")) == {}


def test_atoms_are_those_of_the_descriptors(data, molecule):
    labels = atom_labels(molecule.topology)
    atoms = {i for d in data.formula_used.values() for i in d.atoms}
    text = shown(molecule.report.read_text(encoding="utf-8"))["atoms"]
    assert f"{len(atoms)} of {data.dynamics.atoms} atoms" in text
    assert {word.strip(",") for word in text.split()} >= {labels[i] for i in atoms}
    assert ("Molecule", "labelled structure") not in row(data, "atoms").links
    assert row(data, "atoms").links == (("molecule", "labelled structure"),)


def test_the_transition_state_is_where_q_is_0(data):
    """Means of the descriptors over frames with |q| < 1/2, of torsions those of directions."""
    terms, text = data.terms, row(data, "transition-state").text
    columns = dict(zip(terms.names, terms.values.T, strict=True))
    q = evaluate(data.formula["text"], columns)
    near = np.abs(q) < 0.5
    assert near.sum() >= 10
    for name, values in columns.items():
        assert data.formula_used[name].unit == "rad"
        direction = np.exp(1j * values[near]).mean()
        angle, spread = np.degrees(np.angle(direction)), np.sqrt(-2 * np.log(abs(direction)))
        if spread < np.radians(50):
            wanted = f"{angle:.0f}° ± {np.degrees(spread):.0f}°".replace("-", "\N{MINUS SIGN}")
            assert wanted in text
    assert row(data, "transition-state").scene == "ensemble"


def test_the_main_term_is_the_one_that_changes_q_most(data):
    terms = data.terms
    assert np.argmax(np.abs(terms.change)) == 0
    text = row(data, "main-term").text
    assert f"{terms.change[0]:+.1f}".replace("-", "\N{MINUS SIGN}") in text
    assert f"{terms.change.sum():+.1f}".replace("-", "\N{MINUS SIGN}") in text


def test_trust_follows_from_fresh_shots(data):
    fresh = replace(data, verdict=FRESH | {"formula_rmse": 0.072}, formula=stable(data, True))
    found = row(fresh, "trust")
    assert found.outcome == GOOD
    assert found.text.startswith("Confirmed by fresh shots: its p_B is calibrated")
    assert "RMS error of 0.07" in found.text
    own = FRESH["proof"]
    wrong = replace(fresh, verdict=FRESH | {"proof": own | {"calibration": "not calibrated"}})
    assert row(wrong, "trust").outcome == BAD
    assert "Contradicted by fresh shots: calibration slope" in row(wrong, "trust").text
    for change, words in (
        ({"verdict": None}, "Not tested"),
        ({"verdict": UNDECIDED}, "Fresh shots do not determine it: calibration slope"),
        ({"formula": stable(data, False)}, "resamples of the data choose other formulas"),
    ):
        found = row(replace(fresh, **change), "trust")
        assert found.outcome == OPEN
        assert words in found.text
    found = row(fresh, "trust", converged=False)
    assert found.outcome == OPEN
    assert "sampling has not converged" in found.text


def stable(data, how):
    return data.formula | {"stable": how}


def test_rates_are_usable_preliminary_or_not(data):
    kinetics = RATES | {"determined": True, "preliminary": False, "preliminary_reason": ""}
    found = row(replace(data, kinetics=kinetics), "rates")
    assert found.outcome == GOOD
    assert found.text.startswith("Usable: 1.10 × 10⁶ s⁻¹ from A to B (95 % interval 5.10 × 10⁵")
    assert "1.41 × 10¹⁰ s⁻¹ from B to A" in found.text
    early = kinetics | {"preliminary": True, "preliminary_reason": "R-hat 1.4"}
    found = row(replace(data, kinetics=early), "rates")
    assert found.outcome == OPEN
    assert found.text.startswith("Preliminary, R-hat 1.4: 1.10 × 10⁶")
    poor = {"determined": False, "reason": "only 3 shots joined A and B"}
    found = row(replace(data, kinetics=poor), "rates")
    assert found.outcome == BAD
    assert found.text == "Not usable: only 3 shots joined A and B."
    assert row(replace(data, kinetics=None), "rates").text == "Not computed."
