"""From the reaction coordinate to the committor and back, and fits of logistic models.

q = ln p_B / (1 - p_B),  p_B = 1 / (1 + exp(-q)).
"""

import numpy as np

from mechanist.arrays import Array, Probabilities


def q_to_p(q: Array) -> Probabilities:
    """p_B = 1 / (1 + exp(-q)), written as a hyperbolic tangent, which does not overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * q)))


def p_to_q(p: Probabilities) -> Array:
    """Q = ln p_B / (1 - p_B); p_B is clipped so that q stays within 35 of 0."""
    p = np.clip(p, 1e-15, 1 - 1e-15)
    return np.asarray(np.log(p) - np.log1p(-p))
