"""Frames of files, read when they are asked for.

A run may have more frames than fit into memory. `StoredFrames` behaves like an array (F, N, 3) as
far as indexing goes: a number, a slice, a mask or rows of frames give an array with these frames,
read from disk. `view` leaves them on disk, so that what goes through frames piece by piece, such as
`mechanist.systems.descriptors.descriptor_set.DescriptorSet.values`, holds a piece at a time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np

from mechanist.arrays import Array, Frames, FrameSource, Rows
from mechanist.bookkeeping.files import MISSING, check
from mechanist.errors import DataError
from mechanist.sampling.records import trr
from mechanist.sampling.records.stored_waters import Waters
from mechanist.sampling.records.value_columns import ValueColumns, read_values
from mechanist.systems.descriptors.descriptor_set import DescriptorSet

PIECE_BYTES = 2**24
"""Bytes of a file that are read at a time."""

GAP_BYTES = 2**15
"""Bytes that are not wanted are read if they are fewer: faster than another call."""


@dataclass(frozen=True)
class FrameFile:
    """A TRR of ``count`` frames of ``stored`` atoms; with ``waters``, of all after expansion.

    ``columns`` are values of descriptors beside it.
    """

    path: Path
    stored: int
    count: int
    waters: Waters | None = None
    columns: ValueColumns | None = None

    def read(self, rows: Rows) -> Frames:
        """Frames (K, N, 3) of these numbers, which ascend."""
        result = np.empty((len(rows), self.stored, 3), dtype=np.float32)
        with self.path.open("rb", buffering=0) as handle:
            for part in self._pieces(rows):
                first, last = int(rows[part.start]), int(rows[part.stop - 1])
                some = trr.read_part(handle, self.path, self.stored, first, last + 1 - first)
                result[part] = some[rows[part] - first]
        return result if self.waters is None else self.waters.expand(result)

    def _pieces(self, rows: Rows) -> Iterator[slice]:
        """Ranges of ``rows`` to be read in one call each."""
        size = trr.frame_type(self.stored).itemsize
        most, gap = max(1, PIECE_BYTES // size), max(1, GAP_BYTES // size)
        start = 0
        for end in [*(1 + np.flatnonzero(np.diff(rows) > gap)).tolist(), len(rows)]:
            while start < end:
                stop = int(np.searchsorted(rows[start:end], rows[start] + most)) + start
                yield slice(start, stop)
                start = stop


@dataclass(frozen=True)
class StoredFrames:
    """Frames (F, N, 3) in nm, float32, of one or several files.

    Parameters
    ----------
    files
        In the order of the frames.
    atoms
        N.
    rows
        (F,) numbers of the frames over all files; None: all of them.
    """

    files: tuple[FrameFile, ...]
    atoms: int
    rows: Rows | range | None = None

    def __len__(self) -> int:
        if self.rows is not None:
            return len(self.rows)
        return sum(file.count for file in self.files)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(F, N, 3)."""
        return (len(self), self.atoms, 3)

    def view(self, key: Any) -> "StoredFrames":
        """The frames of a slice, a mask (F,) or rows (K,), which stay on disk."""
        rows = range(len(self)) if self.rows is None else self.rows
        chosen = rows[key] if isinstance(key, slice) else _array(rows)[key]
        return StoredFrames(self.files, self.atoms, chosen)

    def __getitem__(self, key: Any) -> Frames:
        if isinstance(key, tuple):
            # Frames are read whole; atoms and axes are chosen then.
            frames, *rest = key
            whole = isinstance(frames, int | np.integer)
            part: Frames = self[frames][tuple(rest) if whole else (slice(None), *rest)]
            return part
        if isinstance(key, int | np.integer):
            rows = range(len(self)) if self.rows is None else self.rows
            one: Frames = self._read(np.array([rows[int(key)]]))[0]
            return one
        chosen = self.view(key).rows
        return self._read(np.empty(0, np.int64) if chosen is None else _array(chosen))

    def __iter__(self) -> Iterator[Frames]:
        for part in pieces(self):
            yield from part

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        """All of them in memory."""
        return self[:] if dtype is None else self[:].astype(dtype)

    def known_values(self, descriptors: DescriptorSet) -> Array | None:
        """Values (F, D) that are stored beside the frames; None if some are not."""
        if not self.files or any(file.columns is None for file in self.files):
            return None
        rows = _array(range(len(self)) if self.rows is None else self.rows)
        result, start = np.empty((len(rows), len(descriptors))), 0
        for file in self.files:
            mine = np.flatnonzero((rows >= start) & (rows < start + file.count))
            assert file.columns is not None
            found = file.columns.values(descriptors, rows[mine] - start)
            if found is None:
                return None
            result[mine] = found
            start += file.count
        return result

    def _read(self, rows: Rows) -> Frames:
        if len(self.files) == 1 and (rows[1:] > rows[:-1]).all():
            return self.files[0].read(rows)
        result = np.empty((len(rows), self.atoms, 3), dtype=np.float32)
        order = np.argsort(rows, kind="stable")
        ordered, start = rows[order], 0
        for file in self.files:
            low, high = np.searchsorted(ordered, [start, start + file.count])
            if high > low:
                unique, which = np.unique(ordered[low:high] - start, return_inverse=True)
                some = file.read(unique)
                result[order[low:high]] = some if len(unique) == high - low else some[which]
            start += file.count
        return result


def _array(rows: Rows | range) -> Rows:
    """Numbers of a range as an array; numpy's own way is slow."""
    return np.arange(rows.start, rows.stop, rows.step) if isinstance(rows, range) else rows


def open_frames(path: Path, atoms: int, waters: Waters | None = None) -> StoredFrames:
    """Frames of a TRR, which is checked against its receipt now, and read later.

    Parameters
    ----------
    path
        The file.
    atoms
        Expected number of atoms, of which some may not be stored.
    waters
        How the others are put back; None: all are stored.

    Raises
    ------
    DataError
        If the file is missing, damaged or truncated or has another number of atoms.
    """
    if not path.is_file():
        raise DataError(path, MISSING)
    check(path)
    stored = atoms if waters is None else len(waters.kept_atoms)
    count = trr.count_frames(path, stored)
    file = FrameFile(path, stored, count, waters, read_values(path, count))
    return StoredFrames((file,), atoms)


def join_frames(parts: Sequence[FrameSource], atoms: int) -> FrameSource:
    """Frames of several sources, one after the other; stays on disk if all are whole files."""
    stored = [part for part in parts if isinstance(part, StoredFrames) and part.rows is None]
    if len(stored) == len(parts):
        return StoredFrames(tuple(file for part in stored for file in part.files), atoms)
    return np.concatenate([np.empty((0, atoms, 3), np.float32), *(part[:] for part in parts)])


def join_views(parts: Sequence[FrameSource]) -> FrameSource:
    """Parts of one source, one after the other; stays on disk if all are of the same files."""
    stored = [part for part in parts if isinstance(part, StoredFrames)]
    if not stored or len(stored) < len(parts):
        return np.concatenate([part[:] for part in parts])
    # A log that has grown since is the same file.
    last = max(stored, key=lambda part: sum(file.count for file in part.files))
    names = [file.path for file in last.files]
    if any(part.rows is None or [f.path for f in part.files] != names for part in stored):
        return np.concatenate([part[:] for part in parts])
    rows = [_array(part.rows) for part in stored if part.rows is not None]
    return StoredFrames(last.files, last.atoms, np.concatenate(rows))


@overload
def view(frames: StoredFrames, key: Any) -> StoredFrames: ...
@overload
def view(frames: FrameSource, key: Any) -> FrameSource: ...
def view(frames: FrameSource, key: Any) -> FrameSource:
    """The frames of a slice, a mask (F,) or rows (K,): on disk if they are there."""
    return frames.view(key) if isinstance(frames, StoredFrames) else frames[key]


def pieces(frames: FrameSource) -> Iterator[Frames]:
    """All frames in order, some at a time."""
    step = max(1, PIECE_BYTES // (12 * frames.shape[1]))
    for start in range(0, len(frames), step):
        yield frames[start : start + step]
