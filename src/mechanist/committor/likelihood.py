"""Binomial likelihood of how shots end.

A shot from x ends in B with p_B = 1 / (1 + exp(-q(x))), so n_A and n_B ends cost

    n_A ln(1 + e^q) + n_B ln(1 + e^-q)      [nats]

(Jung et al., Nat. Comput. Sci. 3, 334 (2023)), written with log(e^0 + e^q), which neither overflows
nor loses digits. Halves that ended in neither state do not count.
"""

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.errors import DataError

Counts = NDArray[np.int64] | NDArray[np.float64]
"""How often; not whole where shots stand for others that were stopped."""


def nll(q: Array, n_a: Counts, n_b: Counts) -> Array:
    """Negative log-likelihood (N,) in nats, summed over the outcomes of each point.

    Raises
    ------
    DataError
        If a q is not finite.
    """
    if not np.isfinite(q).all():
        raise DataError("committor model", "gave a q that is not a number")
    return np.asarray(n_a * np.logaddexp(0, q) + n_b * np.logaddexp(0, -q))


def loss_per_outcome(q: Array, n_a: Counts, n_b: Counts) -> float:
    """Mean loss in nats per single half-shot outcome; ln 2 knows nothing."""
    return float(nll(q, n_a, n_b).sum() / (n_a + n_b).sum())


def clustered_se(q: Array, n_a: Counts, n_b: Counts, chain: Counts) -> float:
    """Standard error of `loss_per_outcome`, with chains as the independent units.

    The linearised ratio estimator: residuals of the loss are summed by chain first, so shots of a
    chain may be correlated in any way.
    """
    outcomes = (n_a + n_b).astype(np.float64)
    residual = nll(q, n_a, n_b) - loss_per_outcome(q, n_a, n_b) * outcomes
    _, cluster = np.unique(chain, return_inverse=True)
    sums = np.bincount(cluster, residual)
    if len(sums) < 2:
        return float("nan")
    scale = len(sums) / (len(sums) - 1)
    return float(np.sqrt(scale * (sums**2).sum()) / outcomes.sum())
