"""Markov chains of path sampling by two-way shooting.

A move picks a frame x of the current path with probability f(x) / sum f, draws new velocities,
runs both half-shots until they end in a state, joins them to a new path and accepts it with the
probability of `mechanist.sampling.chains.path_ensemble`. A half-shot that is too long or explodes
is a rejection: another try with another point would favour points whose paths are short.

Chains do not depend on each other; they are kept together so that the random numbers and weights
of all that move at the same time are computed in one call.
"""

from collections.abc import Sequence

import numpy as np

from mechanist.arrays import Array, Frames, NamedArrays, Probabilities, Rows
from mechanist.engine.half_shots import HalfPaths, HalfShots
from mechanist.sampling.chains.current_path import CurrentPath, join_halves, sparse
from mechanist.sampling.chains.path_ensemble import PathEnsemble
from mechanist.sampling.chains.selection import Candidates, Grid, pick
from mechanist.sampling.chains.shots import Shots
from mechanist.sampling.early_stop.early_stop import EarlyStop
from mechanist.sampling.records.packing import packed, prefixed, under, unpacked
from mechanist.sampling.streams import normals, shot_seeds, uniforms
from mechanist.statistics.logistic import p_to_q

POINT, ACCEPT, VELOCITIES = 0, 1, 2
"""Where the random stream of a shot holds the numbers for point, acceptance and velocities."""

STOP_STREAM = 2**39
"""Added to the number of a chain for the random numbers that stop its shots."""

_STATE = ("moves", "accepted", "_seeds", "_points", "_ends", "_steps", "_unfinished")
"""Arrays of `Chains` that change."""


class Chains:
    """Chains that move side by side: `propose` gives half-shots, `on_finished` takes their ends.

    The keys of half-shots are 2 * row and 2 * row + 1 for the backward and the forward half-shot of
    the chain in that row.

    Parameters
    ----------
    numbers
        (C,) numbers of the chains, unique in the run.
    paths
        (C) current paths.
    ensemble
        Which paths are sampled, and the acceptance rule.
    seed
        Seed of the run.
    sigma
        (N,) thermal velocity sqrt(kT/m) in nm/ps.
    moves
        (C,) numbers of the next moves; from 0 if None.
    accepted
        (C,) paths accepted so far, for burn-in; 0 if None.
    burn_in
        Accepted paths of a chain before its paths count.
    early_stop
        Stops shots that are unlikely to join A and B; None: all run to their end.
    every, stride
        Every n-th frame of a half-shot is kept by the engine, and may be shot from; MD steps
        between two frames, where that is not all of them.
    """

    def __init__(
        self,
        numbers: Rows,
        paths: Sequence[CurrentPath],
        ensemble: PathEnsemble,
        seed: int,
        sigma: Array,
        moves: Rows | None = None,
        accepted: Rows | None = None,
        burn_in: int = 0,
        early_stop: EarlyStop | None = None,
        every: int = 1,
        stride: int = 1,
    ) -> None:
        count = len(numbers)
        self.numbers = np.asarray(numbers, dtype=np.int64)
        self.every, self._stride = every, stride
        self.paths = [sparse(path, every) for path in paths]
        self.moves = np.zeros(count, dtype=np.int64) if moves is None else moves.copy()
        self.accepted = np.zeros(count, dtype=np.int64) if accepted is None else accepted.copy()
        self.ensemble = ensemble
        self.seed = seed
        self._sigma = sigma[:, None]
        self._burn_in = burn_in
        self.early_stop = early_stop
        self.candidates = list(self._weighed(self.paths))
        self._seeds = np.zeros(count, dtype=np.int64)
        self._points = np.zeros(count, dtype=np.int64)
        self._ends = np.zeros((count, 2), dtype=np.int8)
        self._steps = np.zeros((count, 2), dtype=np.int64)
        self._unfinished = np.zeros(count, dtype=np.int64)
        self._halves: dict[int, Frames] = {}

    def __len__(self) -> int:
        return len(self.numbers)

    def propose(self, rows: Rows) -> HalfShots:
        """Backward and forward half-shots (2 K) of the next move of the chains (K,) in ``rows``."""
        self.ensemble.before_shooting(self, rows)
        self._seeds[rows] = shot_seeds(self.seed, self.numbers[rows], self.moves[rows])
        seeds = self._seeds[rows]
        self._points[rows] = pick(
            [self.candidates[row] for row in rows.tolist()], uniforms(seeds, POINT, 1)[:, 0]
        )
        points = self._points_of(rows)
        velocities = normals(seeds, VELOCITIES, points.shape[1:]) * self._sigma
        self._unfinished[rows] = 2
        if self.early_stop is not None:
            stops = shot_seeds(self.seed, self.numbers[rows] + STOP_STREAM, self.moves[rows])
            self.early_stop.begin(
                rows, p_to_q(self._p_of_points(rows)), uniforms(stops, 0, 1)[:, 0]
            )
        return both_halves(rows, points, velocities)

    def on_finished(self, halves: HalfPaths) -> tuple[Rows, Shots] | None:
        """Store finished half-shots; the rows and shots of which both have finished by now."""
        rows, sides = np.divmod(halves.keys, 2)
        self._ends[rows, sides] = halves.ends
        self._steps[rows, sides] = halves.steps
        self._halves.update(zip(halves.keys.tolist(), halves.each(), strict=True))
        np.subtract.at(self._unfinished, rows, 1)
        done = np.unique(rows[self._unfinished[rows] == 0])
        return (done, self._finish(done)) if len(done) else None

    def _points_of(self, rows: Rows) -> Frames:
        chosen = zip(rows.tolist(), self._points[rows].tolist(), strict=True)
        return np.array([self.paths[row].frames[1 + point] for row, point in chosen])

    def _p_of_points(self, rows: Rows) -> Probabilities:
        chosen = zip(rows.tolist(), self._points[rows].tolist(), strict=True)
        return np.array([self.candidates[row].p_predicted[point] for row, point in chosen])

    def _finish(self, rows: Rows) -> Shots:
        points, predicted = self._points_of(rows), self._p_of_points(rows)
        halves = [
            (self._halves.pop(2 * row), self._halves.pop(2 * row + 1)) for row in rows.tolist()
        ]
        stop = self.early_stop
        shots = Shots(
            chain=self.numbers[rows],
            move=self.moves[rows],
            seed=self._seeds[rows],
            p_predicted=predicted,
            points=points,
            ends=self._ends[rows],
            steps=self._steps[rows],
            watched=np.zeros(len(rows), dtype=np.bool_) if stop is None else stop.watched(rows),
            seen=np.ones((len(rows), 2)) if stop is None else stop.seen(rows),
            paths=self._decide(rows, points, halves),
            halves=halves,
        )
        self.moves[rows] += 1
        for row in rows[self.accepted[rows] >= self._burn_in].tolist():
            self.paths[row].weight += 1
        return shots

    def _decide(
        self, rows: Rows, points: Frames, halves: list[tuple[Frames, Frames]]
    ) -> list[CurrentPath | None]:
        """Join half-shots, accept or reject; the accepted paths become the current ones."""
        joined = np.flatnonzero(self.ensemble.joins(self._ends[rows]))
        paths = [self._join(int(rows[i]), points[i], *halves[i]) for i in joined.tolist()]
        candidates = self._weighed(paths)
        ratios = self.acceptance(rows[joined], candidates)
        accepted = uniforms(self._seeds[rows[joined]], ACCEPT, 1)[:, 0] < ratios
        result: list[CurrentPath | None] = [None] * len(rows)
        for i in np.flatnonzero(accepted).tolist():
            at, row = int(joined[i]), int(rows[joined[i]])
            result[at] = paths[i]
            self.accept(row, paths[i], candidates[i])
            self.ensemble.on_accepted(row, self._ends[row])
        return result

    def _join(self, row: int, point: Frames, backward: Frames, forward: Frames) -> CurrentPath:
        before, after = (self._steps[row] // self._stride).tolist()
        ages = None if self.every == 1 else (before, after)
        path = join_halves(point, backward, forward, int(self.moves[row]), self.every, ages)
        return self.ensemble.oriented(path, self._ends[row])

    def _weighed(self, paths: Sequence[CurrentPath]) -> Sequence[Candidates]:
        grids = [Grid(path.places, path.length, path.every) for path in paths]
        return self.ensemble.candidates(
            [path.interior for path in paths], None if self.every == 1 else grids
        )

    def acceptance(self, rows: Rows, new: Sequence[Candidates]) -> Array:
        """Acceptance ratios (K,) of new paths with these candidates; above 1: always accepted.

        Each grid of candidates of a path has the weight 1 / `Candidates.grids`.
        """
        old = np.array([self.candidates[row].total for row in rows.tolist()])
        ratios = self.ensemble.acceptance(old, np.array([one.total for one in new]))
        if self.every > 1:
            grids = [self.candidates[row].grids for row in rows.tolist()]
            ratios = ratios * (np.array(grids) / np.array([one.grids for one in new]))
        if self.early_stop is None:
            return ratios
        before = [p_to_q(self.candidates[row].p_predicted) for row in rows.tolist()]
        return ratios * self.early_stop.ratios(rows, before, self._points[rows])

    def accept(self, row: int, path: CurrentPath, candidates: Candidates) -> None:
        """Make a path the current one of the chain in ``row``."""
        self.paths[row], self.candidates[row] = path, candidates
        self.accepted[row] += 1

    def state(self) -> NamedArrays:
        """All that changes except the current paths, for a checkpoint."""
        halves = packed(list(self._halves.values()), self.paths[0].frames[:0])
        weights = packed([c.weights for c in self.candidates], np.empty(0))
        arrays: NamedArrays = {name: getattr(self, name) for name in _STATE}
        if self.early_stop is not None:
            arrays |= prefixed("early_stop", self.early_stop.state())
        arrays |= self.ensemble.state(self)
        return arrays | {
            "half_keys": np.array(list(self._halves), dtype=np.int64),
            "half_lengths": halves[0],
            "half_frames": halves[1],
            "candidates": weights[0],
            "weights": weights[1],
            "p_predicted": np.concatenate([c.p_predicted for c in self.candidates]),
            "totals": np.array([c.total for c in self.candidates]),
            "grids": np.array([c.grids for c in self.candidates]),
        }

    def restore(self, state: NamedArrays, paths: Sequence[CurrentPath]) -> None:
        """Continue from a `state` with these current paths.

        Weights are not recomputed: the last digits of a network depend on the size of the batch.
        """
        for name in _STATE:
            setattr(self, name, state[name].copy())
        if self.early_stop is not None:
            self.early_stop.restore(under("early_stop", state))
        halves = unpacked(state["half_lengths"], state["half_frames"])
        self._halves = dict(zip(state["half_keys"].tolist(), halves, strict=True))
        self.paths = list(paths)
        self.candidates = [
            Candidates(weights, p, total, grids)
            for weights, p, total, grids in zip(
                unpacked(state["candidates"], state["weights"]),
                unpacked(state["candidates"], state["p_predicted"]),
                state["totals"].tolist(),
                state["grids"].tolist(),
                strict=True,
            )
        ]
        self.ensemble.restore(state, self)


def both_halves(numbers: Rows, points: Frames, velocities: Array) -> HalfShots:
    """Both half-shots from each point (K, N, 3); keys: 2 * number backward, + 1 forward."""
    return HalfShots(
        np.stack([2 * numbers, 2 * numbers + 1], axis=1).ravel(),
        np.repeat(points, 2, axis=0),
        np.stack([-velocities, velocities], axis=1).reshape(-1, *points.shape[1:]),
    )
