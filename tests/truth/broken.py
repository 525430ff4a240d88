"""Path sampling that is broken on purpose: faults of published codes, which the suite must find."""

from typing import Any

from mechanist.engine.protocol import TOO_LONG, HalfPath
from mechanist.sampling.chain import Chain, CurrentPath, Shot
from mechanist.sampling.selection import Candidates, Selection, WithinLimit


class Retry(Chain):
    """A shot that is too long is made again with another point, instead of counted as rejected."""

    def told(self, half: HalfPath) -> Shot | None:
        shot = super().told(half)
        if shot is not None and TOO_LONG in (shot.backward.reason, shot.forward.reason):
            self.path.weight -= 1
        return shot


class NoLengthCorrection(Chain):
    """Every path that joins A and B is accepted."""

    def chance(self, new: Candidates) -> float:
        return 1.0


class OldPoint(Chain):
    """The ratio takes f for the old path at the point that once made it, not at the point now."""

    def chance(self, new: Candidates) -> float:
        weights = self._candidates.weights
        now = weights[self._point]
        once = weights[self.path.shooting_frame - 1]
        return float(now / new.total / (once / self._candidates.total))


class NoLimitOnPoints(Chain):
    """Points are picked from which the way back to the old path would be too long."""

    def __init__(self, number: int, path: CurrentPath, selection: Selection, *rest: Any) -> None:
        assert isinstance(selection, WithinLimit)
        super().__init__(number, path, selection.base, *rest)
