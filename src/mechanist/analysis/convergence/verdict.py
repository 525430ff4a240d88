"""What a run may claim: its criteria, its channels, and its fresh shots, which have the last word.

The criteria of `mechanist.analysis.convergence.criteria` end the sampling. Fresh shots at fresh
points come afterwards; a run that they contradict is not converged, whatever its criteria said.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mechanist.analysis.validation.calibration_line import CONTRADICTED, UNDETERMINED
from mechanist.analysis.validation.verdict import LEAST_P, TOLERANCE

CONVERGED, NOT_CONVERGED = "converged", "not converged"


@dataclass(frozen=True)
class RunVerdict:
    """Whether a run has converged.

    Attributes
    ----------
    converged
        All parts agree.
    reasons
        Why not, one sentence a part; empty if it has.
    remarks
        What the fresh shots do not determine.
    """

    converged: bool
    reasons: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def status(self) -> str:
        """In two words."""
        return CONVERGED if self.converged else NOT_CONVERGED


def combine(
    assessment: Mapping[str, Any],
    validation: Mapping[str, Any] | None = None,
    channels: Mapping[str, Any] | None = None,
) -> RunVerdict:
    """Verdict on a run by all that is known of it.

    Parameters
    ----------
    assessment
        assessment.json of the last round.
    validation
        validation/verdict.json, or None before there is one.
    channels
        ``problems``, a list of sentences, of the groups of transition paths; None if unknown.
    """
    reasons = []
    if not assessment["converged"]:
        reasons.append(str(assessment.get("reason", "")).removeprefix("not yet: "))
    reasons += [str(problem) for problem in (channels or {}).get("problems", ())]
    remarks: list[str] = []
    if validation is not None:
        limit = assessment.get("criteria", {}).get("too_long", {}).get("limit")
        found = _contradictions(validation, limit)
        if found and assessment["converged"] and "round" in assessment:
            found[-1] += _more(int(assessment["round"]) + 2)
        reasons += found
        remarks += _open(validation)
    return RunVerdict(not reasons, tuple(reasons), tuple(remarks))


def _contradictions(validation: Mapping[str, Any], too_long: float | None) -> list[str]:
    """What fresh shots reject."""
    found = []
    p = validation.get("network_p")
    if validation.get("network_calibration") == CONTRADICTED or (p is not None and p < LEAST_P):
        found.append(
            "fresh shots contradict the network: " + _line(validation, "network_")
            + (f", p_B off by more than {TOLERANCE} (p = {p:.1g})" if p is not None and p < LEAST_P
               else "")
        )  # fmt: skip
    own = validation.get("proof") or {}
    if own.get("calibration") == CONTRADICTED:
        found.append("fresh shots contradict the formula: " + _line(own, ""))
    share = validation.get("too_long")
    if share is not None and too_long is not None and share > too_long:
        found.append(
            f"{100 * share:.0f} % of the fresh half-shots are too long; set dynamics.max_half_path"
            " of system.yaml higher"
        )
    if validation.get("points") == 0:
        found.append("no validation point was decided")
    return found


def _more(rounds: int) -> str:
    """How to make one more round after criteria that were met: the model learns from its shots.

    The fresh shots themselves are never learned from, so that they can judge again.
    """
    return (
        f"; to sample on, set convergence.min_rounds: {rounds} (and sampling.rounds_max, if it is"
        " less) and run again: shots and rounds so far are kept"
    )


def _line(numbers: Mapping[str, Any], prefix: str) -> str:
    if numbers.get(f"{prefix}slope") is None:
        return "calibration is rejected"
    text = []
    for name, shown in (("slope", "slope"), ("shift", "offset")):
        low, high = numbers[f"{prefix}{name}_interval"]
        text.append(f"{shown} {numbers[prefix + name]:.2f} ({low:.2f} to {high:.2f})")
    return "calibration " + ", ".join(text)


def _open(validation: Mapping[str, Any]) -> list[str]:
    """What fresh shots leave open."""
    own = validation.get("proof") or {}
    states = (
        ("network", validation.get("network_calibration")),
        ("formula", own.get("calibration")),
    )
    return [
        f"fresh shots do not determine whether the {what} is calibrated"
        for what, state in states
        if state == UNDETERMINED
    ]
