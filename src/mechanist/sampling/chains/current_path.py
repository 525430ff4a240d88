"""Transition paths and other paths: the frames, and the shot that made them.

Frames of a path count from one end to the other. Where only every k-th frame of a half-shot is kept
(`sampling.candidates`), a path has both ends and, of the frames between, those whose distance from
the shooting point is a multiple of k.
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Frames, FrameSource, Rows


@dataclass(slots=True)
class CurrentPath:
    """A path of a chain, kept frames (F, N, 3) in nm with both ends in states.

    ``frames`` are in memory or on disk; ``move`` is the shot that made it (-1: a first path),
    ``shooting_frame`` its shooting point; ``weight`` counts the moves after burn-in for which it
    was the current path of its chain. Every ``every``-th frame between the ends is kept, of
    ``length`` frames in all (0: all are).
    """

    frames: FrameSource
    move: int
    shooting_frame: int
    weight: int = 0
    every: int = 1
    length: int = 0

    def __post_init__(self) -> None:
        self.length = self.length or len(self.frames)

    @property
    def interior(self) -> Frames:
        """Kept frames between the states."""
        inner: Frames = self.frames[1:-1]
        return inner

    @property
    def places(self) -> Rows:
        """Numbers (F - 2,) of the kept frames between the states, in the whole path."""
        first = 1 + (self.shooting_frame - 1) % self.every
        return np.arange(first, self.length - 1, self.every)


def join_halves(
    point: Frames,
    backward: Frames,
    forward: Frames,
    move: int,
    every: int = 1,
    ages: tuple[int, int] | None = None,
) -> CurrentPath:
    """The path through a shooting point (N, 3): the backward half reversed, then the forward.

    ``ages`` are the numbers of all frames of both halves, of which every ``every``-th is there.
    """
    before, after = ages or (len(backward), len(forward))
    frames = np.concatenate([backward[::-1], point[None], forward])
    return CurrentPath(frames, move, before, every=every, length=before + 1 + after)


def reversed_path(path: CurrentPath) -> CurrentPath:
    """The same path reversed in time; in equilibrium it has the same weight."""
    frames = np.ascontiguousarray(path.frames[::-1], dtype=np.float32)
    point = path.length - 1 - path.shooting_frame
    return CurrentPath(frames, path.move, point, every=path.every, length=path.length)


def sparse(path: CurrentPath, every: int) -> CurrentPath:
    """A path of which all frames are there, with those that a chain of this ``every`` keeps."""
    if every == 1 or len(path.frames) < path.length:
        return path
    rows = CurrentPath(path.frames, path.move, path.shooting_frame, every=every).places
    frames = path.frames[np.concatenate([[0], rows, [path.length - 1]])]
    own = path.move, path.shooting_frame, path.weight
    return CurrentPath(frames, *own, every, path.length)
