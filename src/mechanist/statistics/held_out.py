"""Which chains are held out of training, for tests, and pieces of chains as independent units."""

import numpy as np

from mechanist.arrays import Mask, Rows


def held_out(chain: Rows, every: int, chains: int | None = None) -> Mask:
    """Which shots (N,) belong to held-out chains: every ``every``-th chain.

    Whole chains are held out because the shooting points of neighbouring shots are correlated. Of
    fewer than ``2 * every`` chains more are held out, so that there are two of them wherever there
    are `FEWEST_CHAINS`.

    Parameters
    ----------
    chain
        (N,) numbers of the chains, which count from 0.
    every
        Setting ``learn.held_out_every``.
    chains
        Number of all chains; None: ``chain`` names all of them.
    """
    if len(chain) == 0:
        return np.zeros(0, dtype=bool)
    every = held_out_every(int(chain.max()) + 1 if chains is None else chains, every)
    return np.asarray(chain % every == every - 1)


def held_out_every(chains: int, every: int) -> int:
    """Every how many chains one is held out, see `held_out`."""
    return min(every, max(2, chains // 2))
