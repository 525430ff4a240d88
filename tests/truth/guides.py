"""Models that guide the choice of shooting points: a good one and bad ones.

Accepted paths must not depend on which of them was used.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.sampling.chains.selection import Lorentzian, Selection, Uniform

Logit = Callable[[NDArray[np.floating]], Array]

NAMES = ("uniform", "good model", "shifted model", "flipped model", "random model")

_EDGES = np.linspace(0, 1, 11)


def random_smooth(frames: NDArray[np.floating]) -> Array:
    """A model that knows nothing: five waves in x and y (seed 17), about 2 in height."""
    rng = np.random.default_rng(17)
    waves = rng.normal(0, 3, (5, 2))
    phases = rng.uniform(0, 2 * np.pi, 5)
    return 1.5 * np.cos(frames[:, 0, :2].astype(float) @ waves.T + phases).sum(axis=1)


def tilted(frames: NDArray[np.floating]) -> Array:
    """A model that looks across the way from A to B of the AIMMD toy, at one of its valleys."""
    return 8 * (frames[:, 0, 1].astype(float) - 0.67 * frames[:, 0, 0]) - 2


def guide(name: str, logit: Logit, frames: NDArray[np.floating]) -> Selection:
    """A selection by name, from the true q and example frames (F, N, 3) for its density in p_B."""
    p = 0.5 * (1 + np.tanh(0.5 * logit(frames)))
    counts = np.histogram(p, _EDGES)[0] + 1.0
    density = counts / counts.mean()
    if name == "uniform":
        return Uniform()
    if name == "good model":
        return Lorentzian(logit, 1.0, _EDGES, density, name)
    if name == "shifted model":
        return Lorentzian(lambda x: logit(x) + 2.0, 1.0, None, None, name)
    if name == "flipped model":
        # A Lorentzian does not see a sign, so A and B are told apart by a lopsided density.
        return Lorentzian(lambda x: -logit(x), 1.0, _EDGES, np.geomspace(0.3, 3, 10), name)
    if name == "tilted model":
        return Lorentzian(tilted, 1.0, None, None, name)
    assert name == "random model"
    return Lorentzian(random_smooth, 1.0, None, None, name)
