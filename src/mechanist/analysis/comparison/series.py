"""Shots of a guided and of a uniform run as series, in the order in which MD steps were spent.

A path is decorrelated when it shares no configuration with the one counted before it, as
OpenPathSampling counts (Swenson, Prinz, Noe, Chodera, Bolhuis, J. Chem. Theory Comput. 15, 813
(2019)).
"""

from hashlib import blake2b

import numpy as np

from mechanist.analysis.convergence.counts import is_transition
from mechanist.arrays import Array, Counts, Mask
from mechanist.bookkeeping.job_files import WorkerFiles
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from mechanist.sampling.records.stored_frames import open_frames
from mechanist.sampling.records.tables import (
    PATH_COLUMNS,
    SHOT_COLUMNS,
    Table,
    join,
    read_table,
)
from mechanist.systems.prepared import load

SERIES_COLUMNS = (
    "guided",
    "round",
    "chain",
    "move",
    "steps",
    "transition",
    "accepted",
    "decorrelated",
    "duration",
    "p_predicted",
)
"""One row a shot: whether it is of the guided run, round, chain, move, MD steps of both halves,
whether they joined A and B, whether the path was accepted and whether it is decorrelated; duration
in ps of the current path after the move; predicted p_B of the point, or NaN."""


def series_of(layout: Layout, workers: int, budget: int, guided: bool) -> Table:
    """Shots of a run within its budget, in order: a table with `SERIES_COLUMNS`."""
    prepared = load(layout)
    frame_ps = prepared.timestep * prepared.stride
    table = join(
        [_job_series(files, prepared.atoms, frame_ps) for files in jobs_of(layout, workers)]
    )
    order = np.lexsort([table["move"], table["chain"]])
    table = {name: column[order] for name, column in table.items()}
    table["decorrelated"] = decorrelated_paths(
        table["chain"], table["accepted"], table.pop("point")
    )
    table["guided"] = np.full(len(table["move"]), guided)
    return spent_within(in_order(table), budget)


def jobs_of(layout: Layout, workers: int) -> list[WorkerFiles]:
    """Files of all shooting jobs of a run."""
    return [
        layout.round(number).worker(worker)
        for number in layout.rounds()
        for worker in range(workers)
    ]


def _job_series(files: WorkerFiles, atoms: int, frame_ps: float) -> Table:
    """Series of the shots of one job, by chain and move; ``point`` is a hash of the point."""
    shots = read_table(files.shots, SHOT_COLUMNS)
    index = read_table(files.index, PATH_COLUMNS)
    points = open_frames(files.points, atoms)
    if len(points) != len(shots["round"]):
        raise DataError(files.points, f"holds {len(points)} points, {len(shots['round'])} shots")
    hashes = [blake2b(point.tobytes(), digest_size=8).digest() for point in points]
    # All frames, also those that are not stored.
    lengths = (index["length"] - 1) * frame_ps
    return {
        **{name: shots[name] for name in ("round", "chain", "move", "accepted", "p_predicted")},
        "steps": steps_of(shots),
        "transition": is_transition(shots),
        "duration": current_durations(shots["chain"], shots["accepted"], lengths),
        "point": np.frombuffer(b"".join(hashes), dtype=np.int64),
    }


def steps_of(shots: Table) -> Counts:
    """MD steps (S,) of both halves of each shot."""
    return np.asarray(shots["steps_backward"] + shots["steps_forward"], dtype=np.int64)


def in_order(series: Table) -> Table:
    """Shots by move, then by chain: all chains advance together."""
    order = np.lexsort([series["chain"], series["move"]])
    return {name: column[order] for name, column in series.items()}


def spent_within(series: Table, budget: float) -> Table:
    """The first shots of a series in order, whose MD steps together are at most ``budget``."""
    stop = int(np.searchsorted(np.cumsum(series["steps"]), budget, side="right"))
    return {name: column[:stop] for name, column in series.items()}


def current_durations(chain: Array, accepted: Array, lengths: Array) -> Array:
    """Duration of the path that is current after each move, (S,).

    Parameters
    ----------
    chain, accepted
        (S,) of the shots of a job by chain and move.
    lengths
        Durations of the paths of the job by chain and move, the one it began with first.
    """
    ordinal = np.unique(chain, return_inverse=True)[1]
    return np.asarray(lengths[np.cumsum(accepted) + ordinal])


def decorrelated_paths(chain: Array, accepted: Array, points: Array) -> Mask:
    """Which shots gave a path that shares no configuration with the one counted before it.

    An accepted path shares its shooting point with the path before, and nothing else. It shares
    something with an older one only if all paths since were shot from one and the same point.

    Parameters
    ----------
    chain, accepted
        (S,) of shots by chain and move.
    points
        (S,) an identifier of the shooting point, such as a hash of the coordinates.
    """
    result = np.zeros(len(chain), dtype=np.bool_)
    of, shared = -1, None
    for row in np.flatnonzero(accepted).tolist():
        if chain[row] != of:
            of, shared = int(chain[row]), None
        if shared is None:
            shared = points[row]
        elif points[row] != shared:
            result[row], shared = True, None
    return result


def later_half(series: Table) -> Table:
    """Shots of the later half of the moves.

    By moves and not by acceptance: which moves count must not depend on the paths themselves.
    """
    moves = series["move"]
    use = moves >= (int(moves.max()) + 1) // 2 if len(moves) else np.zeros(0, dtype=np.bool_)
    return {name: column[use] for name, column in series.items()}
