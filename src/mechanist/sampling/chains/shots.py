"""Finished two-way shots."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Frames, FrameSource, Mask, Probabilities, Rows
from mechanist.engine.half_shots import END_NAMES
from mechanist.sampling.chains.current_path import CurrentPath


@dataclass(frozen=True)
class Shot:
    """One row of `Shots`; ends are A, B, too_long, exploded or stopped."""

    chain: int
    move: int
    p_predicted: float
    point: Frames
    ends: tuple[str, str]
    steps: tuple[int, int]
    seen: tuple[float, float]
    path: CurrentPath | None
    halves: tuple[Frames, Frames]


@dataclass(frozen=True)
class Shots:
    """Finished two-way shots.

    Parameters
    ----------
    chain, move, seed
        (S,) chain, number of the move in its chain, and seed.
    p_predicted
        (S,) predicted p_B of the shooting points, NaN without a model.
    points
        (S, N, 3) in nm.
    ends
        (S, 2) how the backward and the forward half-shot ended.
    steps
        (S, 2) MD steps of the half-shots.
    watched
        (S,) whether early stopping could have ended the shot.
    seen
        (S, 2) probability that the end of each half-shot was observed; see
        `mechanist.sampling.early_stop.early_stop`.
    paths
        (S) the new path where it was accepted, else None.
    halves
        (S) frames of the backward and the forward half-shot; empty where they are not stored.
    """

    chain: Rows
    move: Rows
    seed: NDArray[np.int64]
    p_predicted: Probabilities
    points: FrameSource
    ends: NDArray[np.int8]
    steps: NDArray[np.int64]
    watched: Mask
    seen: Array
    paths: Sequence[CurrentPath | None]
    halves: Sequence[tuple[Frames, Frames]]

    def __len__(self) -> int:
        return len(self.chain)

    @property
    def accepted(self) -> Mask:
        """(S,) which shots gave the new current path of their chain."""
        return np.fromiter((path is not None for path in self.paths), np.bool_, len(self.paths))

    def one(self, row: int) -> Shot:
        """One shot, whose half-shots were stored."""
        backward, forward = END_NAMES[self.ends[row]]
        return Shot(
            int(self.chain[row]),
            int(self.move[row]),
            float(self.p_predicted[row]),
            self.points[row],
            (backward, forward),
            (int(self.steps[row, 0]), int(self.steps[row, 1])),
            (float(self.seen[row, 0]), float(self.seen[row, 1])),
            self.paths[row],
            self.halves[row],
        )
