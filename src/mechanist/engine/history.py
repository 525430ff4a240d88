"""Frames of half-shots under way: in memory, on disk for large systems, or none at all."""

import tempfile
from pathlib import Path
from typing import IO, Any, Protocol

import numpy as np

from mechanist.arrays import Array, Counts, Frames, FrameSource, Mask, Rows

FIRST_CAPACITY = 32

DISK_ATOMS = 5_000
"""Atoms from which frames under way are on disk: writing one takes a fraction of an MD step, and a
few half-shots would fill the memory."""


class History(Protocol):
    """Frames of all slots since their half-shots began; ``ages`` (R,) is the number kept."""

    ages: Counts

    def push(self, now: Array, busy: Mask) -> None:
        """Add one frame (R, N, 3) in nm to each ``busy`` (R,) slot."""

    def pull(self, slots: Rows) -> Frames:
        """Frames of some slots, one slot after the other, (sum of ages, N, 3); clears the slots."""

    def peek(self, slots: Rows) -> FrameSource:
        """As `pull`, but the slots keep their frames, and large ones stay on disk."""

    def put_back(self, slot: int, frames: Frames, age: int) -> None:
        """Give a slot the frames (F, N, 3) that its half-shot has so far, ``age`` in number."""


def make_history(
    slots: int,
    atoms: int,
    longest: int,
    frames: bool = True,
    scratch: Path | None = None,
    every: int = 1,
) -> History:
    """A history of so many slots for a system with so many atoms.

    Parameters
    ----------
    slots, atoms, longest
        Half-shots at the same time, atoms, and most frames of a half-shot.
    frames
        Whether frames are wanted; else only their number is kept.
    scratch
        Folder for frames of large systems; that of temporary files if None.
    every
        Every n-th frame is kept, of each slot at other times.
    """
    if not frames:
        return NoFrames(slots, atoms)
    if atoms >= DISK_ATOMS:
        return DiskHistory(slots, atoms, scratch)
    if every > 1:
        return ListHistory(slots, atoms)
    return MemoryHistory(slots, atoms, longest)


class NoFrames:
    """Only the number of frames, where nobody asks where half-shots were."""

    def __init__(self, slots: int, atoms: int) -> None:
        self.ages = np.zeros(slots, dtype=np.int64)
        self._none = np.empty((0, atoms, 3), dtype=np.float32)

    def push(self, now: Array, busy: Mask) -> None:
        """See `History`."""
        self.ages += busy

    def pull(self, slots: Rows) -> Frames:
        """See `History`: no frames."""
        self.ages[slots] = 0
        return self._none

    def peek(self, slots: Rows) -> FrameSource:
        """See `History`: no frames."""
        return self._none

    def put_back(self, slot: int, frames: Frames, age: int) -> None:
        """See `History`."""
        self.ages[slot] = age


class ListHistory:
    """Frames in a list for each slot, where not all slots keep one at the same time."""

    def __init__(self, slots: int, atoms: int) -> None:
        self.ages = np.zeros(slots, dtype=np.int64)
        self._frames: list[list[Frames]] = [[] for _ in range(slots)]
        self._none = np.empty((0, atoms, 3), dtype=np.float32)

    def push(self, now: Array, busy: Mask) -> None:
        """See `History`."""
        for slot in np.flatnonzero(busy).tolist():
            self._frames[slot].append(now[slot].astype(np.float32)[None])
        self.ages += busy

    def pull(self, slots: Rows) -> Frames:
        """See `History`."""
        frames = self.peek(slots)
        for slot in slots.tolist():
            self._frames[slot] = []
        self.ages[slots] = 0
        return frames

    def peek(self, slots: Rows) -> Frames:
        """See `History`."""
        kept = [frame for slot in slots.tolist() for frame in self._frames[slot]]
        return np.concatenate([self._none, *kept])

    def put_back(self, slot: int, frames: Frames, age: int) -> None:
        """See `History`."""
        self._frames[slot] = [frames[i : i + 1].astype(np.float32) for i in range(len(frames))]
        self.ages[slot] = len(frames)


class DiskHistory:
    """Frames in a file for each slot, which the kernel deletes when the process ends."""

    def __init__(self, slots: int, atoms: int, scratch: Path | None = None) -> None:
        self.ages = np.zeros(slots, dtype=np.int64)
        self._atoms, self._scratch = atoms, scratch
        self._files: list[IO[bytes] | None] = [None] * slots

    def push(self, now: Array, busy: Mask) -> None:
        """See `History`."""
        for slot in np.flatnonzero(busy).tolist():
            self._write(slot, np.asarray(now[slot], dtype=np.float32))
            self.ages[slot] += 1

    def pull(self, slots: Rows) -> Frames:
        """See `History`."""
        frames: Frames = self.peek(slots)[:]
        self.ages[slots] = 0
        return frames

    def peek(self, slots: Rows) -> FrameSource:
        """See `History`."""
        return SlotFrames(self, slots, self.ages[slots].copy(), self._atoms)

    def put_back(self, slot: int, frames: Frames, age: int) -> None:
        """See `History`."""
        self.ages[slot] = 0
        self._write(slot, np.asarray(frames, dtype=np.float32))
        self.ages[slot] = age

    def _write(self, slot: int, frames: Frames) -> None:
        file = self._files[slot]
        if file is None:
            # It is deleted when the process ends, however it ends.
            file = tempfile.TemporaryFile(dir=self._scratch, buffering=0)  # noqa: SIM115
            self._files[slot] = file
        file.seek(12 * self._atoms * int(self.ages[slot]))
        left = memoryview(np.ascontiguousarray(frames).reshape(-1).view(np.uint8).data)
        while len(left):
            left = left[file.write(left) :]

    def read(self, slot: int, first: int, count: int) -> Frames:
        """Some frames (F, N, 3) of a slot."""
        file, size = self._files[slot], 12 * self._atoms
        if file is None or not count:
            return np.empty((0, self._atoms, 3), dtype=np.float32)
        file.seek(first * size)
        found = np.fromfile(file, dtype=np.float32, count=count * size // 4)
        return found.reshape(count, self._atoms, 3)


class SlotFrames:
    """Frames of some slots of a `DiskHistory`, read when they are asked for."""

    def __init__(self, history: DiskHistory, slots: Rows, ages: Counts, atoms: int) -> None:
        self._history, self._slots, self._atoms = history, slots, atoms
        self._starts = np.concatenate([[0], np.cumsum(ages)])

    def __len__(self) -> int:
        return int(self._starts[-1])

    @property
    def shape(self) -> tuple[int, ...]:
        """(F, N, 3)."""
        return (len(self), self._atoms, 3)

    def __getitem__(self, key: Any) -> Any:
        rows = np.arange(len(self))[key]
        if np.ndim(rows) == 0:
            return self[np.array([rows])][0]
        result = np.empty((len(rows), self._atoms, 3), dtype=np.float32)
        places = np.searchsorted(self._starts[1:], rows, side="right")
        for place in np.unique(places).tolist():
            mine = np.flatnonzero(places == place)
            frames, slot = rows[mine] - self._starts[place], int(self._slots[place])
            for run in np.split(np.arange(len(mine)), 1 + np.flatnonzero(np.diff(frames) != 1)):
                result[mine[run]] = self._history.read(slot, int(frames[run[0]]), len(run))
        return result


class MemoryHistory:
    """Frames in memory.

    A ring buffer with one block of all slots per frame. It doubles when a half-shot outgrows it, so
    that memory follows the longest half-shot so far, not the longest one allowed:
    slots x frames x atoms x 12 bytes.

    Parameters
    ----------
    slots, atoms
        Shape of a block.
    longest
        Largest number of frames of a half-shot.
    """

    def __init__(self, slots: int, atoms: int, longest: int) -> None:
        self._longest = longest
        self._ring = np.empty((min(FIRST_CAPACITY, longest), slots, atoms, 3), dtype=np.float32)
        self._next = 0
        self.ages = np.zeros(slots, dtype=np.int64)

    @property
    def capacity(self) -> int:
        """Frames that a half-shot can have before the ring buffer grows."""
        return len(self._ring)

    def push(self, now: Array, busy: Mask) -> None:
        """Add one frame (R, N, 3) in nm to each ``busy`` (R,) slot."""
        if self.ages.max() >= self.capacity:
            self._grow()
        self._ring[self._next] = now
        self._next = (self._next + 1) % self.capacity
        self.ages += busy

    def pull(self, slots: Rows) -> Frames:
        """Frames of some slots, one slot after the other, (sum of ages, N, 3); clears the slots."""
        frames = self.peek(slots)
        self.ages[slots] = 0
        return frames

    def peek(self, slots: Rows) -> Frames:
        """As `pull`, but the slots keep their frames."""
        lengths = self.ages[slots]
        stops = np.cumsum(lengths)
        place = np.arange(lengths.sum()) - np.repeat(stops, lengths)
        frames: Frames = self._ring[(self._next + place) % self.capacity, np.repeat(slots, lengths)]
        return frames

    def put_back(self, slot: int, frames: Frames, age: int) -> None:
        """See `History`."""
        while len(frames) > self.capacity:
            self._grow()
        rows = (self._next + np.arange(-len(frames), 0)) % self.capacity
        self._ring[rows, slot] = frames
        self.ages[slot] = len(frames)

    def _grow(self) -> None:
        capacity = min(2 * self.capacity, self._longest)
        larger = np.empty((capacity, *self._ring.shape[1:]), dtype=np.float32)
        # The oldest block, which is the next to be overwritten, comes first.
        older = len(self._ring) - self._next
        larger[:older] = self._ring[self._next :]
        larger[older : len(self._ring)] = self._ring[: self._next]
        self._next = len(self._ring) % capacity
        self._ring = larger


def history_bytes(slots: int, atoms: int, longest: int) -> int:
    """Bytes of memory of a history whose half-shots are as long as allowed."""
    return 0 if atoms >= DISK_ATOMS else 12 * slots * atoms * longest
