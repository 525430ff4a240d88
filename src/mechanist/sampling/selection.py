"""Which frame of a path to shoot from.

p(x | path) = f(x) / sum of f over the frames of the path between the states. With a model,
f(x) = L(q(x)) / rho(p_B(x)): a Lorentzian L = gamma / (gamma^2 + q^2) that looks for the transition
state, divided by the density of candidate frames in p_B, so that plateaus do not swallow the shots
(Jung et al., Nat. Comput. Sci. 3, 334 (2023)). Any f > 0 leaves the path ensemble as it is, because
the acceptance rule accounts for it; f only decides how fast it is explored.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mechanist.errors import SamplingError

Array = NDArray[np.float64]
Frames = NDArray[np.float32]


@dataclass(frozen=True)
class Candidates:
    """Frames of a path that can be shot from: weights f (F,) and predicted p_B (F,) or NaN."""

    weights: Array
    p_predicted: Array

    def __post_init__(self) -> None:
        if not (np.isfinite(self.weights).all() and (self.weights > 0).all()):
            raise SamplingError("selection", "the model gave a weight that is not above zero")

    @property
    def total(self) -> float:
        """Sum of the weights."""
        return float(self.weights.sum())

    def pick(self, rng: np.random.Generator) -> int:
        """Draw a frame in proportion to its weight."""
        cumulative = np.cumsum(self.weights)
        index = np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right")
        return min(int(index), len(cumulative) - 1)


class Selection(Protocol):
    """Weighs the frames of a path."""

    @property
    def model(self) -> str:
        """Name of the model that weighs, empty without one."""

    def candidates(self, frames: Frames) -> Candidates:
        """Weigh the frames (F, N, 3) of a path that lie between the states."""


@dataclass(frozen=True)
class Uniform:
    """All frames alike."""

    model: str = ""

    def candidates(self, frames: Frames) -> Candidates:
        """See `Selection`."""
        return Candidates(np.ones(len(frames)), np.full(len(frames), np.nan))


@dataclass(frozen=True)
class Lorentzian:
    """A Lorentzian in q, flattened by the density of candidates in p_B.

    Parameters
    ----------
    logit
        From positions (F, N, 3) in nm to q (F,).
    gamma
        Width in q.
    edges, density
        Histogram of p_B over candidate frames, (K + 1,) and (K,) above zero; None to not flatten.
    model
        Name of the model.
    uniform
        Weigh all frames alike and use the model for predictions only.
    """

    logit: Callable[[Frames], Array]
    gamma: float
    edges: Array | None
    density: Array | None
    model: str
    uniform: bool = False

    def candidates(self, frames: Frames) -> Candidates:
        """See `Selection`."""
        q = self.logit(frames)
        p = 0.5 * (1 + np.tanh(0.5 * q))
        if self.uniform:
            return Candidates(np.ones(len(frames)), p)
        weights = self.gamma / (self.gamma**2 + q**2)
        if self.edges is not None and self.density is not None:
            bins = np.clip(
                np.searchsorted(self.edges, p, side="right") - 1, 0, len(self.density) - 1
            )
            weights = weights / self.density[bins]
        return Candidates(weights, p)
