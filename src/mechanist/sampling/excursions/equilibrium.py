"""Equilibrium runs: how often each state is left, and how far excursions go.

A run starts in one of the states and goes on wherever it leads, also after it has come to the other
state. What it sees while it was last in A counts for A. So a molecule that has just come over the
barrier, and may turn back more readily than one that has settled, is seen as often as it occurs.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Frames, NamedArrays
from mechanist.bookkeeping.journal import Clock
from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import EXPLODED, HalfPaths, HalfShots, ShotQueue, joined
from mechanist.engine.plan import Plan
from mechanist.engine.under_way import UnderWay
from mechanist.sampling.excursions.excursions import pieces
from mechanist.sampling.records.checkpoint import Checkpoint
from mechanist.sampling.streams import normals, shot_seeds, thermal_velocities
from mechanist.systems.prepared import Prepared

EQUILIBRIUM_STREAM = 2**35
"""First stream of random numbers of equilibrium runs."""


@dataclass(frozen=True)
class Run:
    """What one equilibrium run has seen after its first frames were left out.

    Attributes
    ----------
    frames
        (F, N, 3) in nm, from the first to the last visit to a state.
    labels
        (F,) states: -1 for A, +1 for B, 0 for neither.
    time
        (2,) frames of observation that were last in A, and in B; the last excursion is included,
        even if its end was not seen.
    starts
        (2,) excursions that began in A, and in B.
    """

    frames: Frames
    labels: NDArray[np.int8]
    time: NDArray[np.int64]
    starts: NDArray[np.int64]

    @property
    def excursions(self) -> list[slice]:
        """Complete excursions, as ranges of frames."""
        return pieces(self.labels)


def state_runs(
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
    """Run from structures in a state until the time is over.

    Parameters
    ----------
    prepared
        What to move.
    starts
        (K, N, 3) in nm, one a run.
    frames, burn_in
        Frames a run, and how many at its start are left out.
    plan, seed
        Of the engine and of the starting velocities.
    progress
        Called with frames done and frames to do of one run.
    clock
        Adds up the time in OpenMM.
    checkpoint
        Keeps the state of the runs, also when all are done.
    """
    done = 0

    def label(positions: NDArray[np.float64]) -> NDArray[np.int8]:
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
    """Runs that are over, by number, without what comes before ``burn_in``."""
    runs: dict[int, Run] = {}
    for halves in done:
        ended = zip(halves.keys.tolist(), halves.ends.tolist(), halves.each(), strict=True)
        for key, end, path in ended:
            # An exploded run is dropped whole: where it would have gone is not known.
            if end != EXPLODED:
                kept = path[burn_in:]
                runs[key] = observe(kept, prepared.states.label_positions(kept))
    return [runs[key] for key in sorted(runs)]


class Runs:
    """Runs that have ended, and those that wait: a `Resumable`."""

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


def observe(frames: Frames, labels: NDArray[np.int8]) -> Run:
    """Count from the first visit to a state on."""
    visits = np.flatnonzero(labels)
    none = np.zeros(2, dtype=np.int64)
    if len(visits) == 0:
        return Run(frames[:0], labels[:0], none, none)
    frames, labels = frames[visits[0] :], labels[visits[0] :]
    place = np.maximum.accumulate(np.where(labels != 0, np.arange(len(labels)), 0))
    column = (labels[place] + 1) // 2
    left = (labels[:-1] != 0) & (labels[1:] == 0)
    last = int(np.flatnonzero(labels)[-1]) + 1
    return Run(
        frames[:last],
        labels[:last],
        np.bincount(column, minlength=2),
        np.bincount(column[:-1][left], minlength=2),
    )
