"""Windows along q, and the weight g of each that spreads shooting points evenly over them.

Any g > 0 gives the right rates; one near 1 / rho, rho the equilibrium chance of a window among the
frames between the states, gives them soonest. Each of three samples knows rho over a part of q up
to a factor: the runs in A and in B on their sides, and transition paths in the middle, whose
density is rho p_B (1 - p_B) where motion is diffusive (Hummer, J. Chem. Phys. 120, 516 (2004)).
The factors are matched where two samples overlap. What is wrong with this first guess shows in how
often each window is visited.
"""

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.statistics.logistic import q_to_p

ENOUGH = 20
"""Frames that a window needs for its density to be believed."""

TAIL = 0.001
"""Part of the frames on each side that may lie beyond the windows."""

FURTHEST = 10.0
"""Beyond this q the outermost windows go on: the runs see these regions well enough."""

PSEUDO_VISITS = 3.0
"""Added to the visits of each window, so that few visits change its weight little."""


def window_edges(q: Array, windows: int) -> Array:
    """Edges (W + 1,) of windows of equal width that hold nearly all of q (F,)."""
    low, high = np.clip(np.quantile(q, [TAIL, 1 - TAIL]), -FURTHEST, FURTHEST)
    return np.linspace(low, max(high, low + 1e-6), windows + 1)


def windows_of(q: Array, edges: Array) -> NDArray[np.int64]:
    """Window of each q; those beyond the ends belong to the outermost."""
    return np.clip(np.searchsorted(edges, q, side="right") - 1, 0, len(edges) - 2)


def even_log_weights(
    q_a: Array, q_b: Array, q_paths: Array, path_weights: Array, edges: Array
) -> Array:
    """First guess of ln g.

    Parameters
    ----------
    q_a, q_b
        (F,) frames between the states of runs in A and in B.
    q_paths, path_weights
        (F,) frames between the states of transition paths, with their weights.
    edges
        (W + 1,) edges of the windows.

    Returns
    -------
    ndarray
        (W,), smallest 0.
    """
    p = q_to_p(np.clip(q_paths, -30, 30))
    result, counts = _log_density(q_paths, path_weights / (p * (1 - p)), edges)
    known = counts >= ENOUGH
    for q in (q_a, q_b):
        side, counts = _log_density(q, np.ones(len(q)), edges)
        trusted = counts >= ENOUGH
        shared = np.flatnonzero(trusted & known)
        if len(shared):
            # The windows of the run that lie highest up the barrier, where it has fewest frames.
            joint = shared[np.argsort(counts[shared], kind="stable")[:3]]
            side = side + np.mean(result[joint] - side[joint])
        result, known = np.where(trusted, side, result), known | trusted
    centres = np.arange(len(result))
    filled = np.interp(centres, centres[known], result[known]) if known.any() else 0 * result
    return np.asarray(filled.max() - filled)


def flattened(log_weights: Array, visits: NDArray[np.int64]) -> Array:
    """Ln g (W,) lowered where shooting points were many and raised where they were few."""
    seen = visits + PSEUDO_VISITS
    return np.asarray(log_weights - np.log(seen / seen.mean()))


def _log_density(q: Array, weights: Array, edges: Array) -> tuple[Array, Array]:
    """Ln of the summed weights in each window (-inf where empty), and the frames there."""
    place = windows_of(q, edges)
    counts = np.bincount(place, minlength=len(edges) - 1).astype(np.float64)
    sums = np.bincount(place, weights, minlength=len(edges) - 1)
    with np.errstate(divide="ignore"):
        return np.log(sums), counts
