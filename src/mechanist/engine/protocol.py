"""The interface of every engine: half-shots in, half-paths out, slots that never wait."""

from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Counts, Labels, Mask, Rows
from mechanist.engine.half_shots import HalfPaths, HalfShots
from mechanist.engine.under_way import UnderWay

Label = Callable[[Array], Labels]
"""From positions (F, N, 3) in nm to states (F,): -1 in A, +1 in B, 0 in neither."""

NextShots = Callable[[int], HalfShots | None]
"""Returns at most so many half-shots, or None if none are waiting."""


class Pause(Protocol):
    """Decides between two strides whether the engine pauses, and takes its state when it does."""

    def wanted(self) -> bool:
        """Whether the engine should pause; once True, it stays so until `take` is called."""

    def take(self, under_way: UnderWay) -> None:
        """Called when all lanes stand still; the engine continues when it returns."""


class Watch(Protocol):
    """Observes half-shots under way and may stop them."""

    def look(
        self,
        keys: Rows,
        positions: Array,
        ages: Counts,
        ends: NDArray[np.int8],
    ) -> Mask:
        """Which half-shots (K,) to stop now; called after each frame of those of a lane.

        Parameters
        ----------
        keys
            (K,) of the half-shots.
        positions
            (K, N, 3) in nm.
        ages
            (K,) frames of each so far, at least 1.
        ends
            (K,) how each has ended with this frame, -1 for those that go on.
        """


class Engine(Protocol):
    """Runs many half-shots at the same time."""

    @property
    def slots(self) -> int:
        """How many half-shots run at the same time."""

    @property
    def steps(self) -> int:
        """MD steps of half-shots so far."""

    def run(
        self,
        next_shots: NextShots,
        pause: Pause | None = None,
        begun: UnderWay | None = None,
        watch: Watch | None = None,
    ) -> Iterator[HalfPaths]:
        """Run half-shots from a queue until it is empty and all have ended.

        Parameters
        ----------
        next_shots
            Asked for as many half-shots as there are free slots, again after each yielded batch, so
            that a free slot is refilled at once.
        pause
            Asked between strides; pauses do not change the results.
        begun
            Half-shots that an engine with the same plan left under way.
        watch
            May stop half-shots.

        Yields
        ------
        HalfPaths
            In the order in which they end.
        """
