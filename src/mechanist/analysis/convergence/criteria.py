"""Criteria of the convergence test: each figure beside its limit.

All must pass. A figure that is unknown, because there are too few data for it, has not passed.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mechanist.analysis.channels.channels import Channels
from mechanist.analysis.convergence.agreement import Start, fewest_paths, least_agreement
from mechanist.analysis.convergence.counts import ShotCounts
from mechanist.analysis.convergence.criterion import (
    Criterion,
    at_least,
    at_most,
    finite,
    share_at_most,
)
from mechanist.analysis.convergence.inertia import TransitionCheck
from mechanist.analysis.intermediates.intermediates import Intermediates
from mechanist.arrays import Array
from mechanist.committor.calibration import CalibrationTest
from mechanist.committor.likelihood import LossChange
from mechanist.committor.uncertainty import ErrorScale
from mechanist.sampling.families import Families
from mechanist.settings.convergence import ConvergenceSettings

ONE_GUESS = "from one guess"
"""Said of a run whose chains all descend from one guess: a channel may have been missed."""

GAIN_POWER = 2
"""Changes of the loss of so many times the limit must be found with a chance of 90 %."""


@dataclass(frozen=True)
class AssessmentInputs:
    """Figures that the criteria are judged by.

    Attributes
    ----------
    round
        Number of the round, from 0.
    counts
        Shots so far, see `mechanist.analysis.convergence.counts.count_shots`.
    heldout_loss, heldout_loss_se
        Binomial loss of the model of this round on held-out chains, nats per half-shot outcome, and
        its standard error (None if unknown).
    gain
        Fall of the loss of unseen chains since the previous round on the same outcomes, since
        losses on different shots differ by more than the models do. None in round 0.
    calibration
        Test that outcomes of unseen chains follow the predictions within the tolerance.
    spread
        (F,) standard deviation of the error of q at path frames with |q| < 1: the spread of the
        ensemble, scaled by held-out chains (`mechanist.committor.uncertainty`).
    transitions
        Transitions of unseen chains against those expected; None if there are too few shots.
    error
        Scale of the error of the model.
    lengths
        Path lengths along each chain, see `mechanist.analysis.convergence.chains.chain_series`.
    crossings
        (moves, C) coordinates along each chain of where paths cross q = 0.
    crossing_names
        Features that each of these follows, for the reader; none if unknown.
    start
        Families of the same chains; None: each chain is a family of its own.
    channels
        Groups of the paths by where they run.
    intermediates
        Where half-shots were that were too long; None while few are.
    hopeless
        Why more rounds cannot meet the limit on these; None if they may.
    """

    round: int
    counts: ShotCounts
    heldout_loss: float
    heldout_loss_se: float | None
    gain: LossChange | None
    calibration: CalibrationTest
    spread: Array
    lengths: Sequence[Array]
    crossings: Sequence[Array]
    transitions: TransitionCheck | None
    error: ErrorScale | None = None
    start: Start | None = None
    channels: Channels | None = None
    intermediates: Intermediates | None = None
    hopeless: str | None = None
    crossing_names: Sequence[str] = ()


@dataclass(frozen=True)
class Assessment:
    """Outcome of the test of one round.

    ``ended`` says why the rounds end without having converged, None if they go on.
    """

    round: int
    counts: ShotCounts
    heldout_loss: float | None
    heldout_loss_se: float | None
    criteria: dict[str, Criterion]
    converged: bool
    reason: str
    error: ErrorScale | None = None
    families: int = 1
    channels: Channels | None = None
    intermediates: Intermediates | None = None
    ended: str | None = None

    @property
    def sampling_only(self) -> bool:
        """Whether nothing is to be derived from shots most of which end in an intermediate state.

        Those that are left say where else they go, which is another question. On a flat stretch,
        p_B with bounds that count half-shots that were too long either way has a meaning.
        """
        found = self.intermediates
        return self.ended is not None and found is not None and found.has_state

    def to_json(self) -> dict[str, Any]:
        """Content of assessment.json; counts stand at the top level, no value is NaN."""
        return {
            "round": self.round,
            **{key: finite(value) for key, value in asdict(self.counts).items()},
            "heldout_loss": self.heldout_loss,
            "heldout_loss_se": self.heldout_loss_se,
            "error_scale": None if self.error is None else asdict(self.error),
            "criteria": {name: asdict(criterion) for name, criterion in self.criteria.items()},
            "families": self.families,
            "channels": None if self.channels is None else self.channels.to_json(),
            "intermediates": None if self.intermediates is None else self.intermediates.to_json(),
            "ended": self.ended,
            "sampling_only": self.sampling_only,
            "converged": self.converged,
            "reason": self.reason,
        }


def _gain(inputs: AssessmentInputs, settings: ConvergenceSettings) -> Criterion:
    """A rise of the loss is as suspicious as a fall: the model still changes."""
    gain = inputs.gain
    if gain is None:
        text = "change of the loss of unseen chains since the previous round (no previous round)"
        return at_most(None, settings.heldout_gain, text)
    side = "fall" if gain.fall >= 0 else "rise"
    text = (
        f"{side} of the loss of unseen chains since the previous round, nats per outcome"
        f" (standard error {gain.error:.2g})"
    )
    made = at_most(abs(gain.fall), settings.heldout_gain, text)
    power = settings.heldout_gain + gain.found * gain.error
    return made.seeing(power, GAIN_POWER * settings.heldout_gain, "nats per outcome")


def _calibration(inputs: AssessmentInputs, settings: ConvergenceSettings) -> Criterion:
    """By p-value: the null hypothesis of the test includes deviations within the tolerance."""
    test = inputs.calibration
    size = f"off by {test.rms_deviation:.3f}" if test.rms_deviation >= 5e-4 else "not off"
    text = f"p-value of the calibration test on unseen chains (p_B {size} beyond counting noise)"
    made = at_least(test.p_value if test.windows else None, settings.calibration_p, text)
    return made.seeing(test.power, settings.calibration_power, "p_B at p_B = 1/2")


def _transitions(inputs: AssessmentInputs, settings: ConvergenceSettings) -> Criterion:
    """The difference relative to the expected number, beside the largest that is allowed."""
    check = inputs.transitions
    text = "transitions of unseen chains, relative difference from the expected number"
    unit = "relative difference"
    if check is None or check.expected <= 0:
        unknown = at_most(None, 0.0, text + ": too few shots, therefore not passed")
        return unknown.seeing(None, settings.transitions_power, unit)
    off = abs(check.observed - check.expected) / check.expected
    text += f" (observed {check.observed:,}, expected {check.expected:,.0f})"
    made = at_most(off, check.allowed / check.expected, text)
    return made.seeing(check.power / check.expected, settings.transitions_power, unit)


def _series(inputs: AssessmentInputs) -> dict[str, list[Array]]:
    """The scalar series that chains are compared by."""
    series = {"path length": list(inputs.lengths)}
    for i in range(inputs.crossings[0].shape[1] if inputs.crossings else 0):
        follows = inputs.crossing_names[i] if inputs.crossing_names else ""
        name = f"crossing coordinate {i + 1}" + (f" ({follows})" if follows else "")
        series[name] = [np.asarray(chain[:, i]) for chain in inputs.crossings]
    return series


def _chains(inputs: AssessmentInputs, settings: ConvergenceSettings) -> dict[str, Criterion]:
    """Agreement of the chains, and the number of independent paths."""
    series = _series(inputs)
    chain = np.arange(len(inputs.lengths))
    start = inputs.start or Start.of(chain, Families(np.arange(max(1, len(chain)))))
    worst, fewest = least_agreement(series, start), fewest_paths(series, start)
    return {
        "rhat": at_most(worst.value, settings.rhat, worst.text),
        "independent_paths": at_least(fewest.value, settings.independent_paths, fewest.text),
    }


BENT = "they bend p_B, so set dynamics.max_half_path of system.yaml higher"


def _shares(inputs: AssessmentInputs, settings: ConvergenceSettings) -> dict[str, Criterion]:
    """Shots that say nothing about p_B where they end, or bend it."""
    counts, found = inputs.counts, inputs.intermediates
    total = counts.shots
    too_long = share_at_most(
        counts.too_long,
        total,
        settings.too_long,
        f"share of shots of which a half was too long ({counts.too_long:,} of {total:,})",
        BENT if found is None else found.text,
    )
    exploded = share_at_most(
        counts.exploded, total, settings.exploded, "share of shots of which a half exploded"
    )
    return {"too_long": too_long, "exploded": exploded}


def _reason(criteria: dict[str, Criterion], converged: bool, one_guess: bool) -> str:
    if converged:
        return f"all {len(criteria)} criteria are met" + (f", {ONE_GUESS}" if one_guess else "")
    failed = (each.failure(name) for name, each in criteria.items() if not each.passed)
    return "not yet: " + ", ".join(failed)


def apply_criteria(inputs: AssessmentInputs, settings: ConvergenceSettings) -> Assessment:
    """Compare every figure with its limit.

    Returns
    -------
    Assessment
        Converged if all criteria pass; ``reason`` is one line.
    """
    spread = float(inputs.spread.mean()) if len(inputs.spread) else None
    criteria = {
        "heldout_gain": _gain(inputs, settings),
        "calibration": _calibration(inputs, settings),
        "transitions": _transitions(inputs, settings),
        "spread": at_most(
            spread,
            settings.spread,
            "mean error of q at path frames with |q| < 1, by the ensemble and held-out chains",
        ),
        **_chains(inputs, settings),
        **_shares(inputs, settings),
        "rounds": at_least(inputs.round + 1, settings.min_rounds, "completed rounds"),
    }
    converged = all(criterion.passed for criterion in criteria.values())
    one_guess = inputs.start is not None and inputs.start.families == 1
    return Assessment(
        round=inputs.round,
        counts=inputs.counts,
        heldout_loss=finite(inputs.heldout_loss),
        heldout_loss_se=finite(inputs.heldout_loss_se),
        criteria=criteria,
        converged=converged,
        reason=_reason(criteria, converged, one_guess),
        families=1 if inputs.start is None else inputs.start.families,
        channels=inputs.channels,
        intermediates=inputs.intermediates,
        ended=None if converged else inputs.hopeless,
        error=inputs.error,
    )
