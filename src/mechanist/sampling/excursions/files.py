"""Reading the excursions that jobs have written."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from mechanist.sampling.excursions.excursions import EXCURSION_COLUMNS
from mechanist.sampling.records.tables import PathTable, join_paths, read_frames, read_table
from mechanist.settings.config import Config
from mechanist.systems.prepared import Prepared


def run_frames(
    config: Config, layout: Layout, prepared: Prepared
) -> tuple[PathTable, NDArray[np.bool_]]:
    """Excursions of the runs of all jobs, and which frames lie between the states."""
    jobs = range(config.sampling.workers)
    runs = join_paths([read_run_excursions(layout, job, prepared.atoms) for job in jobs])
    return runs, prepared.states.label_positions(runs.frames) == 0


def read_run_excursions(layout: Layout, worker: int, atoms: int) -> PathTable:
    """Excursions of the equilibrium runs of one job."""
    files = layout.kinetics_job(worker)
    return read_excursions(files.run_excursions, files.run_index, atoms)


def read_excursions(frames: Path, index: Path, atoms: int) -> PathTable:
    """Read a TRR of excursions with its index, checking that the two fit."""
    table = read_table(index, EXCURSION_COLUMNS)
    count = int(table["frames"].sum())
    xyz = read_frames(frames, atoms) if count else np.empty((0, atoms, 3), np.float32)
    if count != len(xyz):
        raise DataError(frames, f"holds {len(xyz)} frames, {index.name} names {count}")
    return PathTable(xyz, table)
