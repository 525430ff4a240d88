"""Blocks of time for training, validation and test, and the gaps in them.

Test frames drawn at random would lie between training frames. At least two windows are left out
between blocks.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.trajectory.trajectory import Trajectory


@dataclass(frozen=True)
class Dataset:
    """Parts of a trajectory by use."""

    train: Trajectory
    validate: Trajectory
    test: Trajectory


def by_time(
    trajectory: Trajectory, window: int, validate: float = 0.1, test: float = 0.2
) -> Dataset:
    """Blocks of time in the order train, validate, test.

    Parameters
    ----------
    trajectory
        The frames.
    window
        Frames of one model input; twice as many are left out between two blocks.
    validate, test
        Shares of the frames.

    Raises
    ------
    DataError
        If a block would be shorter than a window.
    """
    total, purge = len(trajectory), 2 * window
    tail, middle = round(total * test), round(total * validate)
    head = total - tail - middle - 2 * purge
    if min(head, middle, tail) < window:
        raise DataError(
            "trajectory", f"{total} frames are too few for three blocks of at least {window}"
        )
    start = head + purge
    return Dataset(
        trajectory[:head], trajectory[start : start + middle], trajectory[total - tail :]
    )


@dataclass(frozen=True)
class Windows:
    """B gaps of ``inner`` frames between two known ones.

    Parameters
    ----------
    positions, velocities
        (B, inner + 2, N, 3) in nm and nm/ps; the ends are known.
    dt_ps
        Time between frames.
    accelerations
        (B, 2, N, 3) in nm/ps2 at the ends, if the trajectories hold forces.
    """

    positions: Array
    velocities: Array
    dt_ps: float
    accelerations: Array | None = None

    @property
    def inner(self) -> int:
        """Missing frames of a gap."""
        return int(self.positions.shape[1]) - 2

    @property
    def ends(self) -> "Ends":
        """Known ends of the gaps: the input of an interpolator."""
        x, v = self.positions, self.velocities
        return Ends(x[:, 0], v[:, 0], x[:, -1], v[:, -1], self.inner, self.dt_ps)

    def rows(self, rows: slice | NDArray[Any]) -> "Windows":
        """Some of the gaps."""
        known = self.accelerations
        return replace(
            self,
            positions=self.positions[rows],
            velocities=self.velocities[rows],
            accelerations=None if known is None else known[rows],
        )

    def __len__(self) -> int:
        return len(self.positions)


@dataclass(frozen=True)
class Ends:
    """The known ends of B gaps.

    Parameters
    ----------
    x0, v0, x1, v1
        (B, N, 3) positions in nm and velocities in nm/ps at the left and the right end.
    inner
        Frames that are missing in between.
    dt_ps
        Time between frames.
    """

    x0: Array
    v0: Array
    x1: Array
    v1: Array
    inner: int
    dt_ps: float

    @property
    def gap_ps(self) -> float:
        """Time between the ends."""
        return (self.inner + 1) * self.dt_ps

    def reversed(self) -> "Ends":
        """The same gaps with time running backwards."""
        return Ends(self.x1, -self.v1, self.x0, -self.v0, self.inner, self.dt_ps)

    def rows(self, rows: slice | NDArray[Any]) -> "Ends":
        """Some of the gaps."""
        return replace(self, x0=self.x0[rows], v0=self.v0[rows], x1=self.x1[rows], v1=self.v1[rows])

    def __len__(self) -> int:
        return len(self.x0)


def windows(trajectory: Trajectory, inner: int, every: int | None = None) -> Windows:
    """All gaps of ``inner`` frames, starting every ``every`` frames.

    Without ``every`` they tile the trajectory: the right end of one is the left end of the next.

    Raises
    ------
    DataError
        If the trajectory is not long enough, or lacks velocities.
    """
    starts = np.arange(0, len(trajectory) - inner - 1, inner + 1 if every is None else every)
    if not len(starts):
        raise DataError("trajectory", f"is not longer than a gap of {inner} frames")
    rows = starts[:, None] + np.arange(inner + 2)
    pulls = None
    if trajectory.forces is not None:
        pulls = trajectory.forces[rows[:, [0, -1]]] / trajectory.masses[:, None]
    x, v = trajectory.positions[rows], trajectory.moving()[rows]
    return Windows(x, v, trajectory.dt_ps, pulls)
