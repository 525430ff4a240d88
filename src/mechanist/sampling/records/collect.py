"""Shots and paths of many jobs in one table and one trajectory."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mechanist.arrays import FrameSource, Rows
from mechanist.bookkeeping.job_files import WorkerFiles
from mechanist.sampling.records.stored_frames import view
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
from mechanist.sampling.records.value_columns import read_values
from mechanist.systems.descriptors.box import BoxVectors
from mechanist.systems.descriptors.descriptor_set import DescriptorSet


def collect_shots(jobs: Sequence[WorkerFiles], table: Path) -> None:
    """Write all shots of some jobs to one table."""
    write_table(
        table, join([read_table(files.shots, SHOT_COLUMNS) for files in jobs]), SHOT_COLUMNS
    )


def _has_values(files: WorkerFiles, described: DescriptorSet) -> bool:
    """Whether a job has stored the values of these descriptors beside its paths."""
    count = int(read_table(files.index, PATH_COLUMNS)["frames"].sum())
    known = read_values(files.paths, count)
    return known is not None and known.values(described, np.arange(0)) is not None


def collect_paths(
    jobs: Sequence[WorkerFiles],
    atoms: int,
    trajectory: Path,
    index: Path,
    described: DescriptorSet | None = None,
    box: BoxVectors | None = None,
) -> Rows | None:
    """Write the paths of some jobs that have a weight, job by job to save memory.

    The values of the descriptors ``described`` come along if all jobs have stored them. With a
    ``box``, each frame has its own, see `records.trr.write`.

    Returns
    -------
    ndarray or None
        Indices of the stored atoms of a system of so many ``atoms``; None if all are stored.
    """
    notes = read_notes(jobs[0].index)
    thinning = thinning_of(notes, jobs[0].index)
    stored = None if thinning is None or thinning.waters is None else thinning.waters.kept_atoms
    tables: list[Table] = []

    def frames() -> Iterator[FrameSource]:
        for files in jobs:
            paths = read_stored(files.paths, files.index, atoms if stored is None else len(stored))
            rows = paths.index["weight"] > 0
            tables.append({name: column[rows] for name, column in paths.index.items()})
            yield view(paths.frames, np.repeat(rows, paths.index["frames"]))

    if described is not None and not all(_has_values(files, described) for files in jobs):
        described = None
    write_frames(trajectory, frames(), described=described, box=box)
    joined = join(tables)
    joined["first_frame"] = np.cumsum(joined["frames"]) - joined["frames"]
    write_table(index, joined, PATH_COLUMNS, {key: notes[key] for key in notes if key == NOTE})
    return stored
