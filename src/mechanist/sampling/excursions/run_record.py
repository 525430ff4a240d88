"""What is kept of an equilibrium run: states of all frames, and the frames that are needed later.

Frames between the states are kept, with the frames in states before and after them, and every n-th
frame in a state. The memory of a run thus follows its excursions and not its length.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mechanist.arrays import Counts, Frames, FrameSource, Labels, Mask, NamedArrays, Rows
from mechanist.sampling.records.frame_log import FrameLog
from mechanist.sampling.records.stored_frames import join_views, view


@dataclass(frozen=True)
class Segment:
    """A part of a run.

    Parameters
    ----------
    labels
        (F,) states: -1 for A, +1 for B, 0 for neither.
    kept
        (F,) which frames are kept.
    frames
        (sum of kept, N, 3) in nm.
    """

    labels: Labels
    kept: Mask
    frames: FrameSource


@dataclass(frozen=True)
class Run:
    """One equilibrium run after its burn-in.

    Attributes
    ----------
    labels
        (F,) states: -1 for A, +1 for B, 0 for neither.
    kept, frames
        (F,) which frames are kept, and these (sum of kept, N, 3) in nm.
    sampled
        (K,) evenly spaced frames, each in one of the states, which are all kept.
    every
        Frames between two of these, where the run does not leave the states.
    before
        Label of the state that the run was last in when its burn-in ended; 0 if in none.
    """

    labels: Labels
    kept: Mask
    frames: FrameSource
    sampled: Rows
    every: int
    before: int = 0

    @cached_property
    def _ahead(self) -> Rows:
        """(F,) kept frames before each frame."""
        return np.cumsum(self.kept) - self.kept

    @property
    def last(self) -> Labels:
        """(F,) the state that the run was last in; 0 before its first visit to one."""
        known = np.append(np.int8(self.before), self.labels)
        visit = np.maximum.accumulate(np.where(known != 0, np.arange(len(known)), 0))
        last: Labels = known[visit[1:]]
        return last

    @property
    def excursions(self) -> list[slice]:
        """Complete excursions, as ranges of frames."""
        return pieces(self.labels)

    def path(self, part: slice) -> FrameSource:
        """Frames of an excursion."""
        first = int(self._ahead[part.start])
        return view(self.frames, slice(first, first + part.stop - part.start))

    def structures(self, rows: Rows) -> FrameSource:
        """Kept frames of these numbers (K,)."""
        return view(self.frames, self._ahead[rows])


def segment(frames: Frames, labels: Labels, before: int, every: int) -> Segment:
    """What to keep of the frames (F, N, 3) of a run that had ``before`` frames already."""
    out = labels == 0
    kept = out | ((before + np.arange(len(labels))) % every == 0)
    kept[:-1] |= out[1:]
    kept[1:] |= out[:-1]
    # An excursion may begin or end with the next or the last segment.
    kept[[0, -1]] = True
    return Segment(labels, kept, frames[kept])


def run_of(segments: Sequence[Segment], burn_in: int, every: int) -> Run:
    """A run from its segments without the first ``burn_in`` frames.

    ``every`` is a multiple of that of the segments.
    """
    labels = np.concatenate([one.labels for one in segments])
    kept = np.concatenate([one.kept for one in segments])
    frames = join_views([one.frames for one in segments])
    visits = labels[:burn_in][labels[:burn_in] != 0]
    before = int(visits[-1]) if len(visits) else 0
    frames = view(frames, slice(int(kept[:burn_in].sum()), None))
    kept, labels = kept[burn_in:], labels[burn_in:]
    in_states = (labels != 0) & ((burn_in + np.arange(len(labels))) % every == 0)
    return Run(labels, kept, frames, np.flatnonzero(in_states), every, before)


def segment_arrays(segments: Sequence[Segment]) -> NamedArrays:
    """Segments as named arrays without their frames, for a checkpoint."""
    return {
        "sizes": np.array([len(one.labels) for one in segments], dtype=np.int64),
        "labels": np.concatenate([one.labels for one in segments]).astype(np.int8),
        "kept": np.concatenate([one.kept for one in segments]),
    }


def segments_of(arrays: NamedArrays, log: FrameLog, first: int) -> list[Segment]:
    """Inverse of `segment_arrays`, whose frames are in a log, from number ``first`` on."""
    edges = np.cumsum(arrays["sizes"])[:-1]
    labels, kept = np.split(arrays["labels"], edges), np.split(arrays["kept"], edges)
    counts = [int(one.sum()) for one in kept]
    starts = (first + np.cumsum([0, *counts[:-1]])).tolist()
    frames = [log.part(start, count) for start, count in zip(starts, counts, strict=True)]
    return [Segment(*row) for row in zip(labels, kept, frames, strict=True)]


def pieces(labels: Labels) -> list[slice]:
    """Excursions of a labelled trajectory, as ranges of frames with both ends in states."""
    inside = np.flatnonzero(labels)
    gaps = np.flatnonzero(np.diff(inside) > 1)
    return [slice(int(inside[i]), int(inside[i + 1]) + 1) for i in gaps]


def counts_by_block(run: Run, blocks: int) -> dict[str, Counts]:
    """Counts (blocks, 2) of a run in blocks of equal length, while last in A and in B.

    ``time`` in frames; ``starts``, excursions that began; ``jumps`` from the state to the other one
    between two frames. The last frame, after which nothing is known, is not counted.
    """
    labels, last = run.labels, run.last
    steps = len(labels) - 1
    block = np.arange(steps) * blocks // max(steps, 1)
    seen = last[:-1] != 0
    cell = 2 * block + (last[:-1] > 0)
    left = (labels[:-1] != 0) & (labels[1:] == 0)
    jump = labels[:-1] * labels[1:] == -1
    return {
        name: np.bincount(cell[rows], minlength=2 * blocks).reshape(blocks, 2)
        for name, rows in (("time", seen), ("starts", left), ("jumps", jump))
    }
