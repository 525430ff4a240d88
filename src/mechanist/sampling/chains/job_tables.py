"""Files of a shooting job: its shots, their shooting points, and the paths of its chains."""

from collections.abc import Iterator, Sequence

import numpy as np

from mechanist.arrays import FrameSource
from mechanist.bookkeeping.job_files import WorkerFiles
from mechanist.engine.half_shots import END_NAMES
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.long_halves import SIDES, LongHalves
from mechanist.sampling.chains.moves import Harvest
from mechanist.sampling.records.tables import (
    LONG_COLUMNS,
    PATH_COLUMNS,
    SHOT_COLUMNS,
    Table,
    write_frames,
    write_table,
)
from mechanist.sampling.records.thinning import NOTE, Thinning
from mechanist.systems.descriptors.box import BoxVectors
from mechanist.systems.descriptors.descriptor_set import DescriptorSet

COMPLETE = 10
"""Where frames are left out to be restored later, one path in so many is stored completely."""


def shot_table(harvest: Harvest, number: int, worker: int, model: str) -> tuple[Table, FrameSource]:
    """Rows of `SHOT_COLUMNS` and the shooting points (S, N, 3)."""
    shots = harvest.shots
    weights = [0 if path is None else path.weight for path in shots.paths]
    names = END_NAMES[shots.ends]
    columns: Table = {
        "round": np.full(len(shots), number, dtype=np.int32),
        "worker": np.full(len(shots), worker, dtype=np.int32),
        "chain": shots.chain.astype(np.int32),
        "move": shots.move.astype(np.int32),
        "seed": shots.seed,
        "model": np.full(len(shots), model, dtype=object),
        "p_predicted": shots.p_predicted,
        "end_backward": names[:, 0],
        "end_forward": names[:, 1],
        "steps_backward": shots.steps[:, 0],
        "steps_forward": shots.steps[:, 1],
        "watched": shots.watched,
        "seen_backward": shots.seen[:, 0],
        "seen_forward": shots.seen[:, 1],
        "accepted": shots.accepted,
        "weight": np.array(weights, dtype=np.int64),
    }
    assert tuple(columns) == SHOT_COLUMNS
    return columns, shots.points


def path_table(
    paths: dict[int, list[CurrentPath]], number: int, worker: int, thinning: Thinning | None = None
) -> tuple[Table, Iterator[FrameSource]]:
    """Rows of `PATH_COLUMNS`, by chain and move, and the stored frames of each, with all atoms."""
    rows = [(chain, path) for chain, group in paths.items() for path in group]
    stored = (
        path.frames if thinning is None else thinning.thin(path.frames, path.move)
        for _, path in rows
    )
    counts = np.array(
        [
            len(path.frames)
            if thinning is None
            else len(thinning.rows(len(path.frames), path.move))
            for _, path in rows
        ],
        dtype=np.int64,
    )
    columns: Table = {
        "round": np.full(len(rows), number, dtype=np.int32),
        "worker": np.full(len(rows), worker, dtype=np.int32),
        "chain": np.array([chain for chain, _ in rows], dtype=np.int32),
        "move": np.array([path.move for _, path in rows], dtype=np.int32),
        "first_frame": np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64),
        "frames": counts,
        "length": np.array([path.length for _, path in rows], dtype=np.int64),
        "shooting_frame": np.array([path.shooting_frame for _, path in rows], dtype=np.int64),
        "weight": np.array([path.weight for _, path in rows], dtype=np.int64),
    }
    assert tuple(columns) == PATH_COLUMNS
    return columns, stored


def long_table(too_long: LongHalves | None, number: int, worker: int) -> Table:
    """Rows of `LONG_COLUMNS`."""
    none = np.empty(0, dtype=np.int64)
    chain, move, side, each = (
        (none, none, none, 0)
        if too_long is None
        else (too_long.chain, too_long.move, too_long.side, too_long.frames.shape[1])
    )
    return {
        "round": np.full(len(chain), number, dtype=np.int32),
        "worker": np.full(len(chain), worker, dtype=np.int32),
        "chain": chain.astype(np.int32),
        "move": move.astype(np.int32),
        "side": SIDES[side],
        "frames": np.full(len(chain), each, dtype=np.int64),
    }


def _write_long(
    files: WorkerFiles,
    too_long: LongHalves | None,
    names: tuple[int, int],
    thinning: Thinning | None,
    box: BoxVectors | None,
) -> None:
    """Frames and index of half-shots that were too long: waters may be left out."""
    waters = None if thinning is None else thinning.waters
    frames = [] if too_long is None else list(too_long.frames)
    stored = [one if waters is None else waters.reduce(one) for one in frames]
    write_frames(files.long, stored, box=box)
    notes = {} if thinning is None else {NOTE: thinning.note()}
    write_table(files.long_index, long_table(too_long, *names), LONG_COLUMNS, notes)


def write_job(
    files: WorkerFiles,
    harvest: Harvest,
    names: tuple[int, int, str],
    thinning: Thinning | None,
    notes: dict[str, str],
    described: DescriptorSet | None = None,
    box: BoxVectors | None = None,
) -> None:
    """Write the files of a job; ``names`` are its round, worker and model.

    The values of the descriptors ``described`` are stored beside frames. With a ``box``, each frame
    has its own, see `records.trr.write`.
    """
    waters = None if thinning is None else thinning.waters
    shots, points = shot_table(harvest, *names)
    index, frames = path_table(harvest.paths, names[0], names[1], thinning)
    write_frames(files.points, [points], described=described, box=box)
    write_frames(files.paths, frames, described=described, waters=waters, box=box)
    if thinning is None:
        # Left by a job with other settings, they would be taken for the paths to start from.
        files.current_index.unlink(missing_ok=True)
        files.current.unlink(missing_ok=True)
        write_table(files.index, index, PATH_COLUMNS)
    else:
        write_table(files.index, index, PATH_COLUMNS, {NOTE: thinning.note()})
        complete = {chain: _complete(paths, thinning) for chain, paths in harvest.paths.items()}
        current_index, current = path_table(complete, names[0], names[1])
        write_frames(files.current, current, described=described, box=box)
        write_table(files.current_index, current_index, PATH_COLUMNS)
    _write_long(files, harvest.too_long, names[:2], thinning, box)
    write_table(files.shots, shots, SHOT_COLUMNS, notes)


def _complete(paths: Sequence[CurrentPath], thinning: Thinning) -> list[CurrentPath]:
    """Paths of a chain to store with all frames: the last one, and some to learn gaps from."""
    some = [path for path in paths[:-1] if thinning.p99 is not None and path.move % COMPLETE == 0]
    return [*some, paths[-1]]
