"""Counts of shots: transitions, acceptance, and the correlation of the two half-shots.

At low friction the two halves of a shot leave with opposite velocities and tend to end on opposite
sides, so that more shots join A and B than the 2 p (1 - p) of independent halves. How many more is
fitted, see `mechanist.analysis.convergence.inertia`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.analysis.convergence.inertia import transition_probability
from mechanist.sampling.records.tables import Table


@dataclass(frozen=True)
class ShotCounts:
    """Outcomes of all shots up to one round.

    Attributes
    ----------
    shots, shots_round
        Two-way shots so far and in the last round.
    transitions
        Shots whose halves ended in different states.
    shots_predicted, transitions_predicted
        The same among shots with a predicted p_B that could not be stopped early.
    transitions_expected
        Sum of their probabilities to join A and B, given p_B and the latent correlation.
    acceptance
        Accepted fraction of all shots.
    too_long, exploded, stopped
        Shots of which at least one half ended so; they are rejections.
    half_shot_correlation
        Correlation of the outcomes of the two halves given p, or None without predictions.
    latent_correlation
        rho of `mechanist.analysis.convergence.inertia`, from training chains: 0 for independent
        halves, -1 if the velocities decide. None if it was not fitted; then 0 is used.
    """

    shots: int
    shots_round: int
    transitions: int
    shots_predicted: int
    transitions_predicted: int
    transitions_expected: float
    acceptance: float
    too_long: int
    exploded: int
    stopped: int
    half_shot_correlation: float | None
    latent_correlation: float | None = None


def is_transition(shots: Table) -> NDArray[np.bool_]:
    """Whether one half of each shot ended in A and the other in B, (S,)."""
    backward, forward = shots["end_backward"], shots["end_forward"]
    there = (backward == "A") & (forward == "B")
    return np.asarray(there | ((backward == "B") & (forward == "A")), dtype=bool)


def _correlation(p: NDArray[Any], in_b: NDArray[Any]) -> float | None:
    """Mean product of the residuals of both halves over their variance; ``in_b`` is (S, 2)."""
    variance = float((p * (1 - p)).sum())
    if len(p) < 2 or variance <= 0:
        return None
    residual = in_b - p[:, None]
    return float((residual[:, 0] * residual[:, 1]).sum() / variance)


def decided(shots: Table) -> NDArray[np.bool_]:
    """Whether both halves of each shot ended in a state, (S,)."""
    ends = np.stack([shots["end_backward"], shots["end_forward"]])
    return np.asarray(np.isin(ends, ["A", "B"]).all(axis=0), dtype=bool)


def count_shots(shots: Table, latent_correlation: float | None = None) -> ShotCounts:
    """Count all shots of a table with `mechanist.sampling.records.tables.SHOT_COLUMNS`.

    Parameters
    ----------
    shots
        The table.
    latent_correlation
        Of the halves of a shot, see `mechanist.analysis.convergence.inertia`; None if independent.

    Raises
    ------
    ValueError
        If the table holds no shot.
    """
    total = len(shots["round"])
    if not total:
        raise ValueError("there are no shots to count")
    ends = np.stack([shots["end_backward"], shots["end_forward"]], axis=1)
    p = np.asarray(shots["p_predicted"], dtype=np.float64)
    transition, predicted = is_transition(shots), np.isfinite(p) & ~shots["watched"]
    both = predicted & decided(shots)
    expected = transition_probability(p[predicted], latent_correlation or 0.0)
    return ShotCounts(
        shots=total,
        shots_round=int((shots["round"] == shots["round"].max()).sum()),
        transitions=int(transition.sum()),
        shots_predicted=int(predicted.sum()),
        transitions_predicted=int(transition[predicted].sum()),
        transitions_expected=float(expected.sum()),
        acceptance=float(np.mean(shots["accepted"])),
        too_long=int((ends == "too_long").any(axis=1).sum()),
        exploded=int((ends == "exploded").any(axis=1).sum()),
        stopped=int((ends == "stopped").any(axis=1).sum()),
        half_shot_correlation=_correlation(p[both], (ends[both] == "B").astype(np.float64)),
        latent_correlation=latent_correlation,
    )
