"""First transition paths at the temperature of the run: two-way shots from guessed paths.

A guessed path is not in the ensemble of transition paths, but its frames are good shooting points.
Every path that a chain starts from comes from such a shot, so all of its dynamics are at the
temperature of the run; only its shooting point is not drawn from the ensemble, which the burn-in of
the chain removes.
"""

from collections.abc import Callable, Sequence

import numpy as np

from mechanist.arrays import Frames, Mask, Rows
from mechanist.bookkeeping.journal import Clock
from mechanist.bookkeeping.progress import reporter
from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import IN_B, HalfPaths, HalfShots, ShotQueue, in_states
from mechanist.engine.plan import Plan
from mechanist.errors import SamplingError
from mechanist.sampling.chains.chain import both_halves
from mechanist.sampling.chains.current_path import CurrentPath, join_halves, reversed_path
from mechanist.sampling.records.frame_log import FrameLog
from mechanist.sampling.streams import normals, shot_seeds, thermal_velocities, uniforms
from mechanist.systems.prepared import Prepared

SHOT_STREAM = 2**31 + 1
"""Chain number of the random stream used here; no chain has it."""

ENOUGH = 4
"""Guesses that lead to paths, with which the others are given up early."""

SLOTS = 256
"""Half-shots side by side, at most: with more of them, more shots than needed would be made."""


def equilibrate(
    prepared: Prepared,
    guesses: Sequence[Frames],
    count: int,
    shots_max: int,
    plan: Plan,
    seed: int,
    log: Callable[[str], None],
    clock: Clock | None = None,
    stored: FrameLog | None = None,
) -> tuple[list[list[CurrentPath]], Rows]:
    """Shoot from the frames of guessed paths until each has led to ``count`` transition paths.

    Parameters
    ----------
    prepared
        The system at its target temperature.
    guesses
        (F, N, 3) in nm each; frames in a state are left out.
    count
        Number of paths of each guess.
    shots_max
        Two-way shots after which to give up. Each guess has its part of them; while fewer than
        `ENOUGH` guesses have led to a path, those without one have all.
    plan, seed
        Of the engine.
    log, clock
        ``log`` is called with progress and one line at the end; ``clock`` adds up the time in
        OpenMM.
    stored
        Takes the frames of paths, which are in memory if None.

    Returns
    -------
    list of list of CurrentPath, ndarray
        Paths from A to B of each guess, none for some, and its number of finished shots.

    Raises
    ------
    SamplingError
        If no shot joins A and B.
    """
    between = [np.flatnonzero(prepared.states.label_positions(guess) == 0) for guess in guesses]
    if not any(map(len, between)):
        raise SamplingError(
            "first path",
            "no frame of the guessed path lies between the states; lower dynamics.stride",
        )
    engine = make_engine(prepared, min(plan.copies, SLOTS), plan, seed, clock=clock)
    shots = _Shots(prepared, guesses, between, count, seed, stored)
    progress = reporter(log, "first paths")
    for limit in (-(-shots_max // len(guesses)), shots_max):
        empty = [not paths for paths in shots.paths]
        if sum(empty) > max(0, len(guesses) - ENOUGH):
            shots.allow(np.array(empty), limit)
            for halves in engine.run(shots.next):
                shots.on_finished(halves)
                progress(shots.found, count * len(guesses))
    if not any(shots.paths):
        raise SamplingError(
            "first path",
            f"none of {shots.done.sum()} shots from the guessed path joined A and B; raise"
            " initial.shots_max, dynamics.max_half_path, or give initial.path",
        )
    paths = [found[:count] for found in shots.paths]
    log(
        f"{sum(map(len, paths))} first paths from {shots.done.sum()} shots of {len(guesses)}"
        f" guesses at {prepared.temperature:.0f} K"
    )
    return paths, shots.done


class _Shots:
    """Two-way shots from frames drawn at random; shot i has the keys 2 i and 2 i + 1.

    Shots are divided among the guesses that lack paths.
    """

    def __init__(
        self,
        prepared: Prepared,
        guesses: Sequence[Frames],
        between: Sequence[Rows],
        count: int,
        seed: int,
        stored: FrameLog | None,
    ) -> None:
        self._sigma = thermal_velocities(prepared)[:, None]
        self._guesses, self._between, self._stored = guesses, between, stored
        self._count = count
        self._seed = seed
        self._limits = np.zeros(len(guesses), dtype=np.int64)
        self._begun = np.zeros(len(guesses), dtype=np.int64)
        self._halves: dict[int, tuple[int, Frames]] = {}
        self._points: dict[int, tuple[int, Frames]] = {}
        self._queue = ShotQueue()
        self.done = np.zeros(len(guesses), dtype=np.int64)
        self.paths: list[list[CurrentPath]] = [[] for _ in guesses]

    @property
    def found(self) -> int:
        """Number of paths so far that are wanted."""
        return sum(min(len(paths), self._count) for paths in self.paths)

    def allow(self, which: Mask, limit: int) -> None:
        """Let some guesses (G,) have ``limit`` shots in all."""
        possible = np.array([len(rows) > 0 for rows in self._between])
        self._limits[which & possible] = limit

    def next(self, count: int) -> HalfShots | None:
        """The next half-shots, the second of a shot right after its first."""
        waiting = self._queue.take(count)
        if waiting is not None:
            return waiting
        guesses = self._next_guesses(-(-count // 2))
        if len(guesses) == 0:
            return None
        first = int(self._begun.sum())
        numbers = first + np.arange(len(guesses))
        np.add.at(self._begun, guesses, 1)
        seeds = shot_seeds(self._seed, np.full(len(numbers), SHOT_STREAM), numbers)
        u = uniforms(seeds, 0, 1)[:, 0].tolist()
        points = np.stack(
            [self._frame(guess, x) for guess, x in zip(guesses.tolist(), u, strict=True)]
        )
        velocities = normals(seeds, 1, points.shape[1:]) * self._sigma
        own = zip(guesses.tolist(), points, strict=True)
        self._points.update(zip(numbers.tolist(), own, strict=True))
        self._queue.put(both_halves(numbers, points, velocities))
        return self._queue.take(count)

    def _frame(self, guess: int, x: float) -> Frames:
        """Frame (N, 3) between the states of a guess, by a uniform number."""
        rows = self._between[guess]
        frame: Frames = self._guesses[guess][rows[int(x * len(rows))]]
        return frame

    def _next_guesses(self, most: int) -> Rows:
        """Guesses (K,) of the next shots, in turn those that lack paths and have shots left."""
        lack = np.array([len(paths) < self._count for paths in self.paths])
        left = np.where(lack, self._limits - self._begun, 0)
        turns = [np.flatnonzero(left > turn) for turn in range(min(most, int(left.max())))]
        return np.concatenate([*turns, np.empty(0, dtype=np.int64)])[:most]

    def on_finished(self, halves: HalfPaths) -> None:
        """Store finished half-shots, and the transition paths that they complete."""
        ended = zip(halves.keys.tolist(), halves.ends.tolist(), halves.each(), strict=True)
        for key, end, frames in ended:
            self._halves[key] = (end, frames)
            number = key // 2
            if key ^ 1 not in self._halves:
                continue
            (back_end, backward), (end, forward) = (
                self._halves.pop(2 * number + side) for side in (0, 1)
            )
            guess, point = self._points.pop(number)
            self.done[guess] += 1
            if in_states(np.array([back_end, end])).all() and back_end != end:
                path = join_halves(point, backward, forward, -1)
                path = path if end == IN_B else reversed_path(path)
                if self._stored is not None:
                    path.frames = self._stored.append(path.frames[:])
                self.paths[guess].append(path)
