"""The first transition paths: hot MD until it crosses, then shots at the target temperature.

A hot path is no member of the ensemble at the target temperature, but its frames are good places
to shoot from. Every path that a chain starts from is made by such a shot, so all of its dynamics
are at the target temperature; only its shooting point is not drawn from the ensemble, which the
burn-in of the chain forgets.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Frames
from mechanist.bookkeeping.journal import Clock
from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import IN_B, HalfPaths, HalfShots, ShotQueue, in_states
from mechanist.engine.plan import Plan
from mechanist.errors import SamplingError
from mechanist.sampling.chains.chain import both_halves
from mechanist.sampling.chains.current_path import CurrentPath, join_halves, reversed_path
from mechanist.sampling.streams import normals, shot_seeds, uniforms
from mechanist.systems.prepared import Prepared

Log = Callable[[str], None]

HOT_STREAM, SHOT_STREAM = 2**31, 2**31 + 1
"""Chain numbers of the random streams used here; no chain has these."""


SLOTS = 256
"""Shots from the hot path at the same time, at most: more would be made than are needed."""


@dataclass(frozen=True)
class HotPath:
    """A crossing found by hot MD: frames (F, N, 3) from state to state."""

    frames: Frames
    factor: float
    simulated_ps: float


def thermal_velocities(prepared: Prepared) -> NDArray[np.float64]:
    """Standard deviation sqrt(kT/m) of each atom's velocity components, (N,) in nm/ps."""
    masses = prepared.masses
    return np.sqrt(np.divide(prepared.kt, masses, out=np.zeros_like(masses), where=masses > 0))


def hot_path(
    prepared: Prepared,
    heating: tuple[float, ...],
    replicas: int,
    budget_ps: float,
    plan: Plan,
    seed: int,
    log: Log,
    clock: Clock | None = None,
) -> HotPath:
    """Run hot MD from the starting structure until it goes from one state to the other.

    Parameters
    ----------
    prepared
        The system at its target temperature.
    heating
        Factors on the temperature, tried in turn.
    replicas
        Trajectories side by side.
    budget_ps
        Simulated time in all at each factor.
    plan, seed
        Of the engine.
    log, clock
        Called with one line a factor; adds up the time in OpenMM.

    Raises
    ------
    SamplingError
        If no factor leads to a crossing; says which states were seen and what to try.
    """
    frame_ps = prepared.timestep * prepared.stride
    longest = max(1, round(budget_ps / frame_ps / replicas))
    seen: set[int] = set()
    for attempt, factor in enumerate(heating):
        hot = replace(prepared, temperature=prepared.temperature * factor)
        spent = 0.0
        for frames in _hot_runs(hot, replicas, longest, plan, seed + 1000 * attempt, clock):
            spent += len(frames) * frame_ps
            labels = prepared.states.label_positions(frames)
            seen |= set(np.unique(labels).tolist()) - {0}
            crossing = last_crossing(labels)
            if crossing is not None:
                log(f"hot MD at {hot.temperature:.0f} K crossed within {spent:.0f} ps")
                return HotPath(frames[crossing], factor, spent)
        log(f"hot MD at {hot.temperature:.0f} K: no crossing in {spent:.0f} ps")
    missing = [name for name, label in (("A", -1), ("B", 1)) if label not in seen]
    states = prepared.states
    names = " and ".join(
        f"{key} ({(states.a if key == 'A' else states.b).name})" for key in missing
    )
    what = f"state {names} was never visited" if missing else "both states were seen, no crossing"
    raise SamplingError(
        "first path",
        f"hot MD found none within {budget_ps:g} ps at {', '.join(f'{f:g}' for f in heating)} times"
        f" {prepared.temperature:.0f} K: {what}; check the states, raise initial.budget or"
        " initial.heating, set initial.method to pull, or give initial.path",
    )


def last_crossing(labels: NDArray[np.int8]) -> slice | None:
    """The first piece of a trajectory that leads from one state into the other, ends included."""
    inside = np.flatnonzero(labels)
    changes = np.flatnonzero(np.diff(labels[inside]))
    if len(changes) == 0:
        return None
    return slice(int(inside[changes[0]]), int(inside[changes[0] + 1]) + 1)


def _hot_runs(
    hot: Prepared, replicas: int, longest: int, plan: Plan, seed: int, clock: Clock | None
) -> Iterator[Frames]:
    """Hot trajectories (F, N, 3); each ends when it enters a state that it did not start from.

    A start in neither state runs its whole time, so that a crossing in either direction shows.
    """
    start = int(hot.states.label_positions(hot.positions[None])[0])

    def label(positions: NDArray[np.float64]) -> NDArray[np.int8]:
        labels = hot.states.label_positions(positions)
        return np.where((labels != start) & (start != 0), labels, np.int8(0))

    engine = make_engine(hot, replicas, plan, seed, label, longest, clock)
    numbers = np.arange(replicas)
    seeds = shot_seeds(seed, np.full(replicas, HOT_STREAM), numbers)
    velocities = normals(seeds, 0, hot.positions.shape) * thermal_velocities(hot)[:, None]
    queue = ShotQueue()
    queue.put(HalfShots(numbers, np.repeat(hot.positions[None], replicas, axis=0), velocities))
    for halves in engine.run(queue.take):
        yield from halves.each()


def relax(
    prepared: Prepared,
    guess: Frames,
    count: int,
    shots_max: int,
    plan: Plan,
    seed: int,
    log: Log,
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
        How many paths.
    shots_max
        Two-way shots before giving up.
    plan, seed
        Of the engine.
    log, clock
        Called with one line at the end; adds up the time in OpenMM.

    Returns
    -------
    list of CurrentPath, int
        Paths from A to B, and the shots that were made.

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
    shots = _Attempts(prepared, interior, shots_max, seed)
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


class _Attempts:
    """Two-way shots from frames drawn at random, numbered; half-paths are matched by number."""

    def __init__(self, prepared: Prepared, interior: Frames, limit: int, seed: int) -> None:
        self._sigma = thermal_velocities(prepared)[:, None]
        self._interior = interior
        self._limit = limit
        self._seed = seed
        self._made = 0
        self._halves: dict[int, tuple[int, Frames]] = {}
        self._points: dict[int, Frames] = {}
        self._queue = ShotQueue()
        self.done = 0

    def stop(self) -> None:
        """Make no more shots; those on their way are finished."""
        self._limit = self._made

    def next(self, count: int) -> HalfShots | None:
        """The next half-shots, the second half of a shot right after its first."""
        waiting = self._queue.take(count)
        if waiting is not None:
            return waiting
        numbers = np.arange(self._made, min(self._limit, self._made + -(-count // 2)))
        if len(numbers) == 0:
            return None
        self._made += len(numbers)
        seeds = shot_seeds(self._seed, np.full(len(numbers), SHOT_STREAM), numbers)
        rows = (uniforms(seeds, 0, 1)[:, 0] * len(self._interior)).astype(np.int64)
        points = self._interior[rows]
        velocities = normals(seeds, 1, points.shape[1:]) * self._sigma
        self._points.update(zip(numbers.tolist(), points, strict=True))
        self._queue.put(both_halves(numbers, points, velocities))
        return self._queue.take(count)

    def on_finished(self, halves: HalfPaths) -> list[CurrentPath]:
        """The transition paths that finished halves complete."""
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
