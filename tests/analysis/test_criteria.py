import dataclasses
import json

import numpy as np
import pytest

from mechanist.analysis.convergence.counts import ShotCounts
from mechanist.analysis.convergence.criteria import AssessmentInputs, apply_criteria
from mechanist.analysis.convergence.inertia import TransitionCheck
from mechanist.committor.uncertainty import ErrorScale
from mechanist.settings.convergence import ConvergenceSettings

COUNTS = ShotCounts(8000, 4000, 1900, 4000, 1000, 800.0, 0.22, 3, 0, 0, -0.2)


def good(**changes):
    rng = np.random.default_rng(21)
    inputs = AssessmentInputs(
        round=2,
        counts=COUNTS,
        heldout_loss=0.309,
        heldout_loss_se=0.004,
        previous_loss=0.3105,
        calibration_p=0.4,
        calibration_error=0.01,
        spread=np.full(50, 0.2),
        lengths=[rng.normal(size=300) for _ in range(4)],
        crossings=[rng.normal(size=(300, 2)) for _ in range(4)],
        transitions=TransitionCheck(510, 500.0, 40.0),
    )
    return dataclasses.replace(inputs, **changes)


def test_converged_when_every_criterion_is_met():
    result = apply_criteria(good(), ConvergenceSettings())
    assert result.converged
    assert result.reason == "all 8 criteria are met"
    assert all(criterion.passed for criterion in result.criteria.values())


def disagreeing():
    chains = [np.random.default_rng(22).normal(size=(300, 2)) for _ in range(4)]
    chains[0][:, 1] += 3
    return chains


FAULTS = {
    "heldout_gain": {"previous_loss": 0.32},
    "calibration": {"calibration_p": 1e-5, "calibration_error": 0.05},
    "transitions": {"transitions": TransitionCheck(560, 500.0, 40.0)},
    "spread": {"spread": np.full(50, 0.5)},
    "rhat": {"crossings": disagreeing()},
    "independent_paths": {"lengths": [np.arange(40) % 5.0 for _ in range(4)]},
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


def test_calibration_that_nobody_can_judge_does_not_pass_and_says_why():
    result = apply_criteria(good(calibration_p=None, calibration_error=None), ConvergenceSettings())
    criterion = result.criteria["calibration"]
    assert (criterion.value, criterion.passed) == (None, False)
    assert "too few held-out shots" in criterion.explanation
    assert "calibration unknown (needs at least 0.01)" in result.reason


def test_a_rejected_calibration_fails_however_small_its_mean_error():
    # The test of calibration lets pass what is within the tolerance in each bin by itself.
    result = apply_criteria(
        good(calibration_p=1e-6, calibration_error=0.015), ConvergenceSettings()
    )
    criterion = result.criteria["calibration"]
    assert (criterion.value, criterion.limit, criterion.passed) == (1e-6, 0.01, False)
    assert "off by 0.015" in criterion.explanation


def test_the_scale_of_the_error_is_shown():
    scale = ErrorScale(0.02, 1.4, 1e-4, 2e-4, 0.8)
    content = apply_criteria(good(error=scale), ConvergenceSettings()).to_json()
    assert content["error_scale"] == dataclasses.asdict(scale)


def test_limits_are_those_of_the_settings():
    loose = ConvergenceSettings(heldout_gain=0.5, rhat=9, spread=9, independent_paths=1)
    inputs = good(previous_loss=0.4, crossings=disagreeing(), spread=np.full(5, 2.0))
    assert not apply_criteria(inputs, ConvergenceSettings()).converged
    assert apply_criteria(inputs, loose).converged


def test_what_is_unknown_never_passes_and_stays_json():
    inputs = good(
        previous_loss=None,
        calibration_p=None,
        calibration_error=None,
        heldout_loss_se=float("nan"),
        spread=np.empty(0),
        lengths=[],
        crossings=[],
        transitions=None,
    )
    result = apply_criteria(inputs, ConvergenceSettings())
    unmet = {name for name, criterion in result.criteria.items() if not criterion.passed}
    known = {"exploded", "rounds"}
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
