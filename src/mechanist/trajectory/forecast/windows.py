"""Windows: histories of positions, and the frames after them."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.trajectory.trajectory import Trajectory


@dataclass(frozen=True)
class Task:
    """Ten frames in, twenty frames out, 5 fs apart: the protocol of GeoTDM (Han and others 2024).

    Parameters
    ----------
    known, ahead
        Known frames, and frames to forecast.
    spacing
        Frames of the trajectory from one of these to the next.
    """

    known: int = 10
    ahead: int = 20
    spacing: int = 10

    @property
    def span(self) -> int:
        """Frames of the trajectory that a window covers."""
        return (self.known + self.ahead - 1) * self.spacing + 1


@dataclass(frozen=True)
class History:
    """Known frames of B windows.

    Parameters
    ----------
    positions
        (B, K, N, 3) in nm.
    spacing_ps
        Time between two of them.
    """

    positions: Array
    spacing_ps: float

    @property
    def last(self) -> Array:
        """The last known frames (B, N, 3) in nm."""
        return self.positions[:, -1]

    def rows(self, rows: slice | NDArray[Any]) -> "History":
        """Some of the windows."""
        return replace(self, positions=self.positions[rows])

    def after(self, frames: Array) -> "History":
        """The history after (B, M, N, 3) further frames, of the same length."""
        joined = np.concatenate([self.positions, frames], axis=1)
        return History(joined[:, -self.positions.shape[1] :], self.spacing_ps)

    def __len__(self) -> int:
        return len(self.positions)


@dataclass(frozen=True)
class Cases:
    """Histories with their future frames.

    Parameters
    ----------
    history
        Of B windows.
    future
        (B, H, N, 3) in nm, the frames after the last known one.
    """

    history: History
    future: Array

    def __len__(self) -> int:
        return len(self.future)


def cases(trajectory: Trajectory, task: Task, starts: NDArray[np.int64]) -> Cases:
    """Windows with the given first frames.

    Raises
    ------
    DataError
        If there are none, or one extends beyond the trajectory.
    """
    if len(starts) == 0 or starts.max() + task.span > len(trajectory):
        raise DataError("trajectory", f"{len(trajectory)} frames; a window takes {task.span}")
    rows = starts[:, None] + task.spacing * np.arange(task.known + task.ahead)
    x = trajectory.positions[rows]
    history = History(x[:, : task.known], trajectory.dt_ps * task.spacing)
    return Cases(history, x[:, task.known :])


def spread(trajectory: Trajectory, task: Task, count: int, later: int = 0) -> NDArray[np.int64]:
    """First frames of at most ``count`` windows, evenly spaced; ``later`` frames more must follow.

    Raises
    ------
    DataError
        If the trajectory is shorter than a window.
    """
    room = len(trajectory) - task.span - later
    if room < 0:
        raise DataError("trajectory", f"{len(trajectory)} frames; a window takes {task.span}")
    return np.unique(np.linspace(0, room, count).round().astype(np.int64))
