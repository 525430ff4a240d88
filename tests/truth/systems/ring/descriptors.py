"""The angle of the ring."""

import numpy as np


def angle(positions):
    """(F,) angle in rad of the first particle about the origin."""
    return np.arctan2(positions[:, 0, 1], positions[:, 0, 0])
