"""Transition paths and other paths: the frames, and the shot that made them."""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Frames, FrameSource


@dataclass(slots=True)
class CurrentPath:
    """A path of a chain, frames (F, N, 3) in nm with both ends in states, in memory or on disk.

    ``move`` is the shot that made it (-1: a first path), ``shooting_frame`` its shooting point;
    ``weight`` counts the moves after burn-in for which it was the current path of its chain.
    """

    frames: FrameSource
    move: int
    shooting_frame: int
    weight: int = 0

    @property
    def interior(self) -> Frames:
        """Frames between the states."""
        inner: Frames = self.frames[1:-1]
        return inner


def join_halves(point: Frames, backward: Frames, forward: Frames, move: int) -> CurrentPath:
    """The path through a shooting point (N, 3): the backward half reversed, then the forward."""
    frames = np.concatenate([backward[::-1], point[None], forward])
    return CurrentPath(frames, move, len(backward))


def reversed_path(path: CurrentPath) -> CurrentPath:
    """The same path reversed in time; in equilibrium it has the same weight."""
    frames = np.ascontiguousarray(path.frames[::-1], dtype=np.float32)
    return CurrentPath(frames, path.move, len(frames) - 1 - path.shooting_frame)
