"""Shots and paths of many jobs in one table and one trajectory."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mechanist.arrays import Frames, Rows
from mechanist.bookkeeping.job_files import WorkerFiles
from mechanist.sampling.records.tables import (
    PATH_COLUMNS,
    SHOT_COLUMNS,
    Table,
    join,
    read_notes,
    read_stored,
    read_table,
    write_frames,
    write_table,
)
from mechanist.sampling.records.thinning import NOTE, thinning_of


def collect_shots(jobs: Sequence[WorkerFiles], table: Path) -> None:
    """Write all shots of some jobs to one table."""
    write_table(
        table, join([read_table(files.shots, SHOT_COLUMNS) for files in jobs]), SHOT_COLUMNS
    )


def collect_paths(
    jobs: Sequence[WorkerFiles], atoms: int, trajectory: Path, index: Path
) -> Rows | None:
    """Write the paths of some jobs that have a weight, job by job to save memory.

    Returns
    -------
    ndarray or None
        Indices of the stored atoms of a system of so many ``atoms``; None if all are stored.
    """
    notes = read_notes(jobs[0].index)
    thinning = thinning_of(notes, jobs[0].index)
    stored = None if thinning is None or thinning.waters is None else thinning.waters.kept_atoms
    tables: list[Table] = []

    def frames() -> Iterator[Frames]:
        for files in jobs:
            paths = read_stored(files.paths, files.index, atoms if stored is None else len(stored))
            rows = paths.index["weight"] > 0
            tables.append({name: column[rows] for name, column in paths.index.items()})
            yield paths.frames[np.repeat(rows, paths.index["frames"])]

    write_frames(trajectory, frames())
    joined = join(tables)
    joined["first_frame"] = np.cumsum(joined["frames"]) - joined["frames"]
    write_table(index, joined, PATH_COLUMNS, {key: notes[key] for key in notes if key == NOTE})
    return stored
