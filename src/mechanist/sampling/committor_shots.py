"""Fresh committor shots: one half-shot at a time from fixed points, with new velocities."""

import numpy as np
from numpy.typing import NDArray

from mechanist.engine.protocol import Engine, HalfShot
from mechanist.sampling.chain import shot_seed
from mechanist.sampling.records import Frames, Table

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
    total = len(points) * shots
    made = 0

    def next_shot() -> HalfShot | None:
        nonlocal made
        if made >= total:
            return None
        row, shot = divmod(made, shots)
        rng = np.random.default_rng(shot_seed(seed, COMMITTOR_STREAM + int(numbers[row]), shot))
        half = HalfShot(made, points[row], rng.standard_normal(points[row].shape) * sigma[:, None])
        made += 1
        return half

    ends = np.empty(total, dtype=object)
    steps = np.empty(total, dtype=np.int64)
    for half in engine.run(next_shot):
        ends[half.key], steps[half.key] = half.reason, half.steps
    return {
        "point": np.repeat(numbers, shots),
        "shot": np.tile(np.arange(shots), len(points)),
        "end": ends,
        "steps": steps,
    }
