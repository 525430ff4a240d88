"""Fresh committor shots: single half-shots from fixed points with new velocities.

The committor at a point x is estimated by p_B(x) = n_B / (n_A + n_B), where n_A and n_B are the
numbers of shots from x that end in A and in B.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Frames, NamedArrays
from mechanist.bookkeeping.progress import Progress
from mechanist.engine.half_shots import END_NAMES, HalfPaths, HalfShots
from mechanist.engine.protocol import Engine
from mechanist.sampling.records.checkpoint import Checkpoint
from mechanist.sampling.records.tables import Table
from mechanist.sampling.streams import normals, shot_seeds

COMMITTOR_STREAM = 2**34
"""Chain number of the random stream of point 0; point ``i`` has the number ``i`` higher."""

FIRST_POINT = {"network": 0, "formula": 2**19}
"""Number of the first point of a set, by what chose it; numbers key the random streams of shots."""

_NOT_ENDED = np.int8(-1)

COMMITTOR_COLUMNS = ("point", "shot", "end", "steps")


class _FreshShots:
    """Which shots were started, and how they ended: a `Resumable`."""

    def __init__(self, total: int) -> None:
        self.started = 0
        self.ends = np.full(total, _NOT_ENDED)
        self.steps = np.zeros(total, dtype=np.int64)

    def next(self, count: int) -> NDArray[np.int64]:
        """Numbers of up to ``count`` shots to start next."""
        keys = np.arange(self.started, min(self.started + count, len(self.ends)))
        self.started += len(keys)
        return keys

    def on_finished(self, halves: HalfPaths) -> None:
        """Record how shots ended."""
        self.ends[halves.keys], self.steps[halves.keys] = halves.ends, halves.steps

    @property
    def done(self) -> int:
        """Number of shots that have ended."""
        return int((self.ends != _NOT_ENDED).sum())

    def progress(self) -> str:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        return f"{self.done:,} of {len(self.ends):,} fresh shots"

    def finished(self) -> NamedArrays:
        """See `mechanist.sampling.records.checkpoint.Resumable`: all is in the state."""
        return {}

    def state(self) -> NamedArrays:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        return {"made": np.array(self.started), "ends": self.ends, "steps": self.steps}

    def restore(self, parts: list[NamedArrays], state: NamedArrays) -> None:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        self.started = int(state["made"])
        self.ends, self.steps = state["ends"].copy(), state["steps"].copy()


def committor_shots(
    points: Frames,
    numbers: NDArray[np.int64],
    shots: int,
    engine: Engine,
    sigma: NDArray[np.float64],
    seed: int,
    checkpoint: Checkpoint | None = None,
    notes: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Table:
    """Shoot from every point.

    Parameters
    ----------
    points
        (P, N, 3) in nm.
    numbers
        (P,) numbers of the points in the run; they key the random streams.
    shots
        Half-shots from each point.
    engine
        Runs the half-shots.
    sigma
        (N,) thermal velocity in nm/ps.
    seed
        Seed of the run.
    checkpoint, notes, progress
        See `mechanist.sampling.chains.shoot.shoot`.

    Returns
    -------
    Table
        `COMMITTOR_COLUMNS`, ordered by point and shot; an end is A, B, too_long or exploded.
    """
    row, shot = np.divmod(np.arange(len(points) * shots), shots)
    seeds = shot_seeds(seed, COMMITTOR_STREAM + numbers[row], shot)
    work = _FreshShots(len(row))

    def next_shots(count: int) -> HalfShots | None:
        keys = work.next(count)
        velocities = normals(seeds[keys], 0, points.shape[1:]) * sigma[:, None]
        return HalfShots(keys, points[row[keys]], velocities) if len(keys) else None

    under_way = None if checkpoint is None else checkpoint.begin(work, notes or {})
    for halves in engine.run(next_shots, checkpoint, under_way):
        work.on_finished(halves)
        if progress is not None:
            progress(work.done, len(work.ends))
    ends, steps = END_NAMES[work.ends], work.steps
    return {
        "point": numbers[row],
        "shot": shot,
        "end": ends,
        "steps": steps,
    }
