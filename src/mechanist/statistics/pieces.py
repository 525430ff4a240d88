"""Standard errors of means over chains, however few chains there are.

Given its shooting point, the outcome of a shot does not depend on earlier shots, since velocities
are new: if predictions are right, their residuals are uncorrelated along a chain. Residuals of
wrong predictions go together over the correlation time of the points. Long chains are therefore cut
into pieces that are much longer than this time, and pieces are the independent units, so that a few
long chains are worth as much as many short ones. Where chains differ by more than their pieces
explain, by an F test at the level `CHANCE`, the chains themselves are the units.

======  ============  =========================================
symbol  variable      meaning
======  ============  =========================================
V_c     ``by_chain``  variance of the mean, chains as units
V_p     ``by_piece``  variance of the mean, pieces as units
======  ============  =========================================

The test statistic V_c / V_p has about an F distribution with C - 1 and P - C degrees of freedom for
C chains in P pieces.
"""

from typing import NamedTuple

import numpy as np

from mechanist.arrays import Array, Rows
from mechanist.statistics.clusters import clustered_error

WANTED = 48
"""Pieces of all chains together."""

SHORTEST = 50
"""Shots of a piece; path sampling forgets a path in about ten moves."""

CHANCE = 1e-3
"""Level at which chains count as different."""


class MeanError(NamedTuple):
    """Standard error of a mean, and the degrees of freedom of its estimate."""

    error: float
    freedom: int


def pieces(chain: Rows, wanted: int = WANTED, shortest: int = SHORTEST) -> Rows:
    """Number of the piece (N,) of each shot.

    Parameters
    ----------
    chain
        (N,) chain of each shot; shots of one chain in the order of its moves.
    wanted, shortest
        Pieces of all chains, about; shots of a piece, at least.
    """
    if len(chain) == 0:
        return np.zeros(0, dtype=np.int64)
    _, member, size = np.unique(chain, return_inverse=True, return_counts=True)
    cuts = np.clip(size // shortest, 1, -(-wanted // len(size)))
    order = np.argsort(member, kind="stable")
    rank = np.empty(len(chain), dtype=np.int64)
    rank[order] = np.arange(len(chain)) - np.repeat(np.cumsum(size) - size, size)
    first = np.cumsum(cuts) - cuts
    return np.asarray(first[member] + rank * cuts[member] // size[member], dtype=np.int64)


def mean_error(residuals: Array, chain: Rows, piece: Rows, total: float) -> MeanError:
    """Standard error of a ratio from y - r w (N,) and the sum of w.

    NaN with a single piece.
    """
    from scipy.special import fdtrc

    chains, parts = len(np.unique(chain)), len(np.unique(piece))
    by_piece = float(clustered_error(residuals, piece, total))
    if chains == parts or chains < 2:
        return MeanError(by_piece, parts - 1)
    by_chain = float(clustered_error(residuals, chain, total))
    ratio = (by_chain / by_piece) ** 2 if by_piece > 0 else 0.0
    if fdtrc(chains - 1, parts - chains, ratio) < CHANCE:
        return MeanError(by_chain, chains - 1)
    return MeanError(by_piece, parts - 1)
