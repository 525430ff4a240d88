"""Which frame of a path to shoot from.

p(x | path) = f(x) / sum of f over the frames of the path between the states. With a model,
f(x) = L(q(x)) / rho(p_B(x)): a Lorentzian L = gamma / (gamma^2 + q^2) that looks for the transition
state, divided by the density of candidate frames in p_B, so that plateaus do not swallow the shots
(Jung et al., Nat. Comput. Sci. 3, 334 (2023)). Any f > 0 leaves the path ensemble as it is, because
the acceptance rule accounts for it; f only decides how fast it is explored.

A half of a shot may have so many frames at most; one that is too long is rejected. The way back to
the old path is a shot as well, so a frame from which one half of the old path is too long must not
be picked either: f is 0 there, in all sums. The ensemble is then that of paths with a frame from
which both ends are near enough.
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
    """Frames of a path between the states: weights f (F,) and predicted p_B (F,) or NaN."""

    weights: Array
    p_predicted: Array

    def __post_init__(self) -> None:
        if not (np.isfinite(self.weights).all() and (self.weights >= 0).all() and self.total > 0):
            raise SamplingError("selection", "weights are not numbers, below zero, or all zero")

    @property
    def total(self) -> float:
        """Sum of the weights."""
        return float(self.weights.sum())

    def pick(self, rng: np.random.Generator) -> int:
        """Draw a frame in proportion to its weight."""
        cumulative = np.cumsum(self.weights)
        index = np.searchsorted(cumulative, rng.random() * cumulative[-1], side="right")
        return min(int(index), len(cumulative) - 1)


def shootable(frames: int, longest: int) -> NDArray[np.bool_]:
    """Which of the ``frames`` between the states leave halves of at most ``longest`` frames."""
    number = np.arange(frames)
    return (number + 1 <= longest) & (frames - number <= longest)


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


@dataclass(frozen=True)
class WithinLimit:
    """Another selection, but only of frames that leave halves of at most ``longest`` frames."""

    base: Selection
    longest: int

    @property
    def model(self) -> str:
        """Name of the model that weighs."""
        return self.base.model

    def candidates(self, frames: Frames) -> Candidates:
        """See `Selection`.

        Where no frame will do, all count: a first path that is too long is not in the ensemble,
        and any way into it is right.
        """
        whole = self.base.candidates(frames)
        allowed = shootable(len(frames), self.longest)
        if not allowed.any():
            return whole
        return Candidates(whole.weights * allowed, whole.p_predicted)
