"""What every engine promises: half-shots in, half-paths out, slots that never wait."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Label = Callable[[NDArray[np.float64]], NDArray[np.int8]]
"""From positions (F, N, 3) in nm to states (F,): -1 in A, +1 in B, 0 in neither."""

REASON_OF_LABEL = {-1: "A", 1: "B"}
TOO_LONG, EXPLODED = "too_long", "exploded"


@dataclass(frozen=True)
class HalfShot:
    """A trajectory to be run until it ends in a state.

    Parameters
    ----------
    key
        Who asked; comes back with the half-path.
    positions
        (N, 3) in nm.
    velocities
        (N, 3) in nm/ps, at the same time as the positions. Components along constraints are
        projected out by the engine.
    """

    key: int
    positions: NDArray[np.floating]
    velocities: NDArray[np.float64]


@dataclass(frozen=True)
class HalfPath:
    """A finished half-shot.

    Parameters
    ----------
    key
        As in the half-shot.
    frames
        (F, N, 3) in nm, without the starting point, the last one in the state if it ended in one.
    reason
        ``A``, ``B``, ``too_long`` or ``exploded``.
    steps
        MD steps that were run.
    """

    key: int
    frames: NDArray[np.float32]
    reason: str
    steps: int


class Engine(Protocol):
    """Moves many half-shots side by side."""

    @property
    def slots(self) -> int:
        """How many half-shots run at the same time."""

    def run(self, next_shot: Callable[[], HalfShot | None]) -> Iterator[HalfPath]:
        """Run half-shots from a queue until it is empty and all have ended.

        Parameters
        ----------
        next_shot
            Gives the next half-shot, or None if there is none at the moment. It is asked again
            after every half-path that was yielded, so that a free slot is filled at once.

        Yields
        ------
        HalfPath
            In the order in which they end.
        """
