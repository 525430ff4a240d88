"""State of a job of chains: the shots finished so far and the half-shots that wait."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain

import numpy as np

from mechanist.arrays import FrameSource, NamedArrays
from mechanist.engine.half_shots import ShotQueue
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.long_halves import LongHalfSample, LongHalves
from mechanist.sampling.chains.shots import Shots
from mechanist.sampling.records.frame_log import JobFrames
from mechanist.sampling.records.packing import prefixed, under
from mechanist.sampling.records.stored_frames import join_frames, view

NUMBERS = ("chain", "move", "seed", "p_predicted", "ends", "steps", "watched", "seen")
"""Columns of `Shots` that are numbers."""

FRAME_BYTES = 12
"""Bytes of an atom in a frame: three single-precision numbers."""

HELD_BYTES = 2**28
"""Bytes that the current paths of a job may take in memory together; longer ones stay on disk,
which takes longer to shoot from."""


@dataclass(frozen=True)
class Harvest:
    """Results of a job: shots by chain and move, and the paths of each chain with the first.

    ``too_long`` are half-shots that were too long, or a sample of them; None if there are none.
    """

    shots: Shots
    paths: dict[int, list[CurrentPath]]
    too_long: LongHalves | None = None


class Moves:
    """The moves of a job; a `mechanist.sampling.records.checkpoint.Resumable`.

    Parameters
    ----------
    chains
        They start from their current paths.
    moves
        Moves of each chain.
    too_long
        Takes half-shots that were too long; None if nobody asks where they were.
    frames
        Logs of points and paths; in memory if None.
    """

    def __init__(
        self,
        chains: Chains,
        moves: int,
        too_long: LongHalfSample | None = None,
        frames: JobFrames | None = None,
    ) -> None:
        self.chains = chains
        self.too_long = too_long
        self.queue = ShotQueue()
        self.last = chains.moves + moves
        self.total = moves * len(chains)
        self.done = 0
        numbers = list(zip(chains.numbers.tolist(), chains.paths, strict=True))
        self.paths = {number: [path] for number, path in numbers}
        self._frames = frames or JobFrames.in_memory(chains.paths[0].frames.shape[1])
        # Where the last path of each chain is read from once it is not its current one.
        self._stored = {number: path.frames for number, path in numbers}
        for number, path in numbers:
            self._hold(number, path)
        self._batches: list[Shots] = []
        self._written = 0

    def add(self, shots: Shots) -> None:
        """Add finished shots, and their points and accepted paths to the logs.

        Other frames of half-shots are dropped, except some of those that were too long.
        """
        if self.too_long is not None and shots.halves:
            self.too_long.add(shots)
        points = self._frames.points.append(shots.points[:])
        paths = [
            None if path is None else self._frames.paths.append(path.frames[:])
            for path in shots.paths
        ]
        self._record(replace(shots, points=points, halves=()), paths)

    def _record(self, shots: Shots, stored: Sequence[FrameSource | None]) -> None:
        """Add shots whose points and paths are in the logs, the latter as ``stored``."""
        self._batches.append(shots)
        for number, path, frames in zip(shots.chain.tolist(), shots.paths, stored, strict=True):
            if path is not None and frames is not None:
                group = self.paths[number]
                # The path before it, which the chain does not need any more.
                group[-1].frames = self._stored[number]
                self._stored[number] = frames
                self._hold(number, path)
                group.append(path)
        self.done += len(shots)

    def _hold(self, number: int, path: CurrentPath) -> None:
        """Have the current path of a chain in memory if it is short, and otherwise on disk."""
        frames, atoms, _ = path.frames.shape
        if len(self.chains) * frames * atoms * FRAME_BYTES > HELD_BYTES:
            path.frames = self._stored[number]
        elif not isinstance(path.frames, np.ndarray):
            path.frames = path.frames[:]

    def harvest(self) -> Harvest:
        """All shots and paths so far."""
        too_long = None if self.too_long is None else self.too_long.all()
        points = self._frames.points.part(0, len(self._frames.points))
        return Harvest(join(self._batches, points), self.paths, too_long)

    def progress(self) -> str:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        return f"{self.done:,} of {self.total:,} shots"

    def finished(self) -> NamedArrays:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        batches = self._batches[self._written :]
        self._written = len(self._batches)
        if not batches:
            return {}
        # What the state will name is on disk before it.
        self._frames.points.sync()
        self._frames.paths.sync()
        paths = [path for batch in batches for path in batch.paths]
        accepted = [path for path in paths if path is not None]
        arrays = {name: np.concatenate([getattr(b, name) for b in batches]) for name in NUMBERS}
        if self.too_long is not None:
            arrays |= self.too_long.unsaved()
        return arrays | {
            "accepted": np.array([path is not None for path in paths]),
            "path_lengths": np.array([len(path.frames) for path in accepted], dtype=np.int64),
            "shooting_frames": np.array([path.shooting_frame for path in accepted], dtype=np.int64),
            "whole_lengths": np.array([path.length for path in accepted], dtype=np.int64),
        }

    def state(self) -> NamedArrays:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        weights = np.array([path.weight for path in self._every_path()])
        return {
            "path_weights": weights,
            "logged": np.array([len(self._frames.points), len(self._frames.paths)]),
            **self.queue.arrays(),
            **prefixed("chains", self.chains.state()),
        }

    def restore(self, parts: list[NamedArrays], state: NamedArrays) -> None:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        points, paths = state["logged"].tolist()
        self._frames.points.cut(points)
        self._frames.paths.cut(paths)
        frame = 0
        for part in parts:
            first, lengths = frame, part["path_lengths"]
            frame += int(lengths.sum())
            starts = first + np.cumsum(lengths) - lengths
            stored = [
                self._frames.paths.part(start, count)
                for start, count in zip(starts.tolist(), lengths.tolist(), strict=True)
            ]
            own = self._frames.points.part(self.done, len(part["chain"]))
            self._record(*shots_of(part, own, stored, self.chains.every))
            if self.too_long is not None:
                self.too_long.restore(part)
        self._written = len(self._batches)
        for path, weight in zip(self._every_path(), state["path_weights"].tolist(), strict=True):
            path.weight = weight
        current = [self.paths[number][-1] for number in self.chains.numbers.tolist()]
        self.chains.restore(under("chains", state), current)
        self.queue.put_arrays(state)

    def _every_path(self) -> list[CurrentPath]:
        return list(chain.from_iterable(self.paths.values()))


def shots_of(
    part: NamedArrays, points: FrameSource, stored: Sequence[FrameSource], every: int = 1
) -> tuple[Shots, list[FrameSource | None]]:
    """The shots in a result of `Moves.finished`, and the frames of each accepted path."""
    paths: list[CurrentPath | None] = [None] * len(part["chain"])
    frames: list[FrameSource | None] = [None] * len(part["chain"])
    rows = np.flatnonzero(part["accepted"]).tolist()
    columns = (part[name].tolist() for name in ("shooting_frames", "whole_lengths"))
    for row, one, point, length in zip(rows, stored, *columns, strict=True):
        move = int(part["move"][row])
        paths[row], frames[row] = CurrentPath(one, move, point, 0, every, length), one
    numbers = {name: part[name] for name in NUMBERS}
    return Shots(**numbers, points=points, paths=paths, halves=()), frames


def join(batches: Sequence[Shots], points: FrameSource | None = None) -> Shots:
    """Batches joined, by chain and move; ``points`` are those of all of them, if they are known."""
    columns = {part.name: [getattr(b, part.name) for b in batches] for part in fields(Shots)}
    del columns["halves"]
    paths = list(chain.from_iterable(columns.pop("paths")))
    own: list[FrameSource] = columns.pop("points")
    points = join_frames(own, own[0].shape[1]) if points is None else points
    arrays = {name: np.concatenate(parts) for name, parts in columns.items()}
    order = np.lexsort([arrays["move"], arrays["chain"]])
    paths = [paths[i] for i in order.tolist()]
    arrays = {name: part[order] for name, part in arrays.items()}
    return Shots(**arrays, points=view(points, order), paths=paths, halves=())
