import dataclasses
import json

import numpy as np
import pytest

from mechanist.analysis.convergence.counts import ShotCounts
from mechanist.analysis.convergence.criteria import AssessmentInputs, apply_criteria
from mechanist.analysis.convergence.inertia import TransitionCheck
from mechanist.analysis.intermediates.dwelling import Escape
from mechanist.analysis.intermediates.intermediates import FLAT, STATE, Intermediates, Place
from mechanist.committor.calibration import CalibrationTest
from mechanist.committor.likelihood import LossChange
from mechanist.committor.uncertainty import ErrorScale
from mechanist.settings.convergence import ConvergenceSettings

SEEN = CalibrationTest(0.4, 0.02, 0.5, 0.01, 9, 0.06)
"""A test that could see deviations of 0.06 in p_B."""

COUNTS = ShotCounts(8000, 4000, 1900, 4000, 1000, 800.0, 0.22, 3, 0, 0, -0.2)


def good(**changes):
    rng = np.random.default_rng(21)
    inputs = AssessmentInputs(
        round=2,
        counts=COUNTS,
        heldout_loss=0.309,
        heldout_loss_se=0.004,
        gain=LossChange(0.0015, 0.001, 1.3),
        calibration=SEEN,
        spread=np.full(50, 0.2),
        lengths=[rng.normal(size=300) for _ in range(4)],
        crossings=[rng.normal(size=(300, 2)) for _ in range(4)],
        transitions=TransitionCheck(510, 500.0, 40.0, 60.0),
    )
    return dataclasses.replace(inputs, **changes)


def test_converged_when_every_criterion_is_met():
    result = apply_criteria(good(), ConvergenceSettings())
    assert result.converged
    assert result.reason == "all 9 criteria are met"
    assert all(criterion.passed for criterion in result.criteria.values())


def disagreeing():
    chains = [np.random.default_rng(22).normal(size=(300, 2)) for _ in range(4)]
    chains[0][:, 1] += 3
    return chains


FAULTS = {
    "heldout_gain": {"gain": LossChange(0.011, 0.001, 1.3)},
    "calibration": {"calibration": CalibrationTest(1e-5, 0.1, 0.5, 0.05, 9, 0.06)},
    "transitions": {"transitions": TransitionCheck(560, 500.0, 40.0, 60.0)},
    "spread": {"spread": np.full(50, 0.5)},
    "rhat": {"crossings": disagreeing()},
    "independent_paths": {"lengths": [np.arange(40) % 5.0 for _ in range(4)]},
    "too_long": {"counts": dataclasses.replace(COUNTS, too_long=COUNTS.shots // 40)},
    "exploded": {"counts": dataclasses.replace(COUNTS, exploded=COUNTS.shots // 50)},
    "rounds": {"round": 0},
}


@pytest.mark.parametrize("name", FAULTS)
def test_each_criterion_can_fail_and_is_named(name):
    result = apply_criteria(good(**FAULTS[name]), ConvergenceSettings())
    assert not result.converged
    assert not result.criteria[name].passed
    assert name in result.reason
    assert "\n" not in result.reason


def test_a_loss_that_rises_does_not_pass():
    rising = apply_criteria(good(gain=LossChange(-0.011, 0.001, 1.3)), ConvergenceSettings())
    criterion = rising.criteria["heldout_gain"]
    assert (criterion.value, criterion.passed) == (0.011, False)
    assert criterion.explanation.startswith("rise")


@pytest.mark.parametrize(("kind", "only"), [(STATE, True), (FLAT, False)])
def test_a_run_that_is_hopeless_has_ended_and_says_where_its_shots_end(kind, only):
    place = Place(kind, 0.9, [], 0.2, "a place")
    found = Intermediates([place], 100, Escape(3.0, 2.0, 4.0), "a place near x = 1.0 nm")
    many = dataclasses.replace(COUNTS, too_long=COUNTS.shots // 2)
    inputs = good(counts=many, intermediates=found, hopeless="50 % of the shots were too long")
    result = apply_criteria(inputs, ConvergenceSettings())
    assert "too_long 0.5 (needs at most 0.02; a place near x = 1.0 nm)" in result.reason
    content = json.loads(json.dumps(result.to_json()))
    assert content["ended"] == "50 % of the shots were too long"
    assert content["sampling_only"] is only
    assert content["intermediates"]["places"][0]["kind"] == kind
    # A limit that is met ends nothing.
    met = apply_criteria(good(hopeless=None), ConvergenceSettings()).to_json()
    assert (met["ended"], met["sampling_only"], met["intermediates"]) == (None, False, None)


def test_shots_that_are_too_long_are_told_with_what_to_set():
    result = apply_criteria(good(**FAULTS["too_long"]), ConvergenceSettings())
    assert "too_long 0.025 (needs at most 0.02" in result.reason
    assert "set dynamics.max_half_path of system.yaml higher" in result.reason


BLIND = {
    "heldout_gain": {"gain": LossChange(0.0, 0.004, 1.3)},
    "calibration": {"calibration": dataclasses.replace(SEEN, power=0.13)},
    "transitions": {"transitions": TransitionCheck(500, 500.0, 140.0, 160.0)},
    "too_long": {"counts": dataclasses.replace(COUNTS, shots=50, too_long=0)},
}


@pytest.mark.parametrize("name", BLIND)
def test_a_criterion_without_power_does_not_pass_and_says_what_it_cannot_see(name):
    result = apply_criteria(good(**BLIND[name]), ConvergenceSettings())
    criterion = result.criteria[name]
    assert criterion.value is not None
    assert criterion.power > criterion.power_limit
    assert not criterion.passed
    assert f"{name} cannot see deviations below {criterion.power:.2g}" in result.reason
    assert "needs more chains or shots" in criterion.explanation


def test_limits_of_power_are_those_of_the_settings():
    blind = good(**BLIND["calibration"])
    assert not apply_criteria(blind, ConvergenceSettings()).converged
    assert apply_criteria(blind, ConvergenceSettings(calibration_power=0.2)).converged


def test_calibration_that_nobody_can_judge_does_not_pass_and_says_why():
    nothing = CalibrationTest(1.0, 0.0, 0.5, 0.0, 0, float("inf"))
    result = apply_criteria(good(calibration=nothing), ConvergenceSettings())
    criterion = result.criteria["calibration"]
    assert (criterion.value, criterion.passed, criterion.power) == (None, False, None)
    assert "cannot see any deviation" in criterion.explanation
    assert "calibration unknown (needs at least 0.01)" in result.reason


def test_a_rejected_calibration_fails_however_small_its_mean_error():
    # The test of calibration lets pass what is within the tolerance in each window by itself.
    wrong = CalibrationTest(1e-6, 0.05, 0.5, 0.015, 9, 0.03)
    result = apply_criteria(good(calibration=wrong), ConvergenceSettings())
    criterion = result.criteria["calibration"]
    assert (criterion.value, criterion.limit, criterion.passed) == (1e-6, 0.01, False)
    assert "off by 0.015" in criterion.explanation


def test_the_scale_of_the_error_is_shown():
    scale = ErrorScale(0.02, 0.01, 5, 1e-4, 2e-4, 0.8)
    content = apply_criteria(good(error=scale), ConvergenceSettings()).to_json()
    assert content["error_scale"] == dataclasses.asdict(scale)


def test_limits_are_those_of_the_settings():
    loose = ConvergenceSettings(heldout_gain=0.5, rhat=9, spread=9, independent_paths=1)
    inputs = good(
        gain=LossChange(0.09, 0.001, 1.3), crossings=disagreeing(), spread=np.full(5, 2.0)
    )
    assert not apply_criteria(inputs, ConvergenceSettings()).converged
    assert apply_criteria(inputs, loose).converged


def test_what_is_unknown_never_passes_and_stays_json():
    inputs = good(
        gain=None,
        calibration=CalibrationTest(1.0, 0.0, 0.5, 0.0, 0, float("inf")),
        heldout_loss_se=float("nan"),
        spread=np.empty(0),
        lengths=[],
        crossings=[],
        transitions=None,
    )
    result = apply_criteria(inputs, ConvergenceSettings())
    unmet = {name for name, criterion in result.criteria.items() if not criterion.passed}
    known = {"too_long", "exploded", "rounds"}
    assert unmet == set(result.criteria) - known
    content = json.loads(json.dumps(result.to_json(), allow_nan=False))
    assert content["criteria"]["rhat"]["value"] is None
    assert content["heldout_loss_se"] is None
    assert content["transitions_expected"] == 800.0


def test_chains_stuck_at_different_values_give_no_number_but_fail():
    inputs = good(lengths=[np.full(50, 20.0), np.full(50, 30.0)])
    criterion = apply_criteria(inputs, ConvergenceSettings()).criteria["rhat"]
    assert criterion.value is None
    assert not criterion.passed


def test_what_chains_disagree_on_is_named():
    result = apply_criteria(
        good(crossings=disagreeing(), crossing_names=("phi", "r_old, r_new")),
        ConvergenceSettings(),
    )
    said = result.criteria["rhat"].explanation
    assert said == "largest nested R-hat over families, of crossing coordinate 2 (r_old, r_new)"
