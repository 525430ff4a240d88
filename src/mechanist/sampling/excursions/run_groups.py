"""The equilibrium runs of a job so far: those that start in A and those that start in B."""

from dataclasses import replace

import numpy as np

from mechanist.arrays import Mask, NamedArrays, Rows
from mechanist.engine.under_way import UnderWay
from mechanist.sampling.excursions.run_record import (
    Run,
    Segment,
    run_of,
    segment_arrays,
    segments_of,
)
from mechanist.sampling.excursions.run_units import RunUnits
from mechanist.sampling.records.frame_log import FrameLog, MemoryLog
from mechanist.sampling.records.packing import prefixed, under


class RunGroups:
    """Segments of all runs; see `mechanist.sampling.records.checkpoint.Resumable`.

    Parameters
    ----------
    runs
        In each of the two groups.
    atoms
        Of the system.
    units
        In which order the runs are made.
    log
        Takes the frames that are kept; in memory if None.

    Attributes
    ----------
    segments
        (2, K) lists of the pieces of each run.
    lost
        (2, K) which runs have exploded.
    made
        (2) units of each group.
    ends
        (2, batches) the runs of each batch at the end of their last piece.
    """

    def __init__(self, runs: int, atoms: int, units: RunUnits, log: FrameLog | None = None) -> None:
        self._log = MemoryLog(atoms) if log is None else log
        self.units = units
        self.segments: list[list[list[Segment]]] = [[[] for _ in range(runs)] for _ in (0, 1)]
        self.lost: Mask = np.zeros((2, runs), dtype=np.bool_)
        self.made = [0, 0]
        self.ends = [[UnderWay.none(atoms) for _ in range(units.batches)] for _ in (0, 1)]
        self._written = [0, 0]

    @property
    def done(self) -> list[int]:
        """Segments of each group."""
        return [made // self.units.per_segment for made in self.made]

    def add(self, group: int, key: int, part: Segment) -> None:
        """A run of a group has made a piece."""
        frames = self._log.append(part.frames[:])
        self.segments[group][key].append(replace(part, frames=frames))

    def lose(self, group: int, keys: Rows) -> None:
        """Runs of a group have exploded; what they did before is no fair sample of equilibrium."""
        self.lost[group, keys] = True

    def end_unit(self, group: int, last: UnderWay) -> None:
        """A group has finished a unit."""
        self.ends[group][self.units.batch(self.made[group])] = last
        self.made[group] += 1

    def runs(self, group: int, relax: float, every: int) -> dict[int, Run]:
        """Runs of a group by their number, without the burn-in and those that have exploded.

        ``relax`` is the fraction of a run that is burn-in. Frames in states are taken from one
        in ``every`` of each segment, so that their number does not grow with the run.
        """
        found = {}
        for key, parts in enumerate(self.segments[group]):
            if parts and not self.lost[group, key]:
                frames = sum(len(part.labels) for part in parts)
                found[key] = run_of(parts, round(relax * frames), every * self.done[group])
        return found

    def progress(self) -> str:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        one, other = self.done
        return f"{one} and {other} segments of the runs from A and from B"

    def finished(self) -> NamedArrays:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        new: NamedArrays = {}
        for group in (0, 1):
            for unit in range(self._written[group], self.made[group]):
                number, rows = self.units.number(unit), self.units.rows(self.units.batch(unit))
                keys = [key for key in rows.tolist() if len(self.segments[group][key]) > number]
                if keys:
                    parts = [self.segments[group][key][number] for key in keys]
                    arrays = segment_arrays(parts) | {"keys": np.array(keys)}
                    new |= prefixed(f"{group}.{unit}", arrays)
            self._written[group] = self.made[group]
        # What the state will name is on disk before it.
        self._log.sync()
        return new

    def state(self) -> NamedArrays:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        own = {"lost": self.lost.copy(), "made": np.array(self.made)}
        own["logged"] = np.array(len(self._log))
        for group, batches in enumerate(self.ends):
            for batch, last in enumerate(batches):
                own |= prefixed(f"end{group}.{batch}", last.arrays())
        return own

    def restore(self, parts: list[NamedArrays], state: NamedArrays) -> None:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        self.lost, self.made = state["lost"].copy(), state["made"].tolist()
        self._log.cut(int(state["logged"]))
        self.ends = [
            [UnderWay.of(under(f"end{group}.{batch}", state)) for batch in range(len(batches))]
            for group, batches in enumerate(self.ends)
        ]
        frame = 0
        # In the order in which their frames were logged.
        for part in parts:
            for name in [name for name in part if name.endswith(".keys")]:
                unit = name.removesuffix(".keys")
                arrays, group = under(unit, part), int(unit.partition(".")[0])
                found = segments_of(arrays, self._log, frame)
                frame += sum(len(one.frames) for one in found)
                for key, one in zip(arrays["keys"].tolist(), found, strict=True):
                    self.segments[group][key].append(one)
        self._written = list(self.made)
