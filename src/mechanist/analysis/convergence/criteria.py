"""Criteria of the convergence test: each figure beside its limit.

All must pass. A figure that is unknown, because there are too few data for it, has not passed.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mechanist.analysis.convergence.counts import ShotCounts
from mechanist.analysis.convergence.inertia import TransitionCheck
from mechanist.arrays import Array
from mechanist.committor.uncertainty import ErrorScale
from mechanist.settings.convergence import ConvergenceSettings
from mechanist.statistics.effective_samples import effective_samples
from mechanist.statistics.rhat import split_rhat


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
    previous_loss
        Loss of the model of the previous round on the same outcomes, since losses on different
        shots differ by more than the models do. None in round 0.
    calibration_p
        P-value of the test that held-out outcomes follow the predictions within the tolerance.
    calibration_error
        Root mean square of predicted minus observed p_B over bins, beyond counting noise. Both are
        None if there are too few held-out shots.
    spread
        (F,) standard deviation of the error of q at path frames with |q| < 1: the spread of the
        ensemble, scaled by held-out chains (`mechanist.committor.uncertainty`).
    transitions
        Transitions of held-out shots against those expected; None if too few chains are held out.
    error
        Scale of the error of the model.
    lengths
        Path lengths along each chain, see `mechanist.analysis.convergence.chains.chain_series`.
    crossings
        (moves, C) coordinates along each chain of where paths cross q = 0.
    """

    round: int
    counts: ShotCounts
    heldout_loss: float
    heldout_loss_se: float | None
    previous_loss: float | None
    calibration_p: float | None
    calibration_error: float | None
    spread: Array
    lengths: Sequence[Array]
    crossings: Sequence[Array]
    transitions: TransitionCheck | None
    error: ErrorScale | None = None


@dataclass(frozen=True)
class Criterion:
    """One figure of the test beside its limit."""

    value: float | None
    limit: float
    passed: bool
    direction: str
    """``"at most"`` or ``"at least"``: how the value stands to the limit when it passes."""
    explanation: str


@dataclass(frozen=True)
class Assessment:
    """Outcome of the test of one round."""

    round: int
    counts: ShotCounts
    heldout_loss: float | None
    heldout_loss_se: float | None
    criteria: dict[str, Criterion]
    converged: bool
    reason: str
    error: ErrorScale | None = None

    def to_json(self) -> dict[str, Any]:
        """Content of assessment.json; counts stand at the top level, no value is NaN."""
        return {
            "round": self.round,
            **{key: finite(value) for key, value in asdict(self.counts).items()},
            "heldout_loss": self.heldout_loss,
            "heldout_loss_se": self.heldout_loss_se,
            "error_scale": None if self.error is None else asdict(self.error),
            "criteria": {name: asdict(criterion) for name, criterion in self.criteria.items()},
            "converged": self.converged,
            "reason": self.reason,
        }


def finite(value: float | None) -> float | None:
    """``value``, or None if it is NaN or infinite, for which JSON has no notation."""
    return value if value is not None and np.isfinite(value) else None


def at_most(value: float | None, limit: float, explanation: str) -> Criterion:
    """Passes when ``value`` is a number no larger than ``limit``."""
    known = finite(value)
    return Criterion(known, limit, known is not None and known <= limit, "at most", explanation)


def at_least(value: float | None, limit: float, explanation: str) -> Criterion:
    """Passes when ``value`` is a number no smaller than ``limit``."""
    known = finite(value)
    return Criterion(known, limit, known is not None and known >= limit, "at least", explanation)


def _gain(inputs: AssessmentInputs, settings: ConvergenceSettings) -> Criterion:
    known = inputs.previous_loss is not None
    gain = inputs.previous_loss - inputs.heldout_loss if inputs.previous_loss is not None else None
    text = "decrease of the held-out loss since the previous round, nats per outcome"
    return at_most(gain, settings.heldout_gain, text if known else text + " (no previous round)")


def _calibration(inputs: AssessmentInputs, settings: ConvergenceSettings) -> Criterion:
    """By p-value: the null hypothesis of the test includes deviations within the tolerance."""
    p, error = finite(inputs.calibration_p), finite(inputs.calibration_error)
    if p is None or error is None:
        text = "p-value of the calibration test: too few held-out shots, therefore not passed"
        return at_least(None, settings.calibration_p, text)
    size = f"off by {error:.3f}" if error >= 5e-4 else "not off"
    text = f"p-value of the calibration test on held-out shots (p_B {size} beyond counting noise)"
    return at_least(p, settings.calibration_p, text)


def _transitions(inputs: AssessmentInputs) -> Criterion:
    """The difference relative to the expected number, beside the largest that is allowed."""
    check = inputs.transitions
    text = "transitions of held-out shots, relative difference from the expected number"
    if check is None or check.expected <= 0:
        return at_most(None, 0.0, text + ": too few held-out chains, therefore not passed")
    off = abs(check.observed - check.expected) / check.expected
    text += f" (observed {check.observed:,}, expected {check.expected:,.0f})"
    return at_most(off, check.allowed / check.expected, text)


def _series(inputs: AssessmentInputs) -> dict[str, list[Array]]:
    """The scalar series that chains are compared by."""
    series = {"path length": list(inputs.lengths)}
    for i in range(inputs.crossings[0].shape[1] if inputs.crossings else 0):
        name = f"crossing coordinate {i + 1}"
        series[name] = [np.asarray(chain[:, i]) for chain in inputs.crossings]
    return series


def _chains(inputs: AssessmentInputs, settings: ConvergenceSettings) -> dict[str, Criterion]:
    """Agreement of the chains, and the number of independent paths."""
    series = _series(inputs)
    rhat = {name: split_rhat(chains) for name, chains in series.items()}
    size = {name: effective_samples(chains) for name, chains in series.items()}
    # NaN (chains too short) counts as the worst.
    worst = max(rhat, key=lambda name: np.inf if np.isnan(rhat[name]) else rhat[name])
    fewest = min(size, key=lambda name: size[name])
    return {
        "rhat": at_most(rhat[worst], settings.rhat, f"largest split R-hat over chains, of {worst}"),
        "independent_paths": at_least(
            size[fewest],
            settings.independent_paths,
            f"effective number of independent paths, by {fewest}",
        ),
    }


def _reason(criteria: dict[str, Criterion], converged: bool) -> str:
    if converged:
        return f"all {len(criteria)} criteria are met"
    parts = []
    for name, criterion in criteria.items():
        if not criterion.passed:
            value = "unknown" if criterion.value is None else f"{criterion.value:.3g}"
            parts.append(f"{name} {value} (needs {criterion.direction} {criterion.limit:.3g})")
    return "not yet: " + ", ".join(parts)


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
        "transitions": _transitions(inputs),
        "spread": at_most(
            spread,
            settings.spread,
            "mean error of q at path frames with |q| < 1, by the ensemble and held-out chains",
        ),
        **_chains(inputs, settings),
        "exploded": at_most(
            inputs.counts.exploded / max(1, inputs.counts.shots),
            settings.exploded,
            "fraction of shots of which a half exploded",
        ),
        "rounds": at_least(inputs.round + 1, settings.min_rounds, "completed rounds"),
    }
    converged = all(criterion.passed for criterion in criteria.values())
    return Assessment(
        round=inputs.round,
        counts=inputs.counts,
        heldout_loss=finite(inputs.heldout_loss),
        heldout_loss_se=finite(inputs.heldout_loss_se),
        criteria=criteria,
        converged=converged,
        reason=_reason(criteria, converged),
        error=inputs.error,
    )
