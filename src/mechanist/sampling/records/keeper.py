"""Keeps the state of a job from time to time and when it is told to stop."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from mechanist.arrays import NamedArrays
from mechanist.engine.under_way import UnderWay
from mechanist.errors import Interrupted
from mechanist.sampling.records.checkpoint import Checkpoint, Kept, prefixed, under
from mechanist.sampling.stopping import Stop, stoppable

EVERY = 60.0
"""Seconds between two times that the state is written, at least: a killed job loses as many."""

SHARE = 0.02
"""Part of the time that writing may take; of large states more than `EVERY` goes by."""


class Work(Protocol):
    """What a job is made of, beside the half-shots under way."""

    def fresh(self) -> NamedArrays:
        """What was finished since the last call and will not change; empty if nothing was."""

    def state(self) -> NamedArrays:
        """All else that is needed to go on."""

    def restore(self, parts: list[NamedArrays], state: NamedArrays) -> None:
        """Go on from what `fresh` and `state` gave."""

    def progress(self) -> str:
        """How far it is, in words."""


class Keeper:
    """Pauses an engine to write the state; see `mechanist.engine.protocol.Rest`.

    Parameters
    ----------
    checkpoint
        Where the state is written.
    kept
        What an earlier process has left.
    stop
        Whether the job was told to stop.
    log
        Called with a line of text.
    every
        Seconds between two times, at least; `EVERY` if None.
    """

    def __init__(
        self,
        checkpoint: Checkpoint,
        kept: Kept | None,
        stop: Stop,
        log: Callable[[str], None],
        every: float | None = None,
    ) -> None:
        self._checkpoint, self.kept, self._stop, self._log = checkpoint, kept, stop, log
        self._every = EVERY if every is None else every
        self._next = time.monotonic() + self._every
        self._work: Work | None = None
        self.notes: dict[str, str] = {} if kept is None else dict(kept.notes)

    @property
    def resumed(self) -> int:
        """How often the job went on with other noise than it would have had."""
        return int(self.notes.get("resumed", 0))

    def begin(self, work: Work, notes: Mapping[str, str]) -> UnderWay | None:
        """Take a job into care, with notes on it; what it goes on with, None at its beginning."""
        self._work = work
        if self.kept is None:
            self.notes |= notes
            return None
        work.restore(self.kept.parts, under("work", self.kept.state))
        begun = UnderWay.of(under("engine", self.kept.state))
        exact = len(begun.noise) > 0 or len(begun) == 0
        resumed = self.resumed + (not exact)
        self.notes |= dict(notes) | ({"resumed": str(resumed)} if resumed else {})
        self._log(
            f"going on after {work.progress()}, with {len(begun)} half-shots from their last frame"
            + ("" if exact else "; their noise is another one")
        )
        # Frames are many: they are not needed twice.
        self.kept = None
        return begun

    def wanted(self) -> bool:
        """See `mechanist.engine.protocol.Rest`."""
        return self._stop.asked or time.monotonic() >= self._next

    def take(self, under_way: UnderWay) -> None:
        """Write the state.

        Raises
        ------
        Interrupted
            If the job was told to stop.
        """
        begun = time.monotonic()
        self.write(under_way)
        taken = time.monotonic() - begun
        self._next = time.monotonic() + max(self._every, taken / SHARE)
        if self._stop.asked and self._work is not None:
            raise Interrupted(
                self._stop.signal,
                f"stopped after {self._work.progress()}; {len(under_way)} half-shots are kept up to"
                f" their last frame in {self._checkpoint.folder}; the same command goes on from"
                " there",
            )

    def write(self, under_way: UnderWay) -> None:
        """Write the state, and go on."""
        assert self._work is not None
        state = prefixed("work", self._work.state()) | prefixed("engine", under_way.arrays())
        self._checkpoint.write(self._work.fresh(), state, self.notes)


@contextmanager
def keeping(
    folder: Path, identity: Mapping[str, object], log: Callable[[str], None], remove: bool = True
) -> Iterator[Keeper]:
    """Run a job inside that can be stopped and gone on with.

    Parameters
    ----------
    folder
        For its state.
    identity
        Everything that the job follows from.
    log
        Called with a line of text.
    remove
        Whether the folder is removed when all went well; else the caller does.
    """
    checkpoint = Checkpoint(folder, identity)
    with stoppable() as stop, checkpoint.held():
        kept = checkpoint.read()
        if kept is None and checkpoint.file.is_file():
            log(f"{checkpoint.folder}: left by a job with other settings or inputs; begun anew")
        yield Keeper(checkpoint, kept, stop, log)
        if remove:
            checkpoint.remove()
        elif stop.asked:
            raise Interrupted(stop.signal, "stopped; the same command goes on from here")
