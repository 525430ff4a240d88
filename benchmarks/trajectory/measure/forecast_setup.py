"""Training, validation and test windows of table T4, for one trajectory."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from benchmarks.trajectory.measure.bonds import bonds, hops
from benchmarks.trajectory.measure.forecast_sizes import ForecastSize
from benchmarks.trajectory.measure.sizes import GAPS, Size
from mechanist.arrays import Array, Rows
from mechanist.errors import DataError
from mechanist.trajectory.dataset import Dataset, by_time
from mechanist.trajectory.forecast.bases import heavy_pose
from mechanist.trajectory.forecast.windows import Cases, Task, cases, spread
from mechanist.trajectory.superres.frame import Pose
from mechanist.trajectory.trajectory import Trajectory


@dataclass(frozen=True)
class Setup:
    """Blocks of one trajectory.

    Parameters
    ----------
    dataset
        Blocks of time, two windows apart.
    task
        What a window is.
    size
        How much.
    numbers
        (N,) atomic numbers.
    masses
        (N,) in Da.
    """

    dataset: Dataset
    task: Task
    size: ForecastSize
    numbers: Rows
    masses: Array

    @cached_property
    def reference(self) -> Array:
        """(N, 3) in nm; the first frame."""
        return np.asarray(self.dataset.train.positions[0])

    @cached_property
    def bound(self) -> Rows:
        """(M, 2) bonds."""
        return bonds(self.numbers, self.reference)

    @cached_property
    def hops(self) -> Rows:
        """(N, N) bonds between atoms."""
        return hops(len(self.numbers), self.bound)

    def pose(self) -> Pose:
        """How windows are laid."""
        return heavy_pose(self.reference, self.numbers, self.masses)

    def pairs(self, block: Trajectory, count: int) -> Cases:
        """``count`` windows; those of the later half are one frame after those of the earlier."""
        early = spread(block, self.task, count // 2, self.task.spacing)
        return cases(block, self.task, np.concatenate([early, early + self.task.spacing]))

    @cached_property
    def many(self) -> Cases:
        """Windows to learn from."""
        return self.pairs(self.dataset.train, self.size.plain)

    @cached_property
    def validate(self) -> Cases:
        """Windows of the validation block."""
        return self.pairs(self.dataset.validate, self.size.validate)

    @cached_property
    def test(self) -> Cases:
        """Windows of the test block."""
        block = self.dataset.test
        return cases(block, self.task, spread(block, self.task, self.size.test))

    @cached_property
    def rolls(self) -> Cases:
        """Windows of the test block that are followed for long, as far as the block reaches."""
        block = self.dataset.test
        room = (len(block) - 1) // self.task.spacing + 1 - self.task.known
        long = Task(self.task.known, min(self.size.frames, room), self.task.spacing)
        return cases(block, long, spread(block, long, self.size.rolls))

    @cached_property
    def fine(self) -> Array:
        """The same at every frame of the trajectory, (B, frames x spacing, N, 3) in nm."""
        block, count = self.dataset.test, self.rolls.future.shape[1]
        long = Task(self.task.known, count, self.task.spacing)
        starts = spread(block, long, self.size.rolls)
        first = starts + (self.task.known - 1) * self.task.spacing + 1
        return block.positions[first[:, None] + np.arange(count * self.task.spacing)]


def blocks(trajectory: Trajectory, learned: Dataset, task: Task) -> Dataset:
    """Blocks of time with two windows left out between them.

    ``learned`` are the blocks of the learned forces; the validation block is shortened such that it
    is two windows away from the others.

    Raises
    ------
    DataError
        If no validation frames are left.
    """
    ends = [len(part) for part in (learned.train, learned.validate, learned.test)]
    purge = (len(trajectory) - sum(ends)) // 2
    cut = max(0, 2 * task.span - purge)
    if ends[1] - 2 * cut < task.span:
        raise DataError("trajectory", f"validation block of {ends[1]} frames; too few for windows")
    return replace(learned, validate=learned.validate[cut : ends[1] - cut])


def setup(trajectory: Trajectory, size: Size, amounts: ForecastSize) -> Setup:
    """Blocks such that the learned forces of table T1 are independent of the test block.

    Parameters
    ----------
    trajectory
        All frames.
    size
        Of table T1, whose blocks are used.
    amounts
        Of this table.
    """
    task = Task()
    learned = by_time(trajectory, max(GAPS) + 2, size.validate, size.test)
    dataset = blocks(trajectory, learned, task)
    return Setup(dataset, task, amounts, trajectory.numbers, trajectory.masses)
