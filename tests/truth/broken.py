"""Path sampling that is broken on purpose: faults of published codes, which the suite must find."""

from dataclasses import dataclass

import numpy as np

from mechanist.engine.protocol import TOO_LONG, HalfPath
from mechanist.sampling.chain import Chain, CurrentPath, Frames, Shot, join_halves, turned_round
from mechanist.sampling.selection import Candidates, Selection


class Retry(Chain):
    """A shot that is too long is made again with another point, instead of counted as rejected."""

    def told(self, half: HalfPath) -> Shot | None:
        shot = super().told(half)
        if shot is not None and TOO_LONG in (shot.backward.reason, shot.forward.reason):
            self.path.weight -= 1
        return shot


class _OtherRule(Chain):
    """Accepts by ``chance`` of the new candidates instead of the rule of `Chain`."""

    def chance(self, new: Candidates) -> float:
        raise NotImplementedError

    def decide(self, point: Frames, backward: HalfPath, forward: HalfPath) -> CurrentPath | None:
        if {backward.reason, forward.reason} != {"A", "B"}:
            return None
        new = join_halves(point, backward, forward, self.move)
        if backward.reason == "B":
            new = turned_round(new)
        candidates = self._selection.candidates(new.interior)
        if self._rng.random() >= self.chance(candidates):
            return None
        self.take(new, candidates)
        return new


class NoLengthCorrection(_OtherRule):
    """Every path that joins A and B is accepted."""

    def chance(self, new: Candidates) -> float:
        return 1.0


class OldPoint(_OtherRule):
    """The ratio takes f for the old path at the point that once made it, not at the point now."""

    def chance(self, new: Candidates) -> float:
        weights = self._candidates.weights
        now = weights[self._point]
        once = weights[self.path.shooting_frame - 1]
        return float(now / new.total / (once / self._candidates.total))


@dataclass(frozen=True)
class Windowed:
    """Only frames from which both halves of the path keep within ``limit`` frames.

    A limit on halves that bites forbids the way back to a path from a point near its end, so such
    points must not be picked either. Their weight is 1e-12 of the others', as 0 is refused.
    """

    base: Selection
    limit: int

    @property
    def model(self) -> str:
        return self.base.model

    def candidates(self, frames: Frames) -> Candidates:
        whole = self.base.candidates(frames)
        number = np.arange(len(frames))
        inside = (number + 1 <= self.limit) & (len(frames) - number <= self.limit)
        weights = np.where(inside, whole.weights, 1e-12 * whole.weights)
        return Candidates(weights, whole.p_predicted)
