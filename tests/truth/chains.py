"""Synthetic chains of shots: points that move slowly, outcomes of halves that oppose each other."""

import numpy as np
from scipy.signal import lfilter
from scipy.special import ndtr, ndtri

from mechanist.arrays import Array, Q, Rows
from mechanist.statistics.logistic import p_to_q, q_to_p

MEMORY = 10.0
"""Moves over which the shooting points of a chain stay near each other."""

OPPOSED = -0.5
"""Latent correlation of the halves of a shot, about that of the double well."""

OFF = 0.1
"""How wrong p_B is at p_B = 1/2."""

SHIFT = float(p_to_q(np.array(0.5 + OFF)))


def upper(p: Array) -> Array:
    """Wrong above 1/2 only, less towards 1."""
    return np.where(p >= 0.5, p + OFF * np.minimum(1, 4 * (1 - p)), p)


SHAPES = {
    "shift up": lambda p: q_to_p(p_to_q(p) + SHIFT),
    "shift down": lambda p: q_to_p(p_to_q(p) - SHIFT),
    "slope": lambda p: q_to_p(0.6 * p_to_q(p) - SHIFT),
    "above 1/2": upper,
    "below 1/2": lambda p: 1 - upper(1 - p),
}
"""True p_B as a function of the predicted one, off by `OFF` at 1/2."""


def right(p: Array) -> Array:
    """True p_B of a right model."""
    return p


SIZES = ((4, 1000), (8, 400), (16, 250), (64, 60), (256, 16), (500, 8))
"""Chains and shots of each, from the fewest that a run may have to many short ones."""


def shots(seed: int, chains: int, moves: int, truth=right) -> tuple[Q, Array, Array, Rows]:
    """Predicted q (N,), ends in A and in B, and chains, in the order of the moves.

    Predicted p_B are uniform, with the memory of an autoregressive process of normal numbers.
    """
    rng = np.random.default_rng(seed)
    keep = np.exp(-1 / MEMORY)
    noise = rng.normal(size=(chains, moves)) * np.sqrt(1 - keep**2)
    noise[:, 0] = rng.normal(size=chains)
    p = np.clip(ndtr(lfilter([1], [1, -keep], noise, axis=1)).ravel(), 0.01, 0.99)
    first, own = rng.normal(size=(2, len(p)))
    second = OPPOSED * first + np.sqrt(1 - OPPOSED**2) * own
    threshold = ndtri(np.clip(truth(p), 1e-9, 1 - 1e-9))
    n_b = (first < threshold).astype(float) + (second < threshold)
    return p_to_q(p), 2 - n_b, n_b, np.repeat(np.arange(chains), moves)
