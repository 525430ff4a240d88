"""A guessed transition path by MD at higher temperatures."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Frames
from mechanist.bookkeeping.journal import Clock
from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import HalfShots, ShotQueue
from mechanist.engine.plan import Plan
from mechanist.errors import SamplingError
from mechanist.sampling.streams import normals, shot_seeds, thermal_velocities
from mechanist.systems.prepared import Prepared

Log = Callable[[str], None]

HOT_STREAM = 2**31
"""Chain number of the random stream used here; no chain has it."""


@dataclass(frozen=True)
class HotPath:
    """A crossing found by hot MD.

    Parameters
    ----------
    frames
        (F, N, 3) in nm from one state to the other.
    factor
        Its temperature, in units of the temperature of the run.
    simulated_ps
        Simulated time at this temperature until the crossing.
    """

    frames: Frames
    factor: float
    simulated_ps: float


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
        Total simulated time at each factor.
    plan, seed
        Of the engine.
    log, clock
        ``log`` is called with one line per factor; ``clock`` adds up the time in OpenMM.

    Raises
    ------
    SamplingError
        If no factor leads to a crossing; it names the state that was never visited.
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
            crossing = first_crossing(labels)
            if crossing is not None:
                log(f"hot MD at {hot.temperature:.0f} K crossed within {spent:.0f} ps")
                return HotPath(frames[crossing], factor, spent)
        log(f"hot MD at {hot.temperature:.0f} K: no crossing in {spent:.0f} ps")
    missing = [name for name, label in (("A", -1), ("B", 1)) if label not in seen]
    states = prepared.states
    names = " and ".join(
        f"{key} ({(states.a if key == 'A' else states.b).name})" for key in missing
    )
    what = (
        f"state {names} was never visited" if missing else "both states were visited, no crossing"
    )
    raise SamplingError(
        "first path",
        f"hot MD found none within {budget_ps:g} ps at {', '.join(f'{f:g}' for f in heating)} times"
        f" {prepared.temperature:.0f} K: {what}; check the states, raise initial.budget or"
        " initial.heating, set initial.method to pull, or give initial.path",
    )


def first_crossing(labels: NDArray[np.int8]) -> slice | None:
    """The first segment of a trajectory from one state to the other, both ends included."""
    inside = np.flatnonzero(labels)
    changes = np.flatnonzero(np.diff(labels[inside]))
    if len(changes) == 0:
        return None
    return slice(int(inside[changes[0]]), int(inside[changes[0] + 1]) + 1)


def _hot_runs(
    hot: Prepared, replicas: int, longest: int, plan: Plan, seed: int, clock: Clock | None
) -> Iterator[Frames]:
    """Hot trajectories (F, N, 3); each ends when it enters a state that it did not start from.

    If the start is in neither state they take their full time, to see crossings both ways.
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
