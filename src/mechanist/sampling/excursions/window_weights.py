"""Windows along q, and the weight g of each that spreads shooting points evenly over them.

Any g > 0 gives correct rates; the statistical error is smallest near g = 1 / rho, rho the
equilibrium probability of a window among the frames between the states. Each of three samples gives
ln rho over a part of q, up to a constant: the runs in A and in B on their sides of the barrier, and
transition paths in the middle, whose density is

    rho_TP(q) ~ rho(q) p_B (1 - p_B)

if motion is diffusive (Hummer, J. Chem. Phys. 120, 516 (2004)). The constants are matched where two
samples overlap. This first guess is then corrected by the number of visits n_w to each window,

    ln g_w <- ln g_w - ln[(n_w + n_0) / mean(n + n_0)].

    symbol   variable        meaning
    q        q               reaction coordinate of the window model
    g_w      log_weights     weight of a window; (W,) ln g
    n_w      visits          shooting points in a window
    n_0      PSEUDO_VISITS   prior
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Counts, Frames, FrameSource, LogWeights, Q, Rows, Weights
from mechanist.sampling.chains.selection import (
    Candidates,
    Grids,
    candidates_of,
    one_after_another,
)
from mechanist.statistics.logistic import q_to_p

ENOUGH = 20
"""Frames in a window above which its density is used."""

TAIL = 0.001
"""Fraction of the frames that may lie beyond the windows, on each side."""

FURTHEST = 10.0
"""Largest |q| of an edge: the runs sample the regions beyond well enough."""

PSEUDO_VISITS = 3.0
"""Added to the visits of each window, so that few visits change its weight little."""


@dataclass(frozen=True)
class WindowSelection:
    """Weighs a frame by the window of q that it lies in.

    Parameters
    ----------
    q
        From positions (F, N, 3) in nm to q (F,).
    edges
        (W + 1,) of the windows; the outermost extend beyond them.
    log_weights
        (W,) ln g.
    longest
        Frames that a half-shot may have at most.
    model
        Name of the model.
    """

    q: Callable[[FrameSource], Q]
    edges: Array
    log_weights: LogWeights
    longest: int
    model: str

    @property
    def count(self) -> int:
        """Number of windows."""
        return len(self.log_weights)

    def candidates(self, paths: Sequence[Frames], grids: Grids = None) -> list[Candidates]:
        """See `mechanist.sampling.chains.selection.Selection`."""
        if not paths:
            return []
        q = self.q(one_after_another(paths))
        weights = np.exp(self.log_weights[windows_of(q, self.edges)])
        return candidates_of(paths, weights, q_to_p(q), self.longest, grids)

    def windows(self, candidates: Candidates) -> Rows:
        """Window (F,) of each frame of a path, from its predicted p_B."""
        return windows_of(candidates.p_predicted, q_to_p(self.edges))


def window_edges(q: Q, windows: int) -> Array:
    """Edges (W + 1,) of windows of equal width that contain nearly all of q (F,).

    Without any frame they are those of p_B from 0.27 to 0.73; nothing will be shot in them.
    """
    if not len(q):
        return np.linspace(-1.0, 1.0, windows + 1)
    low, high = np.clip(np.quantile(q, [TAIL, 1 - TAIL]), -FURTHEST, FURTHEST)
    return np.linspace(low, max(high, low + 1e-6), windows + 1)


def windows_of(q: Q, edges: Array) -> Rows:
    """Window of each q; those beyond the ends belong to the outermost."""
    return np.clip(np.searchsorted(edges, q, side="right") - 1, 0, len(edges) - 2)


def first_log_weights(
    q_a: Q, q_b: Q, q_paths: Q, path_weights: Weights, edges: Array
) -> LogWeights:
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
    log_rho, counts = _log_density(q_paths, path_weights / (p * (1 - p)), edges)
    known = counts >= ENOUGH
    for q in (q_a, q_b):
        side, counts = _log_density(q, np.ones(len(q)), edges)
        trusted = counts >= ENOUGH
        shared = np.flatnonzero(trusted & known)
        if len(shared):
            # The windows of the run that lie highest up the barrier, where it has fewest frames.
            joint = shared[np.argsort(counts[shared], kind="stable")[:3]]
            side = side + np.mean(log_rho[joint] - side[joint])
        log_rho, known = np.where(trusted, side, log_rho), known | trusted
    centres = np.arange(len(log_rho))
    if not known.any():
        return np.zeros(len(log_rho))
    filled = np.interp(centres, centres[known], log_rho[known])
    return np.asarray(filled.max() - filled)


def flattened(log_weights: LogWeights, visits: Counts) -> LogWeights:
    """Ln g (W,) lowered in windows with many shooting points and raised in those with few."""
    smoothed = visits + PSEUDO_VISITS
    return np.asarray(log_weights - np.log(smoothed / smoothed.mean()))


def _log_density(q: Q, weights: Weights, edges: Array) -> tuple[Array, Array]:
    """Ln of the summed weights in each window (-inf in empty ones), and the frames there."""
    window = windows_of(q, edges)
    counts = np.bincount(window, minlength=len(edges) - 1).astype(np.float64)
    sums = np.bincount(window, weights, minlength=len(edges) - 1)
    with np.errstate(divide="ignore"):
        return np.log(sums), counts
