"""Fresh committor shots: one half-shot at a time from fixed points, with new velocities."""

import numpy as np
from numpy.typing import NDArray

from mechanist.engine.protocol import END_NAMES, Engine, HalfShots
from mechanist.sampling.records import Frames, Table
from mechanist.sampling.streams import normals, shot_seeds

COMMITTOR_STREAM = 2**34
"""Stream of random numbers of point 0; point ``i`` has the next but ``i``."""

COMMITTOR_COLUMNS = ("point", "shot", "end", "steps")


def committor_shots(
    points: Frames,
    numbers: NDArray[np.int64],
    shots: int,
    engine: Engine,
    sigma: NDArray[np.float64],
    seed: int,
) -> Table:
    """Shoot from every point.

    Parameters
    ----------
    points
        (P, N, 3) in nm.
    numbers
        (P,) numbers of the points in the whole run; they key the random streams.
    shots
        Half-shots from each point.
    engine
        Runs the half-shots.
    sigma
        (N,) thermal velocity in nm/ps.
    seed
        Seed of the run.

    Returns
    -------
    Table
        `COMMITTOR_COLUMNS`, ordered by point and shot; ends are A, B, too_long or exploded.
    """
    row, shot = np.divmod(np.arange(len(points) * shots), shots)
    seeds = shot_seeds(seed, COMMITTOR_STREAM + numbers[row], shot)
    made = 0

    def next_shots(count: int) -> HalfShots | None:
        nonlocal made
        keys = np.arange(made, min(made + count, len(row)))
        made += len(keys)
        velocities = normals(seeds[keys], 0, points.shape[1:]) * sigma[:, None]
        return HalfShots(keys, points[row[keys]], velocities) if len(keys) else None

    ends = np.empty(len(row), dtype=object)
    steps = np.empty(len(row), dtype=np.int64)
    for halves in engine.run(next_shots):
        ends[halves.keys], steps[halves.keys] = END_NAMES[halves.ends], halves.steps
    return {
        "point": numbers[row],
        "shot": shot,
        "end": ends,
        "steps": steps,
    }
