"""In which order runs are made: a segment of all, some runs at a time, some frames at a time.

Contexts and frames of a large system fill the memory. So only as many runs go on side by side as
may be open, a batch, and what is not kept of their frames is dropped after every piece of a
segment.
Small systems have one batch and one piece.
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Rows
from mechanist.engine.plan import Plan, open_slots

PIECE_BYTES = 2**26
"""Bytes of the frames of a batch in a piece, at most."""

COPIES = 4
"""Copies of a piece: the buffer of the engine, which doubles as it grows, and its frames."""


@dataclass(frozen=True)
class RunUnits:
    """Units of the work: piece after piece of a batch, batch after batch of a segment.

    Parameters
    ----------
    runs
        In each group.
    together
        Runs of a batch.
    frames, piece
        Of a segment, and of a piece of it at most.
    """

    runs: int
    together: int
    frames: int
    piece: int

    @staticmethod
    def of(runs: int, frames: int, atoms: int, plan: Plan) -> "RunUnits":
        """Those of a system with so many atoms."""
        together = open_slots(plan, runs, atoms)
        piece = max(2, PIECE_BYTES // (12 * atoms * together))
        return RunUnits(runs, together, frames, min(frames, piece))

    def needed(self, atoms: int) -> int:
        """Bytes of frames that are in memory at the same time: a piece, twice while it grows."""
        return COPIES * 12 * atoms * self.together * self.piece

    @property
    def batches(self) -> int:
        """Batches of a segment."""
        return -(-self.runs // self.together)

    @property
    def pieces(self) -> int:
        """Pieces of a segment of one batch."""
        return -(-self.frames // self.piece)

    @property
    def per_segment(self) -> int:
        """Units of a segment."""
        return self.batches * self.pieces

    def batch(self, unit: int) -> int:
        """Which batch a unit goes on with."""
        return unit % self.per_segment // self.pieces

    def rows(self, batch: int) -> Rows:
        """Runs of a batch."""
        return np.arange(batch * self.together, min(self.runs, (batch + 1) * self.together))

    def number(self, unit: int) -> int:
        """Number of the piece among all pieces of its runs."""
        return unit // self.per_segment * self.pieces + unit % self.pieces

    def size(self, unit: int) -> int:
        """Frames of a unit: pieces of a segment differ by one at most."""
        at = unit % self.pieces
        return self.frames // self.pieces + (at < self.frames % self.pieces)
