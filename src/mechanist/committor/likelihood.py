"""Binomial likelihood of how shots end.

A shot from x ends in B with p_B = 1 / (1 + exp(-q(x))), so that n_A and n_B ends cost

    n_A ln(1 + e^q) + n_B ln(1 + e^-q)      [nats]

(Peters and Trout, J. Chem. Phys. 125, 054108 (2006); Jung et al., Nat. Comput. Sci. 3, 334 (2023)).
Half-shots that ended in neither state do not count.
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Ends, Q, Rows
from mechanist.errors import DataError
from mechanist.statistics.binomial import binomial_loss
from mechanist.statistics.clusters import clustered_mean
from mechanist.statistics.pieces import mean_error, pieces

FOUND = 0.9
"""Chance with which a change is found that is `LossChange.found` errors beyond a limit."""


def nll(q: Q, n_a: Ends, n_b: Ends) -> Array:
    """Negative log-likelihood (N,) in nats, summed over the outcomes of each point.

    Raises
    ------
    DataError
        If a q is not finite.
    """
    if not np.isfinite(q).all():
        raise DataError("committor model", "returned a non-finite q")
    return binomial_loss(q, n_a + n_b, n_b)


def loss_per_outcome(q: Q, n_a: Ends, n_b: Ends) -> float:
    """Mean loss in nats per half-shot outcome; an uninformative model has ln 2."""
    return float(nll(q, n_a, n_b).sum() / (n_a + n_b).sum())


def clustered_se(q: Q, n_a: Ends, n_b: Ends, chain: Rows) -> float:
    """Standard error of `loss_per_outcome`, with chains as the independent units."""
    return clustered_mean(nll(q, n_a, n_b), chain, (n_a + n_b).astype(np.float64))[1]


@dataclass(frozen=True)
class LossChange:
    """Fall of the loss from one model to the next on the same outcomes, nats per outcome.

    Attributes
    ----------
    fall
        Negative if the loss has risen.
    error
        Standard error, from differences at the same shots, with pieces of chains as units.
    found
        Standard errors by which a true change must exceed a limit to be found with a chance of
        90 %.
    """

    fall: float
    error: float
    found: float


def loss_change(before: Q, now: Q, n_a: Ends, n_b: Ends, chain: Rows) -> LossChange:
    """Change of the loss from predictions ``before`` to those ``now``, (N,) each."""
    from scipy.special import stdtrit

    outcomes = (n_a + n_b).astype(np.float64)
    falls, total = nll(before, n_a, n_b) - nll(now, n_a, n_b), float(outcomes.sum())
    fall = float(falls.sum()) / total
    error, freedom = mean_error(falls - fall * outcomes, chain, pieces(chain), total)
    return LossChange(fall, error, float(stdtrit(max(freedom, 1), FOUND)))
