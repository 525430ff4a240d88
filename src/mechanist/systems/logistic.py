"""The logistic function, written so that it does not overflow."""

import numpy as np

from mechanist.arrays import Array


def logistic(x: Array) -> Array:
    """1 / (1 + exp(-x)); p_B where x is q."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * x)))
