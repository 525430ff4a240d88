"""Frames of half-shots under way in a checkpoint: only those made since the last one are written.

They are appended to a log, and the state says which of its frames belong to which half-shot. A
half-shot is known by its key and by its last frame that is in the log. Frames of those that have
ended stay there until most of the log is of no use; then a new one is begun.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import NamedArrays, Rows
from mechanist.engine.under_way import UnderWay
from mechanist.sampling.records.frame_log import DiskLog
from mechanist.sampling.records.stored_frames import StoredFrames, pieces

WASTE, LEAST = 4, 256
"""A new log is begun when the old one has more than so many frames for each that is in use, and at
least so many."""


class UnderWayLog:
    """Frames under way of one job, in the folder of its checkpoint."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._log: DiskLog | None = None
        self._generation = 0
        self._rows: dict[int, Rows] = {}

    def _file(self, generation: int) -> Path:
        return self._folder / f"under_way_{generation}.trr"

    def add(self, under_way: UnderWay) -> NamedArrays:
        """Write what is new; arrays for the state, from which `restore` makes the same again."""
        atoms = under_way.frames.shape[1]
        if self._log is None:
            self._log = DiskLog(self._file(self._generation), atoms)
        live = int(under_way.lengths.sum()) if len(under_way.frames) else 0
        if len(self._log) > WASTE * live + LEAST:
            self._generation += 1
            self._log, self._rows = DiskLog(self._file(self._generation), atoms), {}
        rows: dict[int, Rows] = {}
        if live:
            starts = (np.cumsum(under_way.lengths) - under_way.lengths).tolist()
            for key, start, length in zip(
                under_way.keys.tolist(), starts, under_way.lengths.tolist(), strict=True
            ):
                rows[key] = self._add(self._log, under_way, key, (start, start + length))
        self._rows = rows
        self._log.sync()
        every = np.concatenate([np.empty(0, dtype=np.int64), *rows.values()])
        place = np.array([self._generation, len(self._log), atoms])
        return replace(under_way, frames=under_way.frames[:0]).arrays() | {
            "rows": every,
            "place": place,
        }

    def _add(self, log: DiskLog, under_way: UnderWay, key: int, span: tuple[int, int]) -> Rows:
        """Rows in the log of the frames of a half-shot, the new ones appended."""
        start, stop = span
        known = self._rows.get(key, np.empty(0, dtype=np.int64))
        if len(known) > stop - start or not self._same(log, under_way, known, start):
            known = known[:0]
        first = len(log)
        for piece in pieces(_Part(under_way, start + len(known), stop)):
            log.append(piece)
        return np.concatenate([known, np.arange(first, len(log))])

    @staticmethod
    def _same(log: DiskLog, under_way: UnderWay, known: Rows, start: int) -> bool:
        """Whether the last known frame is one of this half-shot: two never have the same one."""
        if not len(known):
            return True
        last = log.part(int(known[-1]), 1)[0]
        return bool(np.array_equal(last, under_way.frames[start + len(known) - 1]))

    def clean(self) -> None:
        """Delete logs that no state names any more."""
        for file in self._folder.glob("under_way_*.trr"):
            if file != self._file(self._generation):
                file.unlink(missing_ok=True)

    def restore(self, arrays: NamedArrays) -> UnderWay:
        """What was under way when these arrays were written."""
        self._generation, count, atoms = arrays["place"].tolist()
        file, rows = self._file(self._generation), arrays["rows"]
        self._log = DiskLog(file, atoms, resume=True)
        self._log.cut(count)
        under_way = UnderWay.of(arrays)
        if len(rows):
            stops = np.cumsum(under_way.lengths)[:-1]
            parts = np.split(rows, stops)
            self._rows = dict(zip(under_way.keys.tolist(), parts, strict=True))
        whole = self._log.part(0, count)
        assert isinstance(whole, StoredFrames)
        return replace(under_way, frames=whole.view(rows))


class _Part:
    """Some frames under way, as a source that is read piece by piece."""

    def __init__(self, under_way: UnderWay, start: int, stop: int) -> None:
        self._frames, self._start, self._count = under_way.frames, start, stop - start

    def __len__(self) -> int:
        return self._count

    @property
    def shape(self) -> tuple[int, ...]:
        return (self._count, *self._frames.shape[1:])

    def __getitem__(self, key: slice) -> Any:
        first, last, _ = key.indices(self._count)
        return self._frames[self._start + first : self._start + last]
