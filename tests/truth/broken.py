"""Path sampling that is broken on purpose: faults of published codes, which the suite must find."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mechanist.arrays import Array, Rows
from mechanist.bookkeeping.progress import Progress
from mechanist.engine.half_shots import TOO_LONG, HalfPaths
from mechanist.engine.protocol import Engine
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.moves import Harvest, Moves
from mechanist.sampling.chains.path_ensemble import TransitionPaths
from mechanist.sampling.chains.selection import Candidates
from mechanist.sampling.chains.shoot import finish_job, finished_shots
from mechanist.sampling.chains.shots import Shots


def first_come(chains: Chains, engine: Engine, moves: int, progress: Progress) -> Harvest:
    """As many shots as `shoot` makes, but whichever end first: late finishers are dropped."""

    def until_enough() -> Iterator[Shots]:
        left = moves * len(chains)
        for shots in finished_shots(Moves(chains, 10**9), engine):
            yield shots
            left -= len(shots)
            if left <= 0:
                return

    return finish_job(Moves(chains, moves), until_enough(), progress)


class Retry(Chains):
    """A shot that is too long is made again with another point, instead of counted as rejected."""

    def on_finished(self, halves: HalfPaths) -> tuple[Rows, Shots] | None:
        finished = super().on_finished(halves)
        if finished is not None:
            rows, shots = finished
            for row in rows[(shots.ends == TOO_LONG).any(axis=1)]:
                self.paths[row].weight -= 1
        return finished


class NoLengthCorrection(Chains):
    """Every path that joins A and B is accepted."""

    def acceptance(self, rows: Rows, new: Sequence[Candidates]) -> Array:
        return np.ones(len(rows))


class NoStopCorrection(Chains):
    """Shots are stopped early, but the ratio takes no notice of it."""

    def acceptance(self, rows: Rows, new: Sequence[Candidates]) -> Array:
        stop, self.early_stop = self.early_stop, None
        ratios = super().acceptance(rows, new)
        self.early_stop = stop
        return ratios


class OldPoint(Chains):
    """The ratio takes f for the old path at the point that once made it, not at the point now."""

    def acceptance(self, rows: Rows, new: Sequence[Candidates]) -> Array:
        now = np.array([self.candidates[row].weights[self._points[row]] for row in rows])
        once = [self.candidates[row].weights[self.paths[row].shooting_frame - 1] for row in rows]
        return super().acceptance(rows, new) * now / np.array(once)


class NoLimitOnPoints(Chains):
    """Points are picked from which the way back to the old path would be too long."""

    def __init__(
        self,
        numbers: Rows,
        paths: Sequence[CurrentPath],
        ensemble: TransitionPaths,
        *rest: Any,
        **options: Any,
    ) -> None:
        allowed = replace(ensemble.selection, longest=None)
        super().__init__(numbers, paths, TransitionPaths(allowed), *rest, **options)
