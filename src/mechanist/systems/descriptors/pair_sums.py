"""Sums over pairs of atoms around a centre, the core of angular symmetry functions.

Each is sum_{j<k} w_j w_k (1 + lambda u_j . u_k)^zeta with unit vectors u and weights w, for several
zeta, lambda and sets of weights at once.
"""

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array

Single = NDArray[np.float32]

LOW = 4
"""Largest zeta computed from moments, of which there are (zeta + 1)(zeta + 2)(zeta + 3)/6."""
ROWS = 128
"""Rows of the matrix of pairs at a time, so that its powers fit in the cache of a core."""
LANES = 4
"""Columns of weights are padded to a multiple of this, which makes BLAS a third faster."""
FLOOR = np.float32(2.5e-19)
"""Added before a high power is squared: subnormal numbers would make it ten times slower."""


def moment_sums(
    ways: Array, weights: Array, frames: Sequence[slice], powers: Sequence[tuple[int, int]]
) -> Array:
    """The sums for small zeta, by the binomial and the multinomial theorem.

    With (u_j . u_k)^p = sum over |a| = p of p!/a! u_j^a u_k^a, a double sum over atoms is a sum of
    squares of sum_j w_j u_j^a, from which the diagonal is subtracted.

    Parameters
    ----------
    ways
        (M, 3) unit vectors of the atoms of all frames.
    weights
        (M, S).
    frames
        For each of the F frames its rows.
    powers
        P pairs of lambda and zeta.

    Returns
    -------
    ndarray
        (F, P, S).
    """
    top = max(zeta for _, zeta in powers)
    exponents = [e for e in itertools.product(range(top + 1), repeat=3) if sum(e) <= top]
    terms = _monomials(ways, exponents)
    moments = np.stack([weights[atoms].T @ terms[:, atoms].T for atoms in frames])
    diagonal = np.stack([np.einsum("js,js->s", weights[a], weights[a]) for a in frames])
    by_power = np.zeros((len(exponents), top + 1))
    for row, e in enumerate(exponents):
        ways_to_choose = math.factorial(sum(e)) / math.prod(math.factorial(k) for k in e)
        by_power[row, sum(e)] = ways_to_choose
    pairs = 0.5 * (moments**2 @ by_power - diagonal[:, :, None])
    expand = np.array(
        [[sign**p * math.comb(zeta, p) for sign, zeta in powers] for p in range(top + 1)]
    )
    # Each sum is positive; rounding of the diagonal can make it slightly negative.
    return np.asarray(np.maximum(pairs @ expand, 0).transpose(0, 2, 1))


def _monomials(ways: Array, exponents: Sequence[tuple[int, ...]]) -> Array:
    """x^a y^b z^c of vectors (M, 3) for each (a, b, c), which must be in sorted order: (E, M)."""
    place = {e: i for i, e in enumerate(exponents)}
    columns = np.ascontiguousarray(ways.T)
    result = np.empty((len(exponents), len(ways)))
    result[0] = 1
    for i, e in enumerate(exponents[1:], start=1):
        axis = next(k for k in range(3) if e[k])
        lower = tuple(n - (k == axis) for k, n in enumerate(e))
        np.multiply(result[place[lower]], columns[axis], out=result[i])
    return result


def pair_sums(
    ways: Array, weights: Array, frames: Sequence[slice], powers: Sequence[tuple[int, int]]
) -> Array:
    """The sums pair by pair, in float32; parameters and result as in `moment_sums`.

    All terms are positive, so nothing cancels; a power of 64 has a relative error below 1e-5.
    """
    count = weights.shape[1]
    single = ways.astype(np.float32)
    padded = np.zeros((len(weights), -(-count // LANES) * LANES), dtype=np.float32)
    padded[:, :count] = weights
    longest = max((atoms.stop - atoms.start for atoms in frames), default=0)
    scratch = np.empty((2, ROWS * longest), dtype=np.float32)
    sums = [_pairs_of_frame(single[a], padded[a], powers, scratch) for a in frames]
    return np.stack(sums)[:, :, :count]


def _pairs_of_frame(
    ways: Single, weights: Single, powers: Sequence[tuple[int, int]], scratch: Single
) -> Array:
    """(P, S) of one frame; ``scratch`` has room for two matrices of (ROWS, M)."""
    sums = np.zeros((len(powers), weights.shape[1]))
    place = {power: i for i, power in enumerate(powers)}
    for start in range(0, len(ways), ROWS):
        # Rows of a block against themselves, where each pair occurs twice, and all later rows.
        size, rest = len(ways[start : start + ROWS]), len(ways) - start
        cosines, base = (part[: size * rest].reshape(size, rest) for part in scratch)
        np.matmul(ways[start : start + size], ways[start:].T, out=cosines)
        partners = weights[start:].copy()
        partners[:size] *= 0.5
        for sign in dict.fromkeys(sign for sign, _ in powers):
            if sign > 0:
                np.add(cosines, np.float32(1), out=base)
            else:
                np.subtract(np.float32(1), cosines, out=base)
            np.fill_diagonal(base, 0)
            for zeta, matrix in _raised(base, [z for s, z in powers if s == sign]):
                found = np.einsum("js,js->s", weights[start : start + size], matrix @ partners)
                sums[place[sign, zeta]] += found
    return sums


def _raised(base: Single, wanted: Sequence[int]) -> Iterator[tuple[int, Single]]:
    """Powers of a matrix's elements, by repeated squaring in place."""
    partial: dict[int, Single] = {}
    exponent = 1
    while True:
        for zeta in wanted:
            if zeta & exponent:
                # The lower binary digits of zeta are done; this is the next.
                lower = partial.pop(zeta, None)
                matrix = base if lower is None else lower * base
                if zeta < 2 * exponent:
                    yield zeta, matrix
                else:
                    partial[zeta] = matrix.copy() if lower is None else matrix
        exponent *= 2
        if exponent > max(wanted):
            return
        if exponent > 16:
            np.add(base, FLOOR, out=base)
        np.multiply(base, base, out=base)
