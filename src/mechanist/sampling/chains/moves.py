"""State of a job of chains: the shots finished so far and the half-shots that wait."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain

import numpy as np

from mechanist.arrays import NamedArrays
from mechanist.engine.half_shots import ShotQueue
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.long_halves import LongHalfSample, LongHalves
from mechanist.sampling.chains.shots import Shots
from mechanist.sampling.records.packing import packed, prefixed, under, unpacked

NUMBERS = ("chain", "move", "seed", "p_predicted", "points", "ends", "steps", "watched", "seen")
"""Columns of `Shots` that are plain arrays."""


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
    """

    def __init__(self, chains: Chains, moves: int, too_long: LongHalfSample | None = None) -> None:
        self.chains = chains
        self.too_long = too_long
        self.queue = ShotQueue()
        self.last = chains.moves + moves
        self.total = moves * len(chains)
        self.done = 0
        numbers = zip(chains.numbers.tolist(), chains.paths, strict=True)
        self.paths = {number: [path] for number, path in numbers}
        self._batches: list[Shots] = []
        self._written = 0

    def add(self, shots: Shots) -> None:
        """Add finished shots.

        Frames of half-shots are dropped, except those of accepted paths and some of those that were
        too long.
        """
        if self.too_long is not None and shots.halves:
            self.too_long.add(shots)
        self._batches.append(replace(shots, halves=()))
        for number, path in zip(shots.chain.tolist(), shots.paths, strict=True):
            if path is not None:
                self.paths[number].append(path)
        self.done += len(shots)

    def harvest(self) -> Harvest:
        """All shots and paths so far."""
        too_long = None if self.too_long is None else self.too_long.all()
        return Harvest(join(self._batches), self.paths, too_long)

    def progress(self) -> str:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        return f"{self.done:,} of {self.total:,} shots"

    def finished(self) -> NamedArrays:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        batches = self._batches[self._written :]
        self._written = len(self._batches)
        if not batches:
            return {}
        paths = [path for batch in batches for path in batch.paths]
        accepted = [path for path in paths if path is not None]
        lengths, frames = packed([path.frames for path in accepted], self.chains.paths[0].frames)
        arrays = {name: np.concatenate([getattr(b, name) for b in batches]) for name in NUMBERS}
        if self.too_long is not None:
            arrays |= self.too_long.unsaved()
        return arrays | {
            "accepted": np.array([path is not None for path in paths]),
            "path_lengths": lengths,
            "path_frames": frames,
            "shooting_frames": np.array([path.shooting_frame for path in accepted], dtype=np.int64),
        }

    def state(self) -> NamedArrays:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        weights = np.array([path.weight for path in self._every_path()])
        return {
            "path_weights": weights,
            **self.queue.arrays(),
            **prefixed("chains", self.chains.state()),
        }

    def restore(self, parts: list[NamedArrays], state: NamedArrays) -> None:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        for part in parts:
            self.add(shots_of(part))
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


def shots_of(part: NamedArrays) -> Shots:
    """The shots in a result of `Moves.finished`."""
    accepted = zip(
        np.flatnonzero(part["accepted"]).tolist(),
        unpacked(part["path_lengths"], part["path_frames"]),
        part["shooting_frames"].tolist(),
        strict=True,
    )
    paths: list[CurrentPath | None] = [None] * len(part["chain"])
    for row, frames, shooting_frame in accepted:
        paths[row] = CurrentPath(frames, int(part["move"][row]), shooting_frame)
    return Shots(**{name: part[name] for name in NUMBERS}, paths=paths, halves=())


def join(batches: Sequence[Shots]) -> Shots:
    """Batches joined, by chain and move."""
    columns = {part.name: [getattr(b, part.name) for b in batches] for part in fields(Shots)}
    del columns["halves"]
    paths = list(chain.from_iterable(columns.pop("paths")))
    arrays = {name: np.concatenate(parts) for name, parts in columns.items()}
    order = np.lexsort([arrays["move"], arrays["chain"]])
    paths = [paths[i] for i in order.tolist()]
    return Shots(**{name: part[order] for name, part in arrays.items()}, paths=paths, halves=())
