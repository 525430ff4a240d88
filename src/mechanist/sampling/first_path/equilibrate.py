"""First transition paths at the temperature of the run: two-way shots from a guessed path.

A guessed path is not in the ensemble of transition paths, but its frames are good shooting points.
Every path that a chain starts from comes from such a shot, so all of its dynamics are at the
temperature of the run; only its shooting point is not drawn from the ensemble, which the burn-in of
the chain removes.
"""

from collections.abc import Callable

import numpy as np

from mechanist.arrays import Frames
from mechanist.bookkeeping.journal import Clock
from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import IN_B, HalfPaths, HalfShots, ShotQueue, in_states
from mechanist.engine.plan import Plan
from mechanist.errors import SamplingError
from mechanist.sampling.chains.chain import both_halves
from mechanist.sampling.chains.current_path import CurrentPath, join_halves, reversed_path
from mechanist.sampling.streams import normals, shot_seeds, thermal_velocities, uniforms
from mechanist.systems.prepared import Prepared

SHOT_STREAM = 2**31 + 1
"""Chain number of the random stream used here; no chain has it."""

SLOTS = 256
"""Half-shots side by side, at most: with more of them, more shots than needed would be made."""


def equilibrate(
    prepared: Prepared,
    guess: Frames,
    count: int,
    shots_max: int,
    plan: Plan,
    seed: int,
    log: Callable[[str], None],
    clock: Clock | None = None,
) -> tuple[list[CurrentPath], int]:
    """Shoot from the frames of a guessed path until ``count`` transition paths are found.

    Parameters
    ----------
    prepared
        The system at its target temperature.
    guess
        (F, N, 3) in nm; frames in a state are left out.
    count
        Number of paths.
    shots_max
        Two-way shots after which to give up.
    plan, seed
        Of the engine.
    log, clock
        ``log`` is called with one line at the end; ``clock`` adds up the time in OpenMM.

    Returns
    -------
    list of CurrentPath, int
        Paths from A to B, and the number of finished shots.

    Raises
    ------
    SamplingError
        If no shot joins A and B.
    """
    interior = guess[prepared.states.label_positions(guess) == 0]
    if len(interior) == 0:
        raise SamplingError(
            "first path",
            "no frame of the guessed path lies between the states; lower dynamics.stride",
        )
    engine = make_engine(prepared, min(plan.copies, SLOTS), plan, seed, clock=clock)
    shots = _Shots(prepared, interior, shots_max, seed)
    paths: list[CurrentPath] = []
    for halves in engine.run(shots.next):
        paths += shots.on_finished(halves)
        if len(paths) >= count:
            shots.stop()
    if not paths:
        raise SamplingError(
            "first path",
            f"none of {shots.done} shots from the guessed path joined A and B; raise"
            " initial.shots_max, dynamics.max_half_path, or give initial.path",
        )
    paths = paths[:count]
    log(f"{len(paths)} first paths from {shots.done} shots at {prepared.temperature:.0f} K")
    return paths, shots.done


class _Shots:
    """Two-way shots from frames drawn at random; shot i has the keys 2 i and 2 i + 1."""

    def __init__(self, prepared: Prepared, interior: Frames, limit: int, seed: int) -> None:
        self._sigma = thermal_velocities(prepared)[:, None]
        self._interior = interior
        self._limit = limit
        self._seed = seed
        self._started = 0
        self._halves: dict[int, tuple[int, Frames]] = {}
        self._points: dict[int, Frames] = {}
        self._queue = ShotQueue()
        self.done = 0

    def stop(self) -> None:
        """Start no more shots; those under way are finished."""
        self._limit = self._started

    def next(self, count: int) -> HalfShots | None:
        """The next half-shots, the second of a shot right after its first."""
        waiting = self._queue.take(count)
        if waiting is not None:
            return waiting
        numbers = np.arange(self._started, min(self._limit, self._started + -(-count // 2)))
        if len(numbers) == 0:
            return None
        self._started += len(numbers)
        seeds = shot_seeds(self._seed, np.full(len(numbers), SHOT_STREAM), numbers)
        rows = (uniforms(seeds, 0, 1)[:, 0] * len(self._interior)).astype(np.int64)
        points = self._interior[rows]
        velocities = normals(seeds, 1, points.shape[1:]) * self._sigma
        self._points.update(zip(numbers.tolist(), points, strict=True))
        self._queue.put(both_halves(numbers, points, velocities))
        return self._queue.take(count)

    def on_finished(self, halves: HalfPaths) -> list[CurrentPath]:
        """Store finished half-shots; the transition paths that they complete."""
        paths = []
        ended = zip(halves.keys.tolist(), halves.ends.tolist(), halves.each(), strict=True)
        for key, end, frames in ended:
            self._halves[key] = (end, frames)
            number = key // 2
            if key ^ 1 not in self._halves:
                continue
            (back_end, backward), (end, forward) = (
                self._halves.pop(2 * number + side) for side in (0, 1)
            )
            self.done += 1
            point = self._points.pop(number)
            if in_states(np.array([back_end, end])).all() and back_end != end:
                path = join_halves(point, backward, forward, -1)
                paths.append(path if end == IN_B else reversed_path(path))
        return paths
