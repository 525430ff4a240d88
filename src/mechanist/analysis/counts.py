"""Counting shots: transitions, acceptance, and how far the two half-shots go together.

The chance that a two-way shot joins A and B is 2 p (1 - p) if its halves end independently (Hummer,
J. Chem. Phys. 120, 516 (2004)). They do in the diffusive limit. At low friction the two halves
leave with opposite velocities and tend to end on opposite sides, so that the sum of 2 p (1 - p) is
a lower bound of the transitions to expect; `ShotCounts.half_shot_correlation` measures this.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.sampling.records import Table


@dataclass(frozen=True)
class ShotCounts:
    """What became of all shots up to one round.

    Attributes
    ----------
    shots, shots_round
        Two-way shots so far and in the last round.
    transitions
        Shots whose halves ended in different states.
    shots_predicted, transitions_predicted
        The same among shots with a p_B predicted before they were made.
    transitions_expected
        Sum of 2 p (1 - p) over these shots: a lower bound at low friction.
    acceptance
        Accepted fraction of all shots.
    too_long, exploded
        Shots with at least one half that ended so; they are rejections.
    half_shot_correlation
        Correlation of the outcomes of the two halves given p, or None without predictions.
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
    half_shot_correlation: float | None


def is_transition(shots: Table) -> NDArray[np.bool_]:
    """Whether one half of each shot ended in A and the other in B, (S,)."""
    backward, forward = shots["end_backward"], shots["end_forward"]
    there = (backward == "A") & (forward == "B")
    return np.asarray(there | ((backward == "B") & (forward == "A")), dtype=bool)


def _correlation(p: NDArray[Any], in_b: NDArray[Any]) -> float | None:
    """Mean product of both halves' residuals over their variance; ``in_b`` is (S, 2)."""
    variance = float((p * (1 - p)).sum())
    if len(p) < 2 or variance <= 0:
        return None
    residual = in_b - p[:, None]
    return float((residual[:, 0] * residual[:, 1]).sum() / variance)


def count_shots(shots: Table) -> ShotCounts:
    """Count all shots of a table with `mechanist.sampling.records.SHOT_COLUMNS`.

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
    transition, predicted = is_transition(shots), np.isfinite(p)
    decided = predicted & np.isin(ends, ["A", "B"]).all(axis=1)
    return ShotCounts(
        shots=total,
        shots_round=int((shots["round"] == shots["round"].max()).sum()),
        transitions=int(transition.sum()),
        shots_predicted=int(predicted.sum()),
        transitions_predicted=int(transition[predicted].sum()),
        transitions_expected=float((2 * p[predicted] * (1 - p[predicted])).sum()),
        acceptance=float(np.mean(shots["accepted"])),
        too_long=int((ends == "too_long").any(axis=1).sum()),
        exploded=int((ends == "exploded").any(axis=1).sum()),
        half_shot_correlation=_correlation(p[decided], (ends[decided] == "B").astype(np.float64)),
    )
