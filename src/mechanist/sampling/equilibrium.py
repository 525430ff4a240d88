"""Equilibrium runs in one state: how often it is left, and how far excursions go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.engine.choose import make_engine
from mechanist.engine.plan import Plan
from mechanist.engine.protocol import EXPLODED, HalfPaths, HalfShots, ShotQueue, joined
from mechanist.engine.under_way import Arrays, UnderWay
from mechanist.journal import Clock
from mechanist.sampling.chain import Frames
from mechanist.sampling.excursions import pieces
from mechanist.sampling.first_path import thermal_velocities
from mechanist.sampling.keeper import Keeper
from mechanist.sampling.streams import normals, shot_seeds
from mechanist.systems.prepared import Prepared

EQUILIBRIUM_STREAM = 2**35
"""First stream of random numbers of equilibrium runs."""


@dataclass(frozen=True)
class StateRun:
    """What one equilibrium run has seen after its first frames were left out.

    Attributes
    ----------
    frames
        (F, N, 3) in nm, from the first to the last visit to a state.
    labels
        (F,) states: its own, neither, and at the end perhaps the other one.
    time
        Frames of observation, the last excursion included even if its end was not seen.
    starts
        Excursions that began.
    """

    frames: Frames
    labels: NDArray[np.int8]
    time: int
    starts: int

    @property
    def excursions(self) -> list[slice]:
        """Complete excursions, as ranges of frames."""
        return pieces(self.labels)


def state_runs(
    prepared: Prepared,
    starts: Frames,
    home: int,
    frames: int,
    burn_in: int,
    plan: Plan,
    seed: int,
    progress: Callable[[int, int], None],
    clock: Clock | None = None,
    keeper: Keeper | None = None,
) -> list[StateRun]:
    """Run from structures in one state until the other state is reached or the time is over.

    Parameters
    ----------
    prepared
        What to move.
    starts
        (K, N, 3) in nm, one a run, in the state.
    home
        -1 for A, +1 for B.
    frames, burn_in
        Frames a run, and how many at its start are left out.
    plan, seed
        Of the engine and of the starting velocities.
    progress
        Called with frames done and frames to do of one run.
    clock
        Adds up the time in OpenMM.
    keeper
        Keeps the state of the runs, also when all are done.
    """
    done = 0

    def label(positions: NDArray[np.float64]) -> NDArray[np.int8]:
        nonlocal done
        done += 1
        progress(done, frames)
        labels = prepared.states.label_positions(positions)
        return np.where(labels == -home, labels, np.int8(0))

    engine = make_engine(prepared, len(starts), plan, seed % 2**31, label, frames, clock)
    numbers = np.arange(len(starts))
    seeds = shot_seeds(seed, numbers, 0 * numbers)
    velocities = normals(seeds, 0, starts.shape[1:]) * thermal_velocities(prepared)[:, None]
    work = Runs(len(starts))
    begun = None if keeper is None else keeper.begin(work, plan.notes())
    if begun is None:
        work.queue.put(HalfShots(numbers, starts, velocities))
    for halves in engine.run(work.queue.take, keeper, begun):
        work.done.append(halves)
    if keeper is not None:
        keeper.write(UnderWay.none(prepared.atoms))
    return _observed(work.done, prepared, home, burn_in)


def _observed(
    done: Sequence[HalfPaths], prepared: Prepared, home: int, burn_in: int
) -> list[StateRun]:
    """Runs that are over, by number, without what comes before ``burn_in``."""
    runs: dict[int, StateRun] = {}
    for halves in done:
        ended = zip(halves.keys.tolist(), halves.ends.tolist(), halves.each(), strict=True)
        for key, end, path in ended:
            # An exploded run is dropped whole: where it would have gone is not known.
            if end != EXPLODED:
                kept = path[burn_in:]
                runs[key] = observe(kept, prepared.states.label_positions(kept), home)
    return [runs[key] for key in sorted(runs)]


class Runs:
    """Runs that are over, and those that wait; see `mechanist.sampling.keeper.Work`."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.queue = ShotQueue()
        self.done: list[HalfPaths] = []
        self._written = 0

    def progress(self) -> str:
        """See `mechanist.sampling.keeper.Work`."""
        return f"{sum(map(len, self.done)):,} of {self.total:,} runs"

    def fresh(self) -> Arrays:
        """See `mechanist.sampling.keeper.Work`."""
        new = self.done[self._written :]
        self._written = len(self.done)
        return dict(vars(joined(new))) if new else {}

    def state(self) -> Arrays:
        """See `mechanist.sampling.keeper.Work`."""
        return self.queue.arrays()

    def restore(self, parts: list[Arrays], state: Arrays) -> None:
        """See `mechanist.sampling.keeper.Work`."""
        self.done = [HalfPaths(**part) for part in parts]
        self._written = len(self.done)
        self.queue.put_arrays(state)


def observe(frames: Frames, labels: NDArray[np.int8], home: int) -> StateRun:
    """Count from the first visit to the home state on."""
    at_home = np.flatnonzero(labels == home)
    if len(at_home) == 0:
        return StateRun(frames[:0], labels[:0], 0, 0)
    first = int(at_home[0])
    frames, labels = frames[first:], labels[first:]
    left = (labels[:-1] == home) & (labels[1:] == 0)
    last = int(np.flatnonzero(labels)[-1]) + 1
    return StateRun(frames[:last], labels[:last], len(labels), int(left.sum()))
