"""The equilibrium runs of a job so far: those that start in A and those that start in B."""

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
from mechanist.sampling.records.packing import prefixed, under


class RunGroups:
    """Segments of all runs; see `mechanist.sampling.records.checkpoint.Resumable`.

    Parameters
    ----------
    runs
        In each of the two groups.
    atoms
        Of the system.

    Attributes
    ----------
    segments
        (2, K) lists of the segments of each run.
    lost
        (2, K) which runs have exploded.
    done
        (2) segments of each group.
    ends
        (2) the runs of each group at the end of their last segment.
    """

    def __init__(self, runs: int, atoms: int) -> None:
        self._atoms = atoms
        self.segments: list[list[list[Segment]]] = [[[] for _ in range(runs)] for _ in (0, 1)]
        self.lost: Mask = np.zeros((2, runs), dtype=np.bool_)
        self.done = [0, 0]
        self.ends = [UnderWay.none(atoms), UnderWay.none(atoms)]
        self._written = [0, 0]

    def lose(self, group: int, keys: Rows) -> None:
        """Runs of a group have exploded; what they did before is no fair sample of equilibrium."""
        self.lost[group, keys] = True

    def end_segment(self, group: int, last: UnderWay) -> None:
        """A group has finished a segment."""
        self.done[group] += 1
        self.ends[group] = last

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
        return f"{self.done[0]} and {self.done[1]} segments of the runs from A and from B"

    def finished(self) -> NamedArrays:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        new: NamedArrays = {}
        for group in (0, 1):
            for number in range(self._written[group], self.done[group]):
                keys = [k for k, parts in enumerate(self.segments[group]) if len(parts) > number]
                if keys:
                    parts = [self.segments[group][key][number] for key in keys]
                    arrays = segment_arrays(parts, self._atoms) | {"keys": np.array(keys)}
                    new |= prefixed(f"{group}.{number}", arrays)
            self._written[group] = self.done[group]
        return new

    def state(self) -> NamedArrays:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        own = {"lost": self.lost.copy(), "done": np.array(self.done)}
        for group, last in enumerate(self.ends):
            own |= prefixed(f"end{group}", last.arrays())
        return own

    def restore(self, parts: list[NamedArrays], state: NamedArrays) -> None:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        self.lost, self.done = state["lost"].copy(), state["done"].tolist()
        self.ends = [UnderWay.of(under(f"end{group}", state)) for group in (0, 1)]
        everything = {name: array for part in parts for name, array in part.items()}
        for group in (0, 1):
            for number in range(self.done[group]):
                arrays = under(f"{group}.{number}", everything)
                if arrays:
                    for key, one in zip(arrays["keys"].tolist(), segments_of(arrays), strict=True):
                        self.segments[group][key].append(one)
        self._written = list(self.done)
