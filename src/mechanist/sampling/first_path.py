"""The first transition paths: hot MD until it crosses, then shots at the target temperature.

A hot path is no member of the ensemble at the target temperature, but its frames are good places
to shoot from. Every path that a chain starts from is made by such a shot, so all of its dynamics
are at the target temperature; only its shooting point is not drawn from the ensemble, which the
burn-in of the chain forgets.
"""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mechanist.engine.choose import make_engine
from mechanist.engine.protocol import HalfPath, HalfShot
from mechanist.errors import SamplingError
from mechanist.sampling.chain import CurrentPath, shot_seed
from mechanist.systems.prepared import Prepared

Frames = NDArray[np.float32]
Log = Callable[[str], None]

HOT_STREAM, SHOT_STREAM = 2**31, 2**31 + 1
"""Chain numbers of the random streams used here; no chain has these."""


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
    platform: str,
    seed: int,
    log: Log,
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
    platform, seed
        Of the engine.
    log
        Called with one line a factor.

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
        for half in _hot_runs(hot, replicas, longest, platform, seed + 1000 * attempt):
            spent += half.steps * prepared.timestep
            labels = prepared.states.label_positions(half.frames)
            seen |= set(np.unique(labels).tolist()) - {0}
            crossing = last_crossing(labels)
            if crossing is not None:
                log(f"hot MD at {hot.temperature:.0f} K crossed within {spent:.0f} ps")
                return HotPath(half.frames[crossing], factor, spent)
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
        " initial.heating, or give initial.path",
    )


def last_crossing(labels: NDArray[np.int8]) -> slice | None:
    """The first piece of a trajectory that leads from one state into the other, ends included."""
    inside = np.flatnonzero(labels)
    changes = np.flatnonzero(np.diff(labels[inside]))
    if len(changes) == 0:
        return None
    return slice(int(inside[changes[0]]), int(inside[changes[0] + 1]) + 1)


def _hot_runs(
    hot: Prepared, replicas: int, longest: int, platform: str, seed: int
) -> Iterator[HalfPath]:
    """Hot trajectories; each ends when it enters a state that it did not start from.

    A start in neither state runs its whole time, so that a crossing in either direction shows.
    """
    start = int(hot.states.label_positions(hot.positions[None])[0])

    def label(positions: NDArray[np.float64]) -> NDArray[np.int8]:
        labels = hot.states.label_positions(positions)
        return np.where((labels != start) & (start != 0), labels, np.int8(0))

    engine = make_engine(hot, replicas, platform, seed, label, longest)
    sigma = thermal_velocities(hot)[:, None]
    queue: deque[HalfShot] = deque()
    for i in range(replicas):
        rng = np.random.default_rng(shot_seed(seed, HOT_STREAM, i))
        velocities = rng.standard_normal(hot.positions.shape) * sigma
        queue.append(HalfShot(i, hot.positions, velocities))
    return engine.run(lambda: queue.popleft() if queue else None)


def relax(
    prepared: Prepared,
    guess: Frames,
    count: int,
    shots_max: int,
    slots: int,
    platform: str,
    seed: int,
    log: Log,
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
    slots, platform, seed
        Of the engine.
    log
        Called with one line at the end.

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
            "no frame of the hot or given path lies between the states; lower dynamics.stride",
        )
    engine = make_engine(prepared, slots, platform, seed)
    shots = _Attempts(prepared, interior, shots_max, seed)
    paths: list[CurrentPath] = []
    for half in engine.run(shots.next):
        path = shots.told(half)
        if path is not None and len(paths) < count:
            paths.append(path)
            if len(paths) == count:
                shots.stop()
    if not paths:
        raise SamplingError(
            "first path",
            f"none of {shots.done} shots from the hot path joined A and B; raise"
            " initial.shots_max, dynamics.max_half_path, or give initial.path",
        )
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
        self._pending: HalfShot | None = None
        self._halves: dict[int, HalfPath] = {}
        self._points: dict[int, Frames] = {}
        self.done = 0

    def stop(self) -> None:
        """Make no more shots; those on their way are finished."""
        self._limit = self._made

    def next(self) -> HalfShot | None:
        """The next half-shot."""
        if self._pending is not None:
            shot, self._pending = self._pending, None
            return shot
        if self._made >= self._limit:
            return None
        number, self._made = self._made, self._made + 1
        rng = np.random.default_rng(shot_seed(self._seed, SHOT_STREAM, number))
        point = self._interior[rng.integers(len(self._interior))]
        velocities = rng.standard_normal(point.shape) * self._sigma
        self._points[number] = point
        self._pending = HalfShot(2 * number + 1, point, velocities)
        return HalfShot(2 * number, point, -velocities)

    def told(self, half: HalfPath) -> CurrentPath | None:
        """The transition path that a finished half completes, if it does."""
        number = half.key // 2
        other = self._halves.pop(number, None)
        if other is None:
            self._halves[number] = half
            return None
        self.done += 1
        point = self._points.pop(number)
        by_end = {half.reason: half, other.reason: other}
        if set(by_end) != {"A", "B"}:
            return None
        frames = np.concatenate([by_end["A"].frames[::-1], point[None], by_end["B"].frames])
        return CurrentPath(frames, -1, len(by_end["A"].frames))
