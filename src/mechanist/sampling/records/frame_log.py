"""Frames of a job under way, appended to files as they come and read when they are asked for.

A job of many shots makes more frames than fit into memory. What it does not need for its next move
goes into a log: a TRR that only grows, in the folder of its checkpoint. A checkpoint notes how many
frames of it belong to its state; frames that a killed job has added after that are cut off when the
job is resumed. At the end of the job the files of the results are copied from the log.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from mechanist.arrays import Frames, FrameSource
from mechanist.errors import DataError
from mechanist.sampling.records import trr
from mechanist.sampling.records.stored_frames import FrameFile, StoredFrames


class FrameLog(Protocol):
    """Frames (F, N, 3) in nm in the order in which they were appended."""

    def __len__(self) -> int: ...

    def append(self, frames: Frames) -> FrameSource:
        """Add frames; the same ones, as they are to be read from now on."""

    def part(self, first: int, count: int) -> FrameSource:
        """Some of the frames."""

    def cut(self, count: int) -> None:
        """Drop all but the first frames."""

    def sync(self) -> None:
        """All frames so far outlast a power cut."""


class MemoryLog:
    """A log in memory, for jobs without a checkpoint."""

    def __init__(self, atoms: int) -> None:
        self._atoms = atoms
        self._parts: list[Frames] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def append(self, frames: Frames) -> FrameSource:
        """See `FrameLog`."""
        kept = np.asarray(frames, dtype=np.float32)
        self._parts.append(kept)
        self._count += len(kept)
        return kept

    def part(self, first: int, count: int) -> FrameSource:
        """See `FrameLog`."""
        if len(self._parts) != 1:
            empty = np.empty((0, self._atoms, 3), np.float32)
            self._parts = [np.concatenate([empty, *self._parts])]
        return self._parts[0][first : first + count]

    def cut(self, count: int) -> None:
        """See `FrameLog`."""
        self._parts, self._count = [self.part(0, count)[:]], count

    def sync(self) -> None:
        """See `FrameLog`: nothing."""


class DiskLog:
    """A log in a file.

    Parameters
    ----------
    path
        The file.
    atoms
        N.
    resume
        Whether to go on with the frames that are there; otherwise they are dropped.
    """

    def __init__(self, path: Path, atoms: int, resume: bool = False) -> None:
        self._path, self._atoms = path, atoms
        path.parent.mkdir(parents=True, exist_ok=True)
        if not (resume and path.is_file()):
            path.write_bytes(b"")
        self._handle = path.open("r+b", buffering=0)
        # Of a killed job the last frame may be incomplete; `cut` says how many belong to the state.
        size = trr.frame_type(atoms).itemsize
        self._count = os.fstat(self._handle.fileno()).st_size // size
        self._handle.seek(self._count * size)

    def __len__(self) -> int:
        return self._count

    def append(self, frames: Frames) -> FrameSource:
        """See `FrameLog`."""
        first = self._count
        trr.write(self._handle, [frames], first)
        self._count += len(frames)
        return self.part(first, len(frames))

    def part(self, first: int, count: int) -> FrameSource:
        """See `FrameLog`."""
        file = FrameFile(self._path, self._atoms, self._count)
        return StoredFrames((file,), self._atoms, range(first, first + count))

    def cut(self, count: int) -> None:
        """See `FrameLog`.

        Raises
        ------
        DataError
            If there are fewer.
        """
        if count > self._count:
            raise DataError(
                self._path,
                f"holds {self._count} frames, the state of the job names {count}; delete its folder"
                " to start the job again",
            )
        size = trr.frame_type(self._atoms).itemsize
        self._handle.truncate(count * size)
        self._handle.seek(count * size)
        self._count = count

    def sync(self) -> None:
        """See `FrameLog`."""
        os.fsync(self._handle.fileno())


@dataclass(frozen=True)
class JobFrames:
    """Logs of a job of chains: shooting points, and accepted paths."""

    points: FrameLog
    paths: FrameLog

    @staticmethod
    def in_memory(atoms: int) -> "JobFrames":
        """For a job without a checkpoint."""
        return JobFrames(MemoryLog(atoms), MemoryLog(atoms))
