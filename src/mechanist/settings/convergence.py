"""Section ``convergence`` of config.yaml: when sampling may stop."""

from pydantic import Field

from mechanist.settings.base import Section


class ConvergenceSettings(Section):
    """Limits of the convergence test; sampling stops when all of them are met."""

    heldout_gain: float = Field(
        0.003,
        ge=0,
        le=1,
        description="largest change of the loss of unseen chains from the round before, up or down,"
        " in nats per outcome, at which more shots no longer help; the test must be able to find"
        " twice this change with a chance of 90 %",
    )
    calibration_tolerance: float = Field(
        0.02,
        gt=0,
        le=0.5,
        description="error of predicted p_B that the calibration test tolerates in a bin, "
        "however many shots there are",
    )
    calibration_p: float = Field(
        0.01,
        ge=0,
        lt=1,
        description="smallest p-value at which the calibration test does not reject",
    )
    calibration_power: float = Field(
        0.1,
        gt=0,
        le=1,
        description="deviation of p_B at p_B = 1/2 that the calibration test must be able to find"
        " with a chance of 90 %; with too few shots to find it, the test has not passed",
    )
    transitions_power: float = Field(
        0.3,
        gt=0,
        le=10,
        description="relative deviation of the number of transitions that its test must be able to"
        " find with a chance of 90 %",
    )
    spread: float = Field(
        0.3,
        gt=0,
        le=10,
        description="largest mean error of q (one standard deviation: the spread over the "
        "ensemble, scaled by held-out chains) of path frames with |q| < 1; 0.3 in q is 0.07 in p_B",
    )
    rhat: float = Field(
        1.1,
        gt=1,
        le=10,
        description="largest nested R-hat over families of chains that descend from different "
        "guesses, of path lengths and of where paths cross q = 0",
    )
    independent_paths: int = Field(
        200, ge=1, le=10_000_000, description="smallest effective number of independent paths"
    )
    too_long: float = Field(
        0.02,
        ge=0,
        le=1,
        description="largest fraction of shots of which a half-shot was longer than"
        " dynamics.max_half_path; they are left out, which bends p_B towards the nearer state",
    )
    end_early: bool = Field(
        True,
        description="end the run after two or more rounds if so many shots are too long that"
        " `too_long` cannot be met within sampling.rounds_max, by the lower end of its 99 %"
        " interval; the report then says where these half-shots end up, and if that is an"
        " intermediate state, nothing is derived from the others",
    )
    exploded: float = Field(
        0.01,
        ge=0,
        le=1,
        description="largest fraction of shots with an exploded half-shot; they say nothing about "
        "p_B, and many of them would bias the model",
    )
    min_rounds: int = Field(2, ge=1, le=999, description="smallest number of rounds")
