"""Probability that a half-shot under way ends in B, from its last three values of q.

At low friction a half-shot that moves towards a state continues to do so, and the change of q from
frame to frame is informative beyond q. The probability is a logistic function of

    q, v, a, q |v|, v |v|, q^3    with v = q_j - q_(j-1), a = v - (q_(j-1) - q_(j-2)),

fitted to half-shots that ran to their end (j numbers the frames).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.statistics.binomial import fit_logistic
from mechanist.statistics.logistic import q_to_p

PENALTY = 1e-2
"""Ridge penalty on the coefficients of the scaled terms."""


def terms(last: Array) -> Array:
    """Terms (K, 6) from the last three q (K, 3), newest first.

    A q before the shooting point is NaN; differences that need it are 0.
    """
    q, v = last[:, 0], np.nan_to_num(last[:, 0] - last[:, 1])
    a = np.nan_to_num(v - (last[:, 1] - last[:, 2]))
    return np.stack([q, v, a, q * np.abs(v), v * np.abs(v), q**3], axis=1)


def lagged(series: Array) -> Array:
    """The last three q (F, 3), newest first, at each q (F,) of a half-shot after its first.

    ``series`` (F + 1,) begins at the shooting point.
    """
    padded = np.concatenate([[np.nan], series])
    return np.stack([padded[2:], padded[1:-1], padded[:-2]], axis=1)


@dataclass(frozen=True)
class Commitment:
    """The fitted probability to end in B.

    Parameters
    ----------
    scale
        (6,) standard deviations that terms are divided by.
    coefficients
        (7,) the intercept, and one for each scaled term.
    """

    scale: Array
    coefficients: Array

    def __call__(self, last: Array) -> Array:
        """Probability (K,) to end in B from the last three q (K, 3), newest first."""
        q = terms(last) / self.scale @ self.coefficients[1:] + self.coefficients[0]
        return q_to_p(q)


def fit_commitment(series: Sequence[Array], in_b: NDArray[np.bool_]) -> Commitment:
    """Fit to half-shots that were followed to their end, by penalised logistic regression.

    Parameters
    ----------
    series
        (H) q at the shooting point and at each frame before the last one.
    in_b
        (H,) whether each ended in B.
    """
    last = np.concatenate([lagged(one) for one in series])
    ended = np.repeat(in_b, [len(one) - 1 for one in series]).astype(np.float64)
    found = terms(last)
    scale = found.std(axis=0) + 1e-9
    columns = np.column_stack([np.ones(len(found)), found / scale])
    penalty = PENALTY * np.array([0.0, *np.ones(found.shape[1])])
    return Commitment(scale, fit_logistic(columns, 1, ended, penalty, np.zeros(len(penalty))))


def level(p: Array, below: float, floor: float) -> Array:
    """Survival probability from the probabilities (..., 2) of both half-shots to end in B.

    p_join / ``below``, at most 1 and at least ``floor``, with p_join = p1 (1 - p2) + p2 (1 - p1).
    """
    joins = p[..., 0] * (1 - p[..., 1]) + p[..., 1] * (1 - p[..., 0])
    return np.asarray(np.clip(joins / below, floor, 1.0))


def survival(q: Array, point: int, commitment: Commitment, below: float, floor: float) -> float:
    """Probability that a shot that generates this path is not stopped.

    Parameters
    ----------
    q
        (F,) of the frames between the states of a path from A to B.
    point
        Number of the shooting point among them.
    commitment, below, floor
        As of `level`.
    """
    frames = max(point + 1, len(q) - point) - 1
    both = np.empty((frames, 2))
    for side, (series, end) in enumerate(((q[point::-1], 0.0), (q[point:], 1.0))):
        p = commitment(lagged(series))[:frames]
        both[: len(p), side], both[len(p) :, side] = p, end
    return float(level(both, below, floor).min(initial=1.0))
