"""What the rates are computed from: excursions of all jobs, with q and windows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.analysis.kinetics.kinetics import (
    AA,
    AB,
    BB,
    FIRST_WINDOW,
    RUN_A,
    RUN_B,
    ExcursionData,
)
from mechanist.arrays import Array
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.even_windows import even_windows
from mechanist.sampling.excursions.files import read_excursions, run_frames
from mechanist.sampling.excursions.windows import windows_of
from mechanist.sampling.records.tables import PathTable, Table, join, join_paths, read_table
from mechanist.settings.config import Config
from mechanist.stages.equilibrium import RUN_COLUMNS
from mechanist.stages.excursions import EXCURSION_STREAM, frames_in_windows, in_reach
from mechanist.systems.prepared import Prepared


@dataclass(frozen=True)
class Excursions:
    """Excursions of all jobs.

    Attributes
    ----------
    table
        Frames and index.
    q
        (F,) of every frame, NaN in the states.
    edges
        (W + 1,) of the windows.
    frames
        (W, P) frames of each excursion in each window.
    data
        What rates are computed from.
    """

    table: PathTable
    q: Array
    edges: Array
    frames: Array
    data: ExcursionData


def load_excursions(config: Config, layout: Layout, prepared: Prepared) -> Excursions:
    """Read the excursions of all jobs and find window and kind of each."""
    jobs = [layout.kinetics_job(worker) for worker in range(config.sampling.workers)]
    run_table, _ = run_frames(config, layout, prepared)
    tables = [read_excursions(job.excursions, job.index, prepared.atoms) for job in jobs]
    table = join_paths([run_table, *tables])
    runs = join([read_table(job.runs, RUN_COLUMNS) for job in jobs])
    _, windows = even_windows(layout, prepared)
    labels = prepared.states.label_positions(table.frames)
    between = labels == 0
    q = np.full(len(labels), np.nan)
    q[between] = windows.q(table.frames[between])
    place = windows_of(q[between], windows.edges)
    window = np.zeros(len(labels), dtype=np.int64)
    window[between] = place
    usable = in_reach(table, windows.longest)
    counts = frames_in_windows(table, between & usable, place[usable[between]], windows)
    index, first = table.index, table.index["first_frame"]
    start, end = labels[first], labels[first + index["frames"] - 1]
    shot = index["source"] == "shot"
    point = np.where(shot, first + index["shooting_frame"], first)
    chain_unit, run_unit = units_of(index, runs)
    middle = np.median(index["move"][shot]) if shot.any() else 0
    data = ExcursionData(
        kind=np.where(start != end, AB, np.where(start == -1, AA, BB)),
        source=np.where(
            shot, FIRST_WINDOW + window[point], np.where(index["source"] == "A", RUN_A, RUN_B)
        ),
        unit=chain_unit,
        half=np.where(shot, (index["move"] > middle).astype(np.int64), -1),
        start=np.where(shot, (index["start"] == "path").astype(np.int64), -1),
        window_frames=counts.T,
        run_source=np.where(runs["source"] == "A", RUN_A, RUN_B),
        run_start=np.where(runs["start"] == "A", RUN_A, RUN_B),
        run_unit=run_unit,
        run_time=runs["time"].astype(np.float64),
        run_starts=runs["starts"].astype(np.float64),
    )
    return Excursions(
        table, q, windows.edges, frames_in_windows(table, between, place, windows).T, data
    )


def units_of(index: Table, runs: Table) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of the independent runs and chains: of each excursion, and of each row of runs."""
    shots = np.where(index["source"] == "shot", EXCURSION_STREAM, 0)
    ids = np.concatenate([index["chain"] + shots, runs["chain"]])
    _, number = np.unique(ids, return_inverse=True)
    return number[: len(shots)], number[len(shots) :]
