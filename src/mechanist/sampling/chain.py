"""One Markov chain of transition path sampling by two-way shooting.

A move picks a frame x of the current path with probability f(x) / sum f, draws new velocities,
runs both halves until they end in a state and accepts a new path that joins A and B with

    min(1, [f(x) / sum_new f] / [f(x) / sum_old f]) = min(1, sum_old f / sum_new f).

The point and the model are the same on both sides, the velocity part cancels because velocities
come from equilibrium (Dellago, Bolhuis, Chandler, J. Chem. Phys. 108, 1964 (1998); Jung, Okazaki,
Hummer, J. Chem. Phys. 147, 152716 (2017)). A half that is too long or explodes is a rejection: to
try again with another point would favour points whose paths are short.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.engine.protocol import HalfPath, HalfShot
from mechanist.sampling.selection import Candidates, Selection

Frames = NDArray[np.float32]

_MASK = 2**64 - 1


def shot_seed(seed: int, chain: int, move: int) -> int:
    """Seed of one shot: splitmix64 of (seed, chain, move), so that any shot can be made again."""
    state = 0
    for part in (seed, chain, move):
        state = (state + part * 0x9E3779B97F4A7C15 + 0x9E3779B97F4A7C15) & _MASK
        state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
        state ^= state >> 31
    return state >> 1


@dataclass
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
    """A finished two-way shot; ``path`` is the new path if it was accepted."""

    chain: int
    move: int
    seed: int
    p_predicted: float
    point: Frames
    backward: HalfPath
    forward: HalfPath
    path: CurrentPath | None


class Chain:
    """State of one chain; it asks for two half-shots and is told how they ended.

    Parameters
    ----------
    number
        Number of the chain, unique in the run.
    path
        Current path.
    selection
        Weighs frames; fixed while the chain lives, which keeps detailed balance exact.
    seed
        Seed of the run.
    next_move
        Number of the next move.
    accepted
        Paths accepted so far in earlier rounds, for burn-in.
    burn_in
        Accepted paths before paths count.
    sigma
        (N,) thermal velocity sqrt(kT/m) in nm/ps.
    """

    def __init__(
        self,
        number: int,
        path: CurrentPath,
        selection: Selection,
        seed: int,
        next_move: int,
        accepted: int,
        burn_in: int,
        sigma: NDArray[np.float64],
    ) -> None:
        self.number = number
        self.path = path
        self.accepted = accepted
        self.move = next_move
        self._selection = selection
        self._seed = seed
        self._burn_in = burn_in
        self._sigma = sigma[:, None]
        self._candidates: Candidates = selection.candidates(path.interior)
        self._point = 0
        self._rng = np.random.default_rng(0)
        self._halves: dict[int, HalfPath] = {}

    def propose(self) -> tuple[HalfShot, HalfShot]:
        """Backward and forward half of the next move; keys are 2 * chain and 2 * chain + 1."""
        self._rng = np.random.default_rng(shot_seed(self._seed, self.number, self.move))
        self._point = self._candidates.pick(self._rng)
        point = self.path.interior[self._point]
        velocities = self._rng.standard_normal(point.shape) * self._sigma
        self._halves = {}
        return (
            HalfShot(2 * self.number, point, -velocities),
            HalfShot(2 * self.number + 1, point, velocities),
        )

    def told(self, half: HalfPath) -> Shot | None:
        """Take in a finished half; give the finished shot once both halves are there."""
        self._halves[half.key - 2 * self.number] = half
        if len(self._halves) < 2:
            return None
        backward, forward = self._halves[0], self._halves[1]
        point = self.path.interior[self._point]
        shot = Shot(
            chain=self.number,
            move=self.move,
            seed=shot_seed(self._seed, self.number, self.move),
            p_predicted=float(self._candidates.p_predicted[self._point]),
            point=point,
            backward=backward,
            forward=forward,
            path=self.decide(point, backward, forward),
        )
        self.move += 1
        if self.accepted >= self._burn_in:
            self.path.weight += 1
        return shot

    def decide(self, point: Frames, backward: HalfPath, forward: HalfPath) -> CurrentPath | None:
        """Join the halves and accept or reject; on acceptance the chain moves on."""
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

    def chance(self, new: Candidates) -> float:
        """Chance to accept a path with these candidates; 1 and more is always."""
        return self._candidates.total / new.total

    def take(self, path: CurrentPath, candidates: Candidates) -> None:
        """Make an accepted path the current one."""
        self.path, self._candidates = path, candidates
        self.accepted += 1


def join_halves(point: Frames, backward: HalfPath, forward: HalfPath, move: int) -> CurrentPath:
    """The path through a shooting point (N, 3): the backward half reversed, then the forward."""
    frames = np.concatenate([backward.frames[::-1], point[None], forward.frames])
    return CurrentPath(frames, move, len(backward.frames))


def turned_round(path: CurrentPath) -> CurrentPath:
    """The same path reversed in time; in equilibrium it has the same weight."""
    frames = np.ascontiguousarray(path.frames[::-1])
    return CurrentPath(frames, path.move, len(frames) - 1 - path.shooting_frame)
