"""Checkpoints of a job: written at intervals and when the job receives a signal to stop."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from mechanist.arrays import NamedArrays
from mechanist.engine.under_way import UnderWay
from mechanist.errors import Interrupted
from mechanist.sampling.records.checkpoint_files import CheckpointFiles, SavedState
from mechanist.sampling.records.frame_log import DiskLog, JobFrames
from mechanist.sampling.records.packing import prefixed, under
from mechanist.sampling.records.under_way_log import UnderWayLog
from mechanist.sampling.stop_signals import Stop, stop_signals

EVERY = 60.0
"""Seconds between two checkpoints, at least: what a killed job may lose."""

SHARE = 0.02
"""Fraction of the time that writing may take; large states are written less often."""


class Resumable(Protocol):
    """State of a job, apart from the half-shots under way."""

    def finished(self) -> NamedArrays:
        """Results finished since the last call, which will not change; empty if there are none."""

    def state(self) -> NamedArrays:
        """All else that is needed to resume."""

    def restore(self, parts: list[NamedArrays], state: NamedArrays) -> None:
        """Resume from the results of all calls of `finished` and the last result of `state`."""

    def progress(self) -> str:
        """Progress of the job, for messages."""


class Checkpoint:
    """Pauses an engine to write a checkpoint; see `mechanist.engine.protocol.Pause`.

    Parameters
    ----------
    files
        Where it is written.
    saved
        State that an earlier process of the job has saved.
    stop
        Whether a signal to stop has come.
    log
        Called with a line of text.
    every
        Seconds between two checkpoints, at least; `EVERY` if None.
    """

    def __init__(
        self,
        files: CheckpointFiles,
        saved: SavedState | None,
        stop: Stop,
        log: Callable[[str], None],
        every: float | None = None,
    ) -> None:
        self._files, self.saved, self._stop, self._log = files, saved, stop, log
        self._every = EVERY if every is None else every
        self._next = time.monotonic() + self._every
        self._job: Resumable | None = None
        self._under_way = UnderWayLog(files.folder)
        self.notes: dict[str, str] = {} if saved is None else dict(saved.notes)

    @property
    def resumed(self) -> int:
        """How often the job was resumed with other random noise than without the interruption."""
        return int(self.notes.get("resumed", 0))

    @property
    def folder(self) -> Path:
        """Where it is written."""
        return self._files.folder

    def frames(self, atoms: int, part: int = 0) -> JobFrames:
        """Logs for the frames of a job, beside its state; ``part`` numbers those of its parts."""
        names, resume = ("points", "paths"), self.saved is not None
        logs = [DiskLog(self._files.folder / f"{name}_{part}.trr", atoms, resume) for name in names]
        return JobFrames(*logs)

    def begin(self, job: Resumable, notes: Mapping[str, str]) -> UnderWay | None:
        """Restore a job if its state was saved; the half-shots under way, None for a new job.

        ``notes`` are saved with the state.
        """
        self._job = job
        if self.saved is None:
            self.notes |= notes
            return None
        job.restore(self.saved.parts, under("work", self.saved.state))
        under_way = self._under_way.restore(under("engine", self.saved.state))
        exact = len(under_way.noise) > 0 or len(under_way) == 0
        resumed = self.resumed + (not exact)
        self.notes |= dict(notes) | ({"resumed": str(resumed)} if resumed else {})
        self._log(
            f"resuming after {job.progress()}, with {len(under_way)} half-shots from their last"
            f" frame{'' if exact else '; their random noise will differ'}"
        )
        # Frees the memory of its frames.
        self.saved = None
        return under_way

    def wanted(self) -> bool:
        """See `mechanist.engine.protocol.Pause`."""
        return self._stop.asked or time.monotonic() >= self._next

    def take(self, under_way: UnderWay) -> None:
        """Write a checkpoint.

        Raises
        ------
        Interrupted
            If a signal to stop has come.
        """
        start = time.monotonic()
        self.write(under_way)
        seconds = time.monotonic() - start
        self._next = time.monotonic() + max(self._every, seconds / SHARE)
        if self._stop.asked and self._job is not None:
            raise Interrupted(
                self._stop.signal,
                f"stopped after {self._job.progress()}; {len(under_way)} half-shots are saved up to"
                f" their last frame in {self._files.folder}; the same command resumes from there",
            )

    def write(self, under_way: UnderWay) -> None:
        """Write a checkpoint; the job goes on."""
        assert self._job is not None
        engine = self._under_way.add(under_way)
        state = prefixed("work", self._job.state()) | prefixed("engine", engine)
        self._files.write(self._job.finished(), state, self.notes)
        self._under_way.clean()


@contextmanager
def checkpointed(
    folder: Path, identity: Mapping[str, object], log: Callable[[str], None], remove: bool = True
) -> Iterator[Checkpoint]:
    """Run a job inside that can be stopped and resumed.

    Parameters
    ----------
    folder
        Of the checkpoint.
    identity
        Everything that the job follows from.
    log
        Called with a line of text.
    remove
        Whether to delete the folder at the end of the job; else the caller does.
    """
    files = CheckpointFiles(folder, identity)
    with stop_signals() as stop, files.locked():
        saved = files.read()
        if saved is None and files.file.is_file():
            log(f"{folder}: left by a job with other settings or inputs; starting again")
        yield Checkpoint(files, saved, stop, log)
        if remove:
            files.remove()
        elif stop.asked:
            raise Interrupted(stop.signal, "stopped; the same command resumes from here")
