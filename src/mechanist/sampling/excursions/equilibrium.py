"""Equilibrium runs: how often each state is left, and how far excursions reach.

A run starts in one of the states and continues wherever it leads, also in the other state. Whatever
happens while it was last in A counts for A. A system that has just crossed the barrier, and may
return more readily than one that has relaxed, is thus observed as often as it occurs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Counts, Frames, Labels, NamedArrays
from mechanist.bookkeeping.journal import Clock
from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import EXPLODED, HalfPaths, HalfShots, ShotQueue, joined
from mechanist.engine.plan import Plan
from mechanist.engine.under_way import UnderWay
from mechanist.sampling.records.checkpoint import Checkpoint
from mechanist.sampling.streams import normals, shot_seeds, thermal_velocities
from mechanist.systems.prepared import Prepared

EQUILIBRIUM_STREAM = 2**35
"""First stream of random numbers of equilibrium runs."""


@dataclass(frozen=True)
class Run:
    """One equilibrium run after its burn-in, from its first visit to a state on.

    Attributes
    ----------
    frames
        (F, N, 3) in nm, from the first to the last visit to a state.
    labels
        (F,) states: -1 for A, +1 for B, 0 for neither.
    time
        (2,) frames that were last in A, and in B; those of an unfinished last excursion included.
    departures
        (2,) excursions that began in A, and in B.
    """

    frames: Frames
    labels: Labels
    time: Counts
    departures: Counts

    @property
    def excursions(self) -> list[slice]:
        """Complete excursions, as ranges of frames."""
        return pieces(self.labels)


def equilibrium_runs(
    prepared: Prepared,
    starts: Frames,
    frames: int,
    burn_in: int,
    plan: Plan,
    seed: int,
    progress: Callable[[int, int], None],
    clock: Clock | None = None,
    checkpoint: Checkpoint | None = None,
) -> list[Run]:
    """Run from structures in a state for a given time.

    Parameters
    ----------
    prepared
        The system.
    starts
        (K, N, 3) in nm, one structure a run.
    frames, burn_in
        Frames of a run, and how many at its start are discarded.
    plan
        How the engine runs.
    seed
        Of the engine's noise and of the starting velocities.
    progress
        Called with the frames done and the frames to do of one run.
    clock
        Measures the time in OpenMM.
    checkpoint
        Writes checkpoints of the runs, also when all have ended.

    Returns
    -------
    list of Run
        Without the runs that exploded.
    """
    done = 0

    def label(positions: NDArray[np.float64]) -> Labels:
        nonlocal done
        done += 1
        progress(done, frames)
        # No state ends a run.
        return np.zeros(len(positions), dtype=np.int8)

    engine = make_engine(prepared, len(starts), plan, seed % 2**31, label, frames, clock)
    numbers = np.arange(len(starts))
    seeds = shot_seeds(seed, numbers, 0 * numbers)
    velocities = normals(seeds, 0, starts.shape[1:]) * thermal_velocities(prepared)[:, None]
    work = Runs(len(starts))
    begun = None if checkpoint is None else checkpoint.begin(work, plan.notes())
    if begun is None:
        work.queue.put(HalfShots(numbers, starts, velocities))
    for halves in engine.run(work.queue.take, checkpoint, begun):
        work.done.append(halves)
    if checkpoint is not None:
        checkpoint.write(UnderWay.none(prepared.atoms))
    return _observed(work.done, prepared, burn_in)


def _observed(done: Sequence[HalfPaths], prepared: Prepared, burn_in: int) -> list[Run]:
    """Finished runs in the order of their numbers, without their burn-in."""
    runs: dict[int, Run] = {}
    for halves in done:
        ended = zip(halves.keys.tolist(), halves.ends.tolist(), halves.each(), strict=True)
        for key, end, path in ended:
            # The part of a run before it explodes is not a fair sample of equilibrium.
            if end != EXPLODED:
                after = path[burn_in:]
                runs[key] = observe(after, prepared.states.label_positions(after))
    return [runs[key] for key in sorted(runs)]


class Runs:
    """Finished and waiting runs; see `mechanist.sampling.records.checkpoint.Resumable`."""

    def __init__(self, total: int) -> None:
        self.total = total
        self.queue = ShotQueue()
        self.done: list[HalfPaths] = []
        self._written = 0

    def progress(self) -> str:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        return f"{sum(map(len, self.done)):,} of {self.total:,} runs"

    def finished(self) -> NamedArrays:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        new = self.done[self._written :]
        self._written = len(self.done)
        return dict(vars(joined(new))) if new else {}

    def state(self) -> NamedArrays:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        return self.queue.arrays()

    def restore(self, parts: list[NamedArrays], state: NamedArrays) -> None:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        self.done = [HalfPaths(**part) for part in parts]
        self._written = len(self.done)
        self.queue.put_arrays(state)


def observe(frames: Frames, labels: Labels) -> Run:
    """Times and departures of a run with these ``labels`` (F,), from its first visit on."""
    visits = np.flatnonzero(labels)
    none = np.zeros(2, dtype=np.int64)
    if len(visits) == 0:
        return Run(frames[:0], labels[:0], none, none)
    frames, labels = frames[visits[0] :], labels[visits[0] :]
    visit = np.maximum.accumulate(np.where(labels != 0, np.arange(len(labels)), 0))
    column = (labels[visit] + 1) // 2
    left = (labels[:-1] != 0) & (labels[1:] == 0)
    last = int(np.flatnonzero(labels)[-1]) + 1
    return Run(
        frames[:last],
        labels[:last],
        np.bincount(column, minlength=2),
        np.bincount(column[:-1][left], minlength=2),
    )


def pieces(labels: Labels) -> list[slice]:
    """Excursions of a labelled trajectory, as ranges of frames with both ends in states."""
    inside = np.flatnonzero(labels)
    gaps = np.flatnonzero(np.diff(inside) > 1)
    return [slice(int(inside[i]), int(inside[i + 1]) + 1) for i in gaps]
