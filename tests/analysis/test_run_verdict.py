"""Fresh shots have the last word."""

import pytest

from mechanist.analysis.convergence.verdict import combine

GOOD = {"converged": True, "reason": "all 9 criteria are met", "criteria": {
    "too_long": {"limit": 0.02}}}  # fmt: skip
FRESH = {
    "points": 120,
    "too_long": 0.001,
    "network_calibration": "calibrated",
    "network_p": 0.4,
    "network_slope": 1.0,
    "network_slope_interval": [0.95, 1.05],
    "network_shift": 0.0,
    "network_shift_interval": [-0.05, 0.05],
    "proof": {
        "calibration": "calibrated",
        "slope": 1.0,
        "slope_interval": [0.9, 1.1],
        "shift": 0.0,
        "shift_interval": [-0.1, 0.1],
    },
}


def test_criteria_and_fresh_shots_agree():
    assert combine(GOOD).converged
    found = combine(GOOD, FRESH, {"problems": []})
    assert (found.converged, found.status, found.reasons) == (True, "converged", ())


CONTRADICTIONS = {
    "contradict the network": {"network_calibration": "not calibrated"},
    "contradict the network: ": {"network_p": 1e-5},
    "contradict the formula": {"proof": FRESH["proof"] | {"calibration": "not calibrated"}},
    "max_half_path": {"too_long": 0.2},
    "no validation point": {"points": 0, "network_p": None, "network_slope": None},
}


@pytest.mark.parametrize("words", CONTRADICTIONS)
def test_a_run_that_its_fresh_shots_contradict_is_not_converged(words):
    found = combine(GOOD, FRESH | CONTRADICTIONS[words])
    assert not found.converged
    assert words in "; ".join(found.reasons)


def test_a_contradicted_run_says_how_to_sample_on():
    wrong = FRESH | {"network_calibration": "not calibrated"}
    told = combine(GOOD | {"round": 3}, wrong).reasons[-1]
    assert told.endswith(
        "; to sample on, set convergence.min_rounds: 5 (and sampling.rounds_max, if it is less) and"
        " run again: shots and rounds so far are kept"
    )
    # Criteria that are open go on by themselves.
    open_ = GOOD | {"round": 3, "converged": False, "reason": "not yet: rhat 2"}
    assert not any("sample on" in reason for reason in combine(open_, wrong).reasons)


def test_what_is_not_determined_is_said():
    found = combine(GOOD, FRESH | {"network_calibration": "not determined"})
    assert found.converged
    assert found.remarks == ("fresh shots do not determine whether the network is calibrated",)


def test_open_criteria_and_channels_count():
    found = combine(GOOD | {"converged": False, "reason": "not yet: rhat 2"}, FRESH)
    assert found.reasons == ("rhat 2",)
    assert not combine(GOOD, FRESH, {"problems": ["one channel was never left"]}).converged
