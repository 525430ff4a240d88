"""Where a half-shot on its way will end: p_B from the last frames of q, momentum included.

At low friction a half-shot that has begun to fall goes on falling, so the change of q from frame to
frame tells more than q alone. The chance to end in B is a logistic function of

    q, v, a, q |v|, v |v|, q^3    with v = q_j - q_(j-1), a = v - (q_(j-1) - q_(j-2)),

fitted to half-shots that were followed to their end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.statistics.binomial import fit_logistic
from mechanist.statistics.logistic import q_to_p

PENALTY = 1e-2
"""Of the squared coefficients of the scaled terms."""


def terms(last: Array) -> Array:
    """Terms (K, 6) from the last three q (K, 3), newest first.

    An old q that is not there is NaN; what needs it is then 0.
    """
    q, v = last[:, 0], np.nan_to_num(last[:, 0] - last[:, 1])
    a = np.nan_to_num(v - (last[:, 1] - last[:, 2]))
    return np.stack([q, v, a, q * np.abs(v), v * np.abs(v), q**3], axis=1)


def lagged(series: Array) -> Array:
    """The last three q (F, 3), newest first, at each q (F,) of a half-shot but the first.

    ``series`` (F + 1,) begins at the shooting point.
    """
    padded = np.concatenate([[np.nan], series])
    return np.stack([padded[2:], padded[1:-1], padded[:-2]], axis=1)


@dataclass(frozen=True)
class Commitment:
    """The fitted chance to end in B.

    Parameters
    ----------
    scale
        (6,) that terms are divided by.
    coefficients
        (7,) of 1 and of the scaled terms.
    """

    scale: Array
    coefficients: Array

    def __call__(self, last: Array) -> Array:
        """Chance (K,) to end in B from the last three q (K, 3), newest first."""
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
    """Chance to go on, from the chances (..., 2) of both halves to end in B.

    1 where the shot joins A and B with a chance of at least ``below``, else less in proportion, but
    at least ``floor``.
    """
    joins = p[..., 0] * (1 - p[..., 1]) + p[..., 1] * (1 - p[..., 0])
    return np.asarray(np.clip(joins / below, floor, 1.0))


def survival(q: Array, point: int, commitment: Commitment, below: float, floor: float) -> float:
    """Chance that a shot that makes this path is not stopped.

    Parameters
    ----------
    q
        (F,) of the frames between the states of a path from A to B.
    point
        Number of the shooting point among them.
    commitment, below, floor
        What decides.
    """
    frames = max(point + 1, len(q) - point) - 1
    both = np.empty((frames, 2))
    for side, (series, end) in enumerate(((q[point::-1], 0.0), (q[point:], 1.0))):
        p = commitment(lagged(series))[:frames]
        both[: len(p), side], both[len(p) :, side] = p, end
    return float(level(both, below, floor).min(initial=1.0))
