"""Badges and checks by fresh shots say what verdict.json, formula.json and kinetics.json say."""

from dataclasses import replace

import pytest

from mechanist.report.load import load_report
from mechanist.report.page.checks import BAD, GOOD, OPEN, badges, checks
from mechanist.report.page.tables import unit_text


@pytest.fixture(scope="module")
def data(molecule):
    return load_report(molecule, molecule.rounds()[-1])


def test_badges_of_sampling_formula_and_rates(data):
    plain = replace(data, formula=None, kinetics=None)
    assert badges(plain, True) == [("sampling converged", GOOD)]
    assert badges(plain, False) == [("sampling not converged", BAD)]

    def of_formula(**content):
        return badges(replace(plain, formula=content), True)[1]

    assert of_formula(stable=True, descriptors=["x"]) == ("formula stable", GOOD)
    # Resamples of a few paths that hardly differ agree, too.
    early = replace(plain, formula={"stable": True, "descriptors": ["x"]})
    assert badges(early, False)[1] == ("formula preliminary", OPEN)
    assert of_formula(stable=False, descriptors=["x"]) == ("no stable formula", BAD)
    assert of_formula(stable=False, descriptors=[]) == ("no formula beats a constant", BAD)

    def of_rates(**content):
        return badges(replace(plain, kinetics=content), True)[1]

    assert of_rates(determined=False) == ("rates not determined", BAD)
    assert of_rates(determined=True, preliminary=True) == ("rates preliminary", OPEN)
    assert of_rates(determined=True, preliminary=False) == ("rates determined", GOOD)


FRESH = {
    "points": 60,
    "network_calibration": "calibrated",
    "network_slope": 0.99,
    "network_slope_interval": [0.93, 1.05],
    "network_shift": -0.01,
    "network_shift_interval": [-0.06, 0.07],
    "proof": {
        "calibration": "not determined",
        "slope": 1.15,
        "slope_interval": [1.03, 1.28],
        "shift": -0.05,
        "shift_interval": [-0.22, 0.09],
        "surface_mean": 0.5,
        "surface_mean_interval": [0.47, 0.53],
        "surface_spread": 0.16,
        "surface_spread_interval": [0.1, 0.2],
    },
}


def test_checks_have_numbers_limits_and_outcomes(data):
    rows = {one.question: one for one in checks(replace(data, verdict=FRESH))}
    assert [one.outcome for one in rows.values()] == [GOOD, GOOD, OPEN, OPEN, GOOD, OPEN]
    shift = rows["calibration offset in q of the network"]
    assert (shift.value, shift.wanted, shift.mark) == ("−0.01 (−0.060 to 0.070)", "0", "✓")
    contradicted = FRESH | {"network_calibration": "not calibrated"}
    found = checks(replace(data, verdict=contradicted))
    assert [one.outcome for one in found[:2]] == [BAD, BAD]
    flat = {**FRESH["proof"], "surface_spread": 0.3, "surface_spread_interval": [0.25, 0.35]}
    assert checks(replace(data, verdict=FRESH | {"proof": flat}))[-1].outcome == BAD
    assert checks(replace(data, verdict=None)) == []
    assert checks(replace(data, verdict=FRESH | {"points": 0})) == []


def test_units_are_typeset():
    assert unit_text("nm^-1 rad^2") == "nm⁻¹ rad²"
    assert unit_text("nm") == "nm"
