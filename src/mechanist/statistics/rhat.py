"""Split R-hat, by which the halves of all chains are compared.

Gelman et al., Bayesian Data Analysis, 3rd edition, section 11.4; Vehtari et al., Bayesian Anal. 16,
667 (2021), without their rank normalisation:

    R-hat = sqrt(V / W),  V = (n - 1) / n W + B / n,

written for chains of unequal length: means over chains become means over draws, and the common
length n becomes the effective group size of the one-way analysis of variance.

======  ====================  ====================================
symbol  variable              meaning
======  ====================  ====================================
W       ``within``            variance within half chains
V       ``pooled``            estimated variance of the target
B / n   ``between / size``    variance of the means of half chains
n       ``size``              effective length of a half chain
======  ====================  ====================================
"""

from collections.abc import Sequence

import numpy as np

from mechanist.arrays import Array

SHORTEST_PIECE = 2
"""Draws that half a chain needs for a variance."""


def split(chains: Sequence[Array]) -> list[Array]:
    """Halves of all chains; a chain of odd length loses its middle draw, short ones are dropped."""
    halves: list[Array] = []
    for chain in chains:
        half = len(chain) // 2
        if half >= SHORTEST_PIECE:
            halves += [np.asarray(chain[:half]), np.asarray(chain[-half:])]
    return halves


def variances(pieces: Sequence[Array]) -> tuple[float, float, float]:
    """Within-piece variance, pooled variance of the target, and effective piece length."""
    lengths = np.array([len(piece) for piece in pieces], dtype=np.float64)
    means = np.array([piece.mean() for piece in pieces])
    squares = np.array([((piece - piece.mean()) ** 2).sum() for piece in pieces])
    total, groups = lengths.sum(), len(pieces)
    within = float(squares.sum() / (total - groups))
    if groups == 1:
        return within, within * (total - 1) / total, float(total)
    grand = float(lengths @ means / total)
    size = float((total - (lengths**2).sum() / total) / (groups - 1))
    between = float(lengths @ (means - grand) ** 2 / (groups - 1))
    return within, (size - 1) / size * within + between / size, size


def split_rhat(chains: Sequence[Array]) -> float:
    """Split R-hat: square root of the pooled variance over the variance within half chains.

    Parameters
    ----------
    chains
        One-dimensional arrays of draws, of any lengths; those under four draws are left out.

    Returns
    -------
    float
        Near 1 if the halves of all chains agree. 1 if every draw is the same, infinity if each
        half is constant but they differ, NaN if no chain is long enough.
    """
    pieces = split(chains)
    if not pieces:
        return float("nan")
    within, pooled, _ = variances(pieces)
    scale = max(float(np.abs(np.concatenate(pieces)).max()), np.finfo(np.float64).tiny)
    # Rounding of the mean makes the variance of a constant series a few ulp, not zero.
    if within <= (1e-12 * scale) ** 2:
        return 1.0 if pooled <= (1e-12 * scale) ** 2 else float("inf")
    return float(np.sqrt(pooled / within))
