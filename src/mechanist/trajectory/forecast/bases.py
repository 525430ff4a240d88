"""Forecasts without a network: bases that a network corrects, and baselines to beat."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mechanist.arrays import Array
from mechanist.trajectory.forecast.pose import Pose
from mechanist.trajectory.forecast.windows import Cases, History
from mechanist.trajectory.ridge import best_held_out

STRENGTHS = tuple(10.0**k for k in range(-10, 1))
"""Penalties relative to the largest eigenvalue; the best on the validation block is chosen."""


class Base(Protocol):
    """Forecasts."""

    def __call__(self, history: History, ahead: int) -> Array:
        """Frames (B, ahead, N, 3) in nm after the last known one."""
        ...


@dataclass(frozen=True)
class LastFrame:
    """Atoms stay at rest."""

    def __call__(self, history: History, ahead: int) -> Array:
        """The last frame, repeated."""
        return np.repeat(history.positions[:, -1:], ahead, axis=1)


@dataclass(frozen=True)
class Straight:
    """x + v t, with v from the last two frames."""

    def __call__(self, history: History, ahead: int) -> Array:
        """Straight lines."""
        step = history.last - history.positions[:, -2]
        count = np.arange(1, ahead + 1)[:, None, None]
        return np.asarray(history.last[:, None] + count * step[:, None])


@dataclass(frozen=True)
class Linear:
    """Linear autoregression: all known coordinates to all future displacements, by ridge.

    Parameters
    ----------
    pose
        Common orientation of windows.
    mean
        (P,) of the inputs.
    weights
        (P + 1, H x 3N); the last row is the constant.
    strength
        The chosen penalty.
    """

    pose: Pose
    mean: Array
    weights: Array
    strength: float

    def __call__(self, history: History, ahead: int) -> Array:
        """Linear forecasts; beyond the trained length, block by block."""
        made: list[Array] = []
        while sum(part.shape[1] for part in made) < ahead:
            frames = self._block(history)
            history = history.after(frames)
            made.append(frames)
        return np.concatenate(made, axis=1)[:, :ahead]

    def _block(self, history: History) -> Array:
        placement = self.pose.place(history.last)
        placed = placement.there(history.positions)
        made = (_inputs(placed) - self.mean) @ self.weights[:-1] + self.weights[-1]
        moved = made.reshape(len(history), -1, *history.last.shape[1:])
        return np.asarray(history.last[:, None] + placement.turn_back(moved))


def _inputs(placed: Array) -> Array:
    """Last frame and displacements from it, (B, K x 3N)."""
    moved = placed[:, :-1] - placed[:, -1:]
    return np.concatenate([placed[:, -1:], moved], axis=1).reshape(len(placed), -1)


def fit_linear(train: Cases, validate: Cases, pose: Pose) -> Linear:
    """Fit the map, with the penalty that is best on the validation block."""
    inputs, targets = _pairs(train, pose)
    tests, truth = _pairs(validate, pose)
    mean, offset = inputs.mean(axis=0), targets.mean(axis=0)
    solved, strength = best_held_out(
        (inputs - mean, targets - offset), (tests - mean, truth - offset), STRENGTHS
    )
    return Linear(pose, mean, np.concatenate([solved, offset[None]]), strength)


def _pairs(one: Cases, pose: Pose) -> tuple[Array, Array]:
    placement = pose.place(one.history.last)
    moved = placement.turn_there(one.future - one.history.last[:, None])
    return _inputs(placement.there(one.history.positions)), moved.reshape(len(one), -1)
