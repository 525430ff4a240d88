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
"""Gives up to so many half-shots, or None if there are none at the moment."""


class Rest(Protocol):
    """What is asked between two strides whether the engine should pause."""

    def wanted(self) -> bool:
        """Whether it should; once it is, until `take` is called."""

    def take(self, under_way: UnderWay) -> None:
        """Called once all lanes rest; the engine goes on when it returns."""


class Watch(Protocol):
    """Looks at half-shots on their way and may stop them."""

    def look(
        self,
        keys: Rows,
        positions: Array,
        ages: Counts,
        ends: NDArray[np.int8],
    ) -> Mask:
        """Which half-shots (K,) to stop now; called after every frame of some that run together.

        Parameters
        ----------
        keys
            (K,) of the half-shots.
        positions
            (K, N, 3) in nm.
        ages
            (K,) frames that each has, from 1.
        ends
            (K,) how each has ended with this frame, -1 for those that go on.
        """


class Engine(Protocol):
    """Moves many half-shots side by side."""

    @property
    def slots(self) -> int:
        """How many half-shots run at the same time."""

    @property
    def steps(self) -> int:
        """MD steps of half-shots that it has made."""

    def run(
        self,
        next_shots: NextShots,
        rest: Rest | None = None,
        begun: UnderWay | None = None,
        watch: Watch | None = None,
    ) -> Iterator[HalfPaths]:
        """Run half-shots from a queue until it is empty and all have ended.

        Parameters
        ----------
        next_shots
            Asked for as many half-shots as there are free slots, again after every batch that was
            yielded, so that a free slot is filled at once.
        rest
            Asked between strides whether to pause; pauses change nothing of what comes out.
        begun
            Half-shots that an engine of the same shape has left under way.
        watch
            May stop half-shots.

        Yields
        ------
        HalfPaths
            In the order in which they end.
        """
