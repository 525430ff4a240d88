"""Markov chains of transition path sampling by two-way shooting.

A move picks a frame x of the current path with probability f(x) / sum f, draws new velocities,
runs both halves until they end in a state and accepts a new path that joins A and B with

    min(1, [f(x) / sum_new f] / [f(x) / sum_old f]) = min(1, sum_old f / sum_new f).

The point and the model are the same on both sides, the velocity part cancels because velocities
come from equilibrium (Dellago, Bolhuis, Chandler, J. Chem. Phys. 108, 1964 (1998); Jung, Okazaki,
Hummer, J. Chem. Phys. 147, 152716 (2017)). A half that is too long or explodes is a rejection: to
try again with another point would favour points whose paths are short.

Chains know nothing of each other; they are kept together so that the numbers of all that move at
the same time are computed in one call.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Frames, NamedArrays, Rows
from mechanist.engine.half_shots import END_NAMES, IN_B, HalfPaths, HalfShots, in_states
from mechanist.sampling.chains.selection import Candidates, Selection, pick
from mechanist.sampling.early_stop.early_stop import EarlyStop
from mechanist.sampling.records.checkpoint import prefixed, under
from mechanist.sampling.records.ragged import packed, unpacked
from mechanist.sampling.streams import normals, shot_seeds, uniforms
from mechanist.statistics.logistic import p_to_q

POINT, ACCEPT, VELOCITIES = 0, 1, 2
"""Places in the stream of a shot of what picks the point, what accepts, and the velocities."""

STOP_STREAM = 2**39
"""Added to the number of a chain for the random numbers that stop its shots."""


@dataclass(slots=True)
class CurrentPath:
    """A transition path from A to B, frames (F, N, 3) in nm with the ends in the states.

    ``move`` is the shot that made it (-1: a first path), ``shooting_frame`` its point; ``weight``
    counts the moves after burn-in for which it was the current path of its chain.
    """

    frames: Frames
    move: int
    shooting_frame: int
    weight: int = 0

    @property
    def interior(self) -> Frames:
        """Frames between the states."""
        return self.frames[1:-1]


@dataclass(frozen=True)
class Shot:
    """One of `Shots`; ends are A, B, too_long, exploded or stopped."""

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
        (S,) numbers of the chain and its move, and the seed.
    p_predicted
        (S,) predicted p_B of the points, or NaN.
    points
        (S, N, 3) in nm.
    ends
        (S, 2) how the backward and the forward half ended.
    steps
        (S, 2) MD steps of the halves.
    watched
        (S,) whether the shot might have been stopped.
    seen
        (S, 2) chance to see the end of each half; see `mechanist.sampling.early_stop.early_stop`.
    paths
        (S) the new path where it was accepted.
    halves
        (S) frames of the backward and the forward half; empty where they were not kept.
    """

    chain: NDArray[np.int64]
    move: NDArray[np.int64]
    seed: NDArray[np.int64]
    p_predicted: Array
    points: Frames
    ends: NDArray[np.int8]
    steps: NDArray[np.int64]
    watched: NDArray[np.bool_]
    seen: Array
    paths: Sequence[CurrentPath | None]
    halves: Sequence[tuple[Frames, Frames]]

    def __len__(self) -> int:
        return len(self.chain)

    @property
    def accepted(self) -> NDArray[np.bool_]:
        """Which made the current path of their chain, (S,)."""
        return np.fromiter((path is not None for path in self.paths), np.bool_, len(self.paths))

    def one(self, row: int) -> Shot:
        """One of them, whose halves were kept."""
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


_STATE = ("moves", "accepted", "_seeds", "_points", "_ends", "_steps", "_unfinished")
"""NamedArrays of `Chains` that change."""


class Chains:
    """State of chains that move side by side; they ask for half-shots and are told how they ended.

    The keys of half-shots are 2 * row and 2 * row + 1 for the backward and the forward half of the
    chain in that row.

    Parameters
    ----------
    numbers
        (C,) numbers of the chains, unique in the run.
    paths
        (C) current paths.
    selection
        Weighs frames; fixed while chains move, which keeps detailed balance exact.
    seed
        Seed of the run.
    sigma
        (N,) thermal velocity sqrt(kT/m) in nm/ps.
    moves
        (C,) numbers of the next moves; from 0 if None.
    accepted
        (C,) paths accepted so far, for burn-in; 0 if None.
    burn_in
        Accepted paths before paths count.
    early_stop
        Stops shots that will hardly join A and B; None lets all run to their end.
    """

    def __init__(
        self,
        numbers: NDArray[np.int64],
        paths: Sequence[CurrentPath],
        selection: Selection,
        seed: int,
        sigma: Array,
        moves: NDArray[np.int64] | None = None,
        accepted: NDArray[np.int64] | None = None,
        burn_in: int = 0,
        early_stop: EarlyStop | None = None,
    ) -> None:
        count = len(numbers)
        self.numbers = np.asarray(numbers, dtype=np.int64)
        self.paths = list(paths)
        self.moves = np.zeros(count, dtype=np.int64) if moves is None else moves.copy()
        self.accepted = np.zeros(count, dtype=np.int64) if accepted is None else accepted.copy()
        self._selection = selection
        self._seed = seed
        self._sigma = sigma[:, None]
        self._burn_in = burn_in
        self.early_stop = early_stop
        self._candidates: list[Candidates] = list(
            selection.candidates([path.interior for path in self.paths])
        )
        self._seeds = np.zeros(count, dtype=np.int64)
        self._points = np.zeros(count, dtype=np.int64)
        self._ends = np.zeros((count, 2), dtype=np.int8)
        self._steps = np.zeros((count, 2), dtype=np.int64)
        self._unfinished = np.zeros(count, dtype=np.int64)
        self._halves: dict[int, Frames] = {}

    def __len__(self) -> int:
        return len(self.numbers)

    def propose(self, rows: Rows) -> HalfShots:
        """Backward and forward halves of the next move of some chains (K,): (2 K) half-shots."""
        self._seeds[rows] = shot_seeds(self._seed, self.numbers[rows], self.moves[rows])
        seeds = self._seeds[rows]
        self._points[rows] = pick(
            [self._candidates[row] for row in rows.tolist()], uniforms(seeds, POINT, 1)[:, 0]
        )
        points = self._points_of(rows)
        velocities = normals(seeds, VELOCITIES, points.shape[1:]) * self._sigma
        self._unfinished[rows] = 2
        if self.early_stop is not None:
            stops = shot_seeds(self._seed, self.numbers[rows] + STOP_STREAM, self.moves[rows])
            self.early_stop.begin(rows, self._q_of_points(rows), uniforms(stops, 0, 1)[:, 0])
        return both_halves(rows, points, velocities)

    def _points_of(self, rows: Rows) -> Frames:
        places = zip(rows.tolist(), self._points[rows].tolist(), strict=True)
        return np.array([self.paths[row].frames[1 + point] for row, point in places])

    def _q_of_points(self, rows: Rows) -> Array:
        chosen = zip(rows.tolist(), self._points[rows].tolist(), strict=True)
        return p_to_q(np.array([self._candidates[row].p_predicted[point] for row, point in chosen]))

    def told(self, halves: HalfPaths) -> tuple[Rows, Shots] | None:
        """Take in finished halves; give the rows and shots whose both halves are there now."""
        rows, sides = np.divmod(halves.keys, 2)
        self._ends[rows, sides] = halves.ends
        self._steps[rows, sides] = halves.steps
        self._halves.update(zip(halves.keys.tolist(), halves.each(), strict=True))
        np.subtract.at(self._unfinished, rows, 1)
        done = np.unique(rows[self._unfinished[rows] == 0])
        return (done, self._finish(done)) if len(done) else None

    def _finish(self, rows: Rows) -> Shots:
        points = self._points_of(rows)
        halves = [
            (self._halves.pop(2 * row), self._halves.pop(2 * row + 1)) for row in rows.tolist()
        ]
        chosen = zip(rows.tolist(), self._points[rows].tolist(), strict=True)
        predicted = [self._candidates[row].p_predicted[point] for row, point in chosen]
        shots = Shots(
            chain=self.numbers[rows],
            move=self.moves[rows],
            seed=self._seeds[rows],
            p_predicted=np.array(predicted),
            points=points,
            ends=self._ends[rows],
            steps=self._steps[rows],
            watched=self._watched(rows),
            seen=self._seen(rows),
            paths=self._decide(rows, points, halves),
            halves=halves,
        )
        self.moves[rows] += 1
        for row in rows[self.accepted[rows] >= self._burn_in].tolist():
            self.paths[row].weight += 1
        return shots

    def _watched(self, rows: Rows) -> NDArray[np.bool_]:
        stop = self.early_stop
        return np.zeros(len(rows), dtype=np.bool_) if stop is None else stop.watched(rows)

    def _seen(self, rows: Rows) -> Array:
        return np.ones((len(rows), 2)) if self.early_stop is None else self.early_stop.seen(rows)

    def _decide(
        self, rows: Rows, points: Frames, halves: list[tuple[Frames, Frames]]
    ) -> list[CurrentPath | None]:
        """Join halves, accept or reject; where a path is accepted, the chain moves on."""
        eligible = np.flatnonzero(self.eligible(self._ends[rows]))
        paths = [self.joined(int(rows[i]), points[i], *halves[i]) for i in eligible.tolist()]
        candidates = self._selection.candidates([path.interior for path in paths])
        chances = self.chances(rows[eligible], candidates)
        accepted = uniforms(self._seeds[rows[eligible]], ACCEPT, 1)[:, 0] < chances
        result: list[CurrentPath | None] = [None] * len(rows)
        for i, path, new, taken in zip(
            eligible.tolist(), paths, candidates, accepted.tolist(), strict=True
        ):
            if taken:
                result[i] = path
                self.take(int(rows[i]), path, new)
        return result

    def state(self) -> NamedArrays:
        """All that changes but the current paths, to go on in another process."""
        halves = packed(list(self._halves.values()), self.paths[0].frames)
        weights = packed([c.weights for c in self._candidates], np.empty(0))
        arrays: NamedArrays = {name: getattr(self, name) for name in _STATE}
        if self.early_stop is not None:
            arrays |= prefixed("early_stop", self.early_stop.state())
        return arrays | {
            "half_keys": np.array(list(self._halves), dtype=np.int64),
            "half_lengths": halves[0],
            "half_frames": halves[1],
            "candidates": weights[0],
            "weights": weights[1],
            "p_predicted": np.concatenate([c.p_predicted for c in self._candidates]),
            "totals": np.array([c.total for c in self._candidates]),
        }

    def restore(self, state: NamedArrays, paths: Sequence[CurrentPath]) -> None:
        """Go on from a `state` with these current paths.

        Candidates are not weighed anew: a network may give other last digits in other company.
        """
        for name in _STATE:
            setattr(self, name, state[name].copy())
        if self.early_stop is not None:
            self.early_stop.restore(under("early_stop", state))
        halves = unpacked(state["half_lengths"], state["half_frames"])
        self._halves = dict(zip(state["half_keys"].tolist(), halves, strict=True))
        self.paths = list(paths)
        self._candidates = [
            Candidates(weights, p, total)
            for weights, p, total in zip(
                unpacked(state["candidates"], state["weights"]),
                unpacked(state["candidates"], state["p_predicted"]),
                state["totals"].tolist(),
                strict=True,
            )
        ]

    def eligible(self, ends: NDArray[np.int8]) -> NDArray[np.bool_]:
        """Which shots with these ends (K, 2) make a path that may be accepted: A with B."""
        return np.asarray(in_states(ends).all(axis=1) & (ends[:, 0] != ends[:, 1]))

    def joined(self, row: int, point: Frames, backward: Frames, forward: Frames) -> CurrentPath:
        """The new path through a point (N, 3), from A to B."""
        path = join_halves(point, backward, forward, int(self.moves[row]))
        return turned_round(path) if self._ends[row, 0] == IN_B else path

    def chances(self, rows: Rows, new: Sequence[Candidates]) -> Array:
        """Chances (K,) to accept paths with these candidates; 1 and more is always."""
        old = np.array([self._candidates[row].total for row in rows.tolist()])
        chances = np.asarray(old / np.array([candidates.total for candidates in new]))
        if self.early_stop is None:
            return chances
        before = [p_to_q(self._candidates[row].p_predicted) for row in rows.tolist()]
        return chances * self.early_stop.ratios(rows, before, self._points[rows])

    def take(self, row: int, path: CurrentPath, candidates: Candidates) -> None:
        """Make a path the current one of a chain."""
        self.paths[row], self._candidates[row] = path, candidates
        self.accepted[row] += 1


def both_halves(numbers: Rows, points: Frames, velocities: Array) -> HalfShots:
    """Backward and forward half from each point (K, N, 3); keys are 2 * number and the next."""
    return HalfShots(
        np.stack([2 * numbers, 2 * numbers + 1], axis=1).ravel(),
        np.repeat(points, 2, axis=0),
        np.stack([-velocities, velocities], axis=1).reshape(-1, *points.shape[1:]),
    )


def join_halves(point: Frames, backward: Frames, forward: Frames, move: int) -> CurrentPath:
    """The path through a shooting point (N, 3): the backward half reversed, then the forward."""
    frames = np.concatenate([backward[::-1], point[None], forward])
    return CurrentPath(frames, move, len(backward))


def turned_round(path: CurrentPath) -> CurrentPath:
    """The same path reversed in time; in equilibrium it has the same weight."""
    frames = np.ascontiguousarray(path.frames[::-1])
    return CurrentPath(frames, path.move, len(frames) - 1 - path.shooting_frame)
