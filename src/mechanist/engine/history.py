"""Frames of half-shots under way."""

import numpy as np

from mechanist.arrays import Array, Frames, Mask, Rows

FIRST_CAPACITY = 32


class History:
    """Frames of all slots since their half-shots began.

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

    def put_back(self, slot: int, frames: Frames) -> None:
        """Give a slot the frames (F, N, 3) that its half-shot has so far."""
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
    """Bytes of a history whose half-shots are as long as allowed."""
    return 12 * slots * atoms * longest
