"""Half-shots that go into an engine, half-paths that come out, and the queue between.

They travel in batches, so that many share the cost of a Python call.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Counts, Frames, Mask, NamedArrays, Positions, Rows

IN_A, IN_B, TOO_LONG, EXPLODED, STOPPED = np.arange(5, dtype=np.int8)
"""How a half-shot can end."""

END_NAMES = np.array(["A", "B", "too_long", "exploded", "stopped"], dtype=object)
"""Names of the ends, indexed by their numbers."""


def in_states(ends: NDArray[np.int8]) -> Mask:
    """Which ends (K,) are in A or B."""
    return np.asarray(ends < TOO_LONG)


@dataclass(frozen=True)
class HalfShots:
    """Trajectories to run until they reach a state.

    Parameters
    ----------
    keys
        (K,) identifiers, which the half-paths carry.
    positions
        (K, N, 3) in nm.
    velocities
        (K, N, 3) in nm/ps, at the same time as the positions. Components along constraints are
        projected out by the engine.
    """

    keys: Rows
    positions: Positions
    velocities: Array

    def __len__(self) -> int:
        return len(self.keys)

    def part(self, rows: slice) -> "HalfShots":
        """A slice of them."""
        return HalfShots(self.keys[rows], self.positions[rows], self.velocities[rows])


@dataclass(frozen=True)
class HalfPaths:
    """Finished half-shots.

    Parameters
    ----------
    keys
        (K,) as in the half-shots.
    ends
        (K,) `IN_A`, `IN_B`, `TOO_LONG`, `EXPLODED` or `STOPPED`.
    lengths
        (K,) frames of each that are kept.
    frames
        (sum of lengths, N, 3) in nm, one half-path after the other, without the starting points;
        the last frame of each is kept, and is in the state if it ended in one.
    steps
        (K,) MD steps that were run.
    """

    keys: Rows
    ends: NDArray[np.int8]
    lengths: Counts
    frames: Frames
    steps: Counts

    def __len__(self) -> int:
        return len(self.keys)

    def each(self) -> list[Frames]:
        """Frames of each half-path."""
        stops = np.cumsum(self.lengths).tolist()
        starts = [0, *stops[:-1]]
        return [self.frames[start:stop] for start, stop in zip(starts, stops, strict=True)]


def joined(batches: Sequence[HalfPaths]) -> HalfPaths:
    """One batch of several."""
    if len(batches) == 1:
        return batches[0]
    return HalfPaths(
        np.concatenate([batch.keys for batch in batches]),
        np.concatenate([batch.ends for batch in batches]),
        np.concatenate([batch.lengths for batch in batches]),
        np.concatenate([batch.frames for batch in batches]),
        np.concatenate([batch.steps for batch in batches]),
    )


def some(halves: HalfPaths, which: Mask) -> HalfPaths:
    """The half-paths selected by a mask (K,)."""
    frames = halves.frames[np.repeat(which, halves.lengths)]
    keys, ends, lengths = halves.keys[which], halves.ends[which], halves.lengths[which]
    return HalfPaths(keys, ends, lengths, frames, halves.steps[which])


def no_half_paths(atoms: int) -> HalfPaths:
    """An empty batch, for a system with so many atoms."""
    none = np.empty(0, dtype=np.int64)
    frames = np.empty((0, atoms, 3), dtype=np.float32)
    return HalfPaths(none, none.astype(np.int8), none, frames, none)


class ShotQueue:
    """Half-shots that wait for a slot, first in, first out."""

    def __init__(self) -> None:
        self._waiting: deque[HalfShots] = deque()

    def arrays(self) -> NamedArrays:
        """The waiting half-shots as named arrays; empty if there are none."""
        if not self._waiting:
            return {}
        names = ("keys", "positions", "velocities")
        waiting = {name: [getattr(part, name) for part in self._waiting] for name in names}
        return {f"queue_{name}": np.concatenate(parts) for name, parts in waiting.items()}

    def put_arrays(self, arrays: NamedArrays) -> None:
        """Inverse of `arrays`; ignores other names."""
        if "queue_keys" in arrays:
            columns = (arrays[f"queue_{name}"] for name in ("keys", "positions", "velocities"))
            self.put(HalfShots(*columns))

    def put(self, shots: HalfShots) -> None:
        """Add half-shots at the end."""
        if len(shots):
            self._waiting.append(shots)

    def take(self, count: int) -> HalfShots | None:
        """Up to ``count`` half-shots of one batch; a `NextShots`."""
        if not self._waiting or count < 1:
            return None
        first = self._waiting.popleft()
        if len(first) > count:
            self._waiting.appendleft(first.part(slice(count, None)))
            first = first.part(slice(count))
        return first
