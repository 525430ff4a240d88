"""Where half-shots were that were too long: some frames of the second half of each.

A job keeps at most `KEPT` of them, those with the smallest seeds of their shots: seeds are hashes,
so these are a random sample, and the same one in whatever order the half-shots end.
"""

from dataclasses import dataclass
from heapq import heappush, heappushpop

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Frames, NamedArrays, Rows
from mechanist.engine.half_shots import TOO_LONG
from mechanist.sampling.chains.shots import Shots

KEPT, FEWEST_KEPT, KEPT_BYTES = 64, 8, 2**27
"""Half-shots of a job that are kept, at most: fewer if they would take more memory than this."""

FRAMES = 17
"""Frames kept of each: the last one, and others evenly over the second half, T/32 apart if T is the
longest half-shot. They tell how soon it forgets where it is."""


def kept_halves(atoms: int) -> int:
    """Half-shots of a job that are kept, at most, of a system with so many atoms."""
    return max(FEWEST_KEPT, min(KEPT, KEPT_BYTES // (12 * FRAMES * atoms)))


SIDES = np.array(["backward", "forward"], dtype=object)
"""Names of the half-shots of a shot, indexed by their numbers."""


@dataclass(frozen=True)
class LongHalves:
    """Half-shots that were too long.

    Parameters
    ----------
    chain, move, side
        (H,) chain and number of the shot, and which half of it: 0 backward, 1 forward.
    frames
        (H, K, N, 3) in nm, evenly over the second half, the last one included.
    """

    chain: Rows
    move: Rows
    side: Rows
    frames: Frames

    def __len__(self) -> int:
        return len(self.chain)


def kept_rows(length: int) -> NDArray[np.int64]:
    """Frames that are kept of a half-shot of ``length`` frames."""
    first = length // 2
    count = min(FRAMES, length - first)
    return np.unique(np.rint(np.linspace(length - 1, first, count)).astype(np.int64))


class LongHalfSample:
    """Half-shots that were too long, as they end; ``most`` of them are kept."""

    def __init__(self, most: int = KEPT) -> None:
        self._most = most
        # The largest seed comes first, and goes first when there are too many.
        self._kept: list[tuple[int, int, int, int]] = []
        self._frames: dict[tuple[int, int, int, int], Frames] = {}
        self._saved: set[tuple[int, int, int, int]] = set()

    def __len__(self) -> int:
        return len(self._kept)

    def add(self, shots: Shots) -> None:
        """Add those of finished shots with their frames."""
        rows, sides = np.nonzero(shots.ends == TOO_LONG)
        for row, side in zip(rows.tolist(), sides.tolist(), strict=True):
            half = shots.halves[row][side]
            name = (-int(shots.seed[row]), int(shots.chain[row]), int(shots.move[row]), side)
            self._put(name, half[kept_rows(len(half))])

    def _put(self, name: tuple[int, int, int, int], frames: Frames) -> None:
        # A copy: else the whole half-shot would stay in memory.
        self._frames[name] = np.array(frames, dtype=np.float32)
        if len(self._kept) < self._most:
            heappush(self._kept, name)
        else:
            del self._frames[heappushpop(self._kept, name)]

    def all(self) -> LongHalves | None:
        """Those that are kept, by chain, move and side; None if there are none."""
        names = sorted(self._kept, key=lambda name: name[1:])
        if not names:
            return None
        chain, move, side = np.array(names, dtype=np.int64)[:, 1:].T
        return LongHalves(chain, move, side, np.stack([self._frames[name] for name in names]))

    def unsaved(self) -> NamedArrays:
        """Those that this has not returned before, for a checkpoint."""
        new = sorted(set(self._kept) - self._saved)
        self._saved |= set(new)
        if not new:
            return {}
        frames = np.stack([self._frames[name] for name in new])
        return {"long_names": np.array(new, dtype=np.int64), "long_frames": frames}

    def restore(self, part: NamedArrays) -> None:
        """Add what `unsaved` returned once."""
        if "long_names" not in part:
            return
        for name, frames in zip(part["long_names"].tolist(), part["long_frames"], strict=True):
            self._put((name[0], name[1], name[2], name[3]), frames)
        self._saved |= set(self._kept)
