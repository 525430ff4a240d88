"""Which chains are held out of training, for tests."""

import numpy as np

from mechanist.arrays import Mask, Rows


def held_out(chain: Rows, every: int) -> Mask:
    """Which shots (N,) belong to held-out chains: every ``every``-th chain.

    Whole chains are held out because the shooting points of neighbouring shots are correlated.
    """
    return np.asarray(chain % every == every - 1)
