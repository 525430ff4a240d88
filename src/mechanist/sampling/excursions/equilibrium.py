"""Equilibrium runs: how often each state is left, and how far excursions reach.

A run starts in one of the states and continues wherever it leads, also in the other state. Whatever
happens while it was last in A counts for A. A system that has just crossed the barrier, and may
return more readily than one that has relaxed, is thus observed as often as it occurs.

Runs are made in segments of equal length, first those that start in A, then those that start in B,
and are continued, with positions, velocities and noise, until a test finds them long enough. How
many go on side by side, and for how many frames at a time, is that of
`mechanist.sampling.excursions.run_units`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Frames, Labels
from mechanist.bookkeeping.journal import Clock
from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import HalfShots, ShotQueue, no_half_paths
from mechanist.engine.plan import Plan
from mechanist.engine.under_way import UnderWay
from mechanist.sampling.excursions.run_groups import RunGroups
from mechanist.sampling.excursions.run_record import segment
from mechanist.sampling.excursions.run_units import RunUnits
from mechanist.sampling.records.checkpoint import Checkpoint
from mechanist.sampling.streams import normals, shot_seed, shot_seeds, thermal_velocities
from mechanist.systems.prepared import Prepared

EQUILIBRIUM_STREAM = 2**35
"""First stream of random numbers of equilibrium runs."""


@dataclass(frozen=True)
class RunPlan:
    """How long runs are, and what their noise follows from.

    Parameters
    ----------
    starts
        (K, 2, N, 3) in nm, structures in A and in B of each run.
    frames
        Of a segment.
    segments
        Of a run, at most.
    every
        Frames between two in a state that are kept.
    seeds
        (2) of the noise and the starting velocities of the runs from A and from B.
    """

    starts: Frames
    frames: int
    segments: int
    every: int
    seeds: Sequence[int]

    @property
    def targets(self) -> list[int]:
        """Segments after which the runs are tested: 1, 2, 4, ..., the last one the most."""
        doubled = [2**i for i in range(self.segments.bit_length()) if 2**i < self.segments]
        return [*doubled, self.segments]


def equilibrium_runs(
    prepared: Prepared,
    runs: RunPlan,
    plan: Plan,
    enough: Callable[[RunGroups], bool],
    progress: Callable[[int, int], None],
    clock: Clock | None = None,
    checkpoint: Checkpoint | None = None,
) -> RunGroups:
    """Run from structures in both states until a test finds the runs long enough.

    Parameters
    ----------
    prepared
        The system.
    runs
        Starts, lengths and seeds.
    plan
        How the engine runs.
    enough
        Whether the runs need not be continued; asked whenever all have the same length.
    progress
        Called with the frames done and the frames to do of one run, until the next test.
    clock
        Measures the time in OpenMM.
    checkpoint
        Writes checkpoints of the runs, also when all have ended.
    """
    count = len(runs.starts)
    units = RunUnits.of(count, runs.frames, prepared.atoms, plan)
    log = None if checkpoint is None else checkpoint.frames(prepared.atoms).paths
    groups = RunGroups(count, prepared.atoms, units, log)
    begun = None if checkpoint is None else checkpoint.begin(groups, plan.notes())
    for target in runs.targets:
        if max(groups.done) > target:
            # Of a resumed job, which the test has sent on.
            continue
        for group in (0, 1):
            while groups.done[group] < target:
                _one_unit(
                    prepared,
                    runs,
                    groups,
                    group,
                    plan,
                    partial(_report, progress, groups, group, target),
                    clock,
                    checkpoint,
                    begun if begun is not None and len(begun) else None,
                )
                begun = None
                if checkpoint is not None:
                    checkpoint.write(UnderWay.none(prepared.atoms))
        if enough(groups):
            break
    return groups


def _report(
    progress: Callable[[int, int], None], groups: RunGroups, group: int, target: int, done: int
) -> None:
    """Frames done of a run, ``done`` of them in this unit, until ``target`` segments are ready.

    Of several batches it is the mean over the runs.
    """
    units = groups.units
    ready = groups.made[group] * units.frames * units.batches // units.per_segment + done
    progress(ready // units.batches, target * units.frames)


def _one_unit(
    prepared: Prepared,
    runs: RunPlan,
    groups: RunGroups,
    group: int,
    plan: Plan,
    progress: Callable[[int], None],
    clock: Clock | None,
    checkpoint: Checkpoint | None,
    begun: UnderWay | None,
) -> None:
    """Continue a batch of runs by one piece; ``begun`` is what was done of it before."""
    unit, units = groups.made[group], groups.units
    batch, frames = units.batch(unit), units.size(unit)
    keys = units.rows(batch)
    starts, queue, seed = runs.starts[keys, group], ShotQueue(), runs.seeds[group]
    if units.number(unit):
        begun = groups.ends[group][batch] if begun is None else begun
    elif begun is None:
        seeds = shot_seeds(seed, keys, 0 * keys)
        velocities = normals(seeds, 0, starts.shape[1:]) * thermal_velocities(prepared)[:, None]
        queue.put(HalfShots(keys, starts, velocities))
    if unit:
        seed = shot_seed(seed, EQUILIBRIUM_STREAM, unit)
    already = int(begun.lengths.max()) if begun is not None and len(begun) else 0
    lanes = min(plan.lanes, len(starts))
    end = SegmentEnd(frames - already, lanes, checkpoint, progress, already)
    engine = make_engine(
        prepared,
        len(starts),
        plan,
        seed % 2**31,
        end.label,
        2 * frames,
        clock,
        scratch=None if checkpoint is None else checkpoint.folder,
    )
    last = UnderWay.none(prepared.atoms)
    try:
        for halves in engine.run(queue.take, end, begun):
            groups.lose(group, halves.keys)
    except SegmentEndedError as ended:
        last = ended.under_way
    groups.lose(group, last.ended.keys)
    stops = np.cumsum(last.lengths)
    for row in np.argsort(last.keys).tolist():
        key, stop = int(last.keys[row]), int(stops[row])
        path = last.frames[stop - int(last.lengths[row]) : stop]
        before = sum(len(one.labels) for one in groups.segments[group][key])
        labels = prepared.states.label_positions(path)
        groups.add(group, key, segment(path, labels, before, runs.every))
    groups.end_unit(group, _without_frames(last, prepared.atoms))


def _without_frames(last: UnderWay, atoms: int) -> UnderWay:
    """Where a segment ended, as the beginning of the next one."""
    return replace(
        last,
        ages=0 * last.ages,
        lengths=0 * last.lengths,
        frames=last.frames[:0],
        ended=no_half_paths(atoms),
        ended_lanes=last.ended_lanes[:0],
    )


class SegmentEndedError(Exception):
    """Leaves the engine at the end of a segment, with its state."""

    def __init__(self, under_way: UnderWay) -> None:
        super().__init__("end of a segment")
        self.under_way = under_way


class SegmentEnd:
    """Ends a segment between two strides; see `mechanist.engine.protocol.Pause`.

    Parameters
    ----------
    frames, lanes
        Frames to make, and lanes of the engine, which take turns.
    checkpoint
        Pauses that are for checkpoints.
    progress
        Called with the number of frames.
    already
        Frames made before.
    """

    def __init__(
        self,
        frames: int,
        lanes: int,
        checkpoint: Checkpoint | None,
        progress: Callable[[int], None],
        already: int,
    ) -> None:
        self._lanes, self._checkpoint = lanes, checkpoint
        self._progress, self._already = progress, already
        # The first lane that has them all waits for the others.
        self._left = (frames - 1) * lanes + 1
        self._seen = 0

    def label(self, positions: NDArray[np.float64]) -> Labels:
        """No state ends a run; counts the frames of all lanes."""
        self._left -= 1
        self._seen += 1
        self._progress(self._already + -(-self._seen // self._lanes))
        return np.zeros(len(positions), dtype=np.int8)

    def wanted(self) -> bool:
        """See `mechanist.engine.protocol.Pause`."""
        return self._left <= 0 or (self._checkpoint is not None and self._checkpoint.wanted())

    def take(self, under_way: UnderWay) -> None:
        """Write a checkpoint, or leave the engine if the segment has ended.

        Raises
        ------
        SegmentEndedError
            With the state of the engine.
        """
        if self._left <= 0:
            raise SegmentEndedError(under_way)
        assert self._checkpoint is not None
        self._checkpoint.take(under_way)
