"""Forecasts without a network: bases that a network corrects, and baselines to beat."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.trajectory.forecast.windows import Cases, History
from mechanist.trajectory.ridge import LinearMap, best_held_out
from mechanist.trajectory.superres.frame import Pose

STRENGTHS = tuple(10.0**k for k in range(-10, 1))
"""Penalties relative to the largest eigenvalue; the best on the validation block is chosen."""

Base = Callable[[History, int], Array]
"""A history and a number of frames to frames (B, ahead, N, 3) in nm after the last known one."""


def last_frame(history: History, ahead: int) -> Array:
    """Atoms stay at rest."""
    return np.repeat(history.positions[:, -1:], ahead, axis=1)


def straight(history: History, ahead: int) -> Array:
    """X + v t, with v from the last two frames."""
    step = history.last - history.positions[:, -2]
    count = np.arange(1, ahead + 1)[:, None, None]
    return np.asarray(history.last[:, None] + count * step[:, None])


@dataclass(frozen=True)
class Linear:
    """Linear autoregression: all known coordinates to all future displacements, by ridge."""

    pose: Pose
    linear: LinearMap

    def __call__(self, history: History, ahead: int) -> Array:
        """Linear forecasts; beyond the trained length, block by block."""
        made: list[Array] = []
        while sum(part.shape[1] for part in made) < ahead:
            placement = self.pose.place(history.last)
            moved = self.linear(_inputs(placement.there(history.positions)))
            moved = moved.reshape(len(history), -1, *history.last.shape[1:])
            made.append(history.last[:, None] + placement.turn_back(moved))
            history = history.after(made[-1])
        return np.concatenate(made, axis=1)[:, :ahead]


def _inputs(placed: Array) -> Array:
    """Last frame and displacements from it, (B, K x 3N)."""
    moved = placed[:, :-1] - placed[:, -1:]
    return np.concatenate([placed[:, -1:], moved], axis=1).reshape(len(placed), -1)


def heavy_pose(reference: Array, numbers: NDArray[np.int64], masses: Array) -> Pose:
    """That of heavy atoms, of all atoms if fewer than three are heavy.

    Hydrogens have no weight, so permutations of them change nothing.
    """
    heavy = numbers > 1
    return Pose(reference, np.where(heavy, masses, 0.0) if heavy.sum() > 2 else masses)


def fit_linear(train: Cases, validate: Cases, pose: Pose) -> Linear:
    """Fit the map, with the penalty that is best on the validation block."""
    pairs = _pairs(train, pose), _pairs(validate, pose)
    return Linear(pose, best_held_out(*pairs, STRENGTHS, np.ones(pairs[0][0].shape[1])))


def _pairs(one: Cases, pose: Pose) -> tuple[Array, Array]:
    placement = pose.place(one.history.last)
    moved = placement.turn_there(one.future - one.history.last[:, None])
    return _inputs(placement.there(one.history.positions)), moved.reshape(len(one), -1)
