"""Excursions of all jobs as the estimator of rates reads them: kind, sampler, unit, window."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.analysis.kinetics.window_groups import Parts, cells, parts_of_windows
from mechanist.arrays import Array, Features, Labels, Mask, Q, Rows
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import frame_features
from mechanist.committor.windows import read_windows
from mechanist.errors import DataError
from mechanist.sampling.excursions.reservoir import frames_in_windows, in_reach
from mechanist.sampling.excursions.tables import (
    EXCURSION_STREAM,
    RUN_COLUMNS,
    read_excursions,
    read_run_excursions,
)
from mechanist.sampling.excursions.window_weights import windows_of
from mechanist.sampling.records.stored_frames import view
from mechanist.sampling.records.tables import PathTable, Table, join, join_paths, read_table
from mechanist.settings.config import Config
from mechanist.systems.prepared import Prepared, load_inputs

AA, AB, BB = 0, 1, 2
"""Kinds of excursions by their ends; at equilibrium the direction of time is immaterial."""

RUN_A, RUN_B, FIRST_WINDOW = 0, 1, 2
"""Samplers: the runs while last in A or in B, and cell ``c`` as ``FIRST_WINDOW + c``: a
window of q, or a part of one."""


@dataclass(frozen=True)
class ExcursionData:
    """Input of the estimator: P excursions, and R rows of runs (two rows a run).

    Parameters
    ----------
    kind
        (P,) `AA`, `AB` or `BB`.
    sampler
        (P,) what produced each excursion.
    unit
        (P,) the run or chain.
    half
        (P,) 0 or 1 for the first or second half of a chain's moves; -1 for runs.
    origin
        (P,) 0 for chains that started from excursions of runs, 1 from transition paths; -1 for
        runs.
    side
        (P,) 0 for chains that started from excursions out of A, 1 out of B; -1 for others.
    candidate_frames
        (C, P) possible shooting points of each excursion in each cell: a window of q, or a part
        of one (`mechanist.analysis.kinetics.window_groups`).
    frames
        (P,) frames of each excursion, both ends included.
    parent
        (P,) the run that the excursion descends from, as a unit; -1 if there is none.
    when
        (P,) half of its run, 0 or 1, that holds an excursion as a whole; -1 otherwise.
    run_state
        (R,) `RUN_A` or `RUN_B`, the state that the run was last in.
    run_origin
        (R,) the state that the run was last in when its burn-in ended.
    run_unit
        (R,) the run.
    run_time
        (R,) frames that it was last in ``run_state``.
    run_departures
        (R,) excursions that began in ``run_state``.
    run_frames
        (R,) frames of the whole run.
    run_part
        (R,) block of the run; a run has two rows a block.
    run_jumps
        (R,) jumps from ``run_state`` to the other state from one frame to the next.
    """

    kind: NDArray[np.int64]
    sampler: NDArray[np.int64]
    unit: NDArray[np.int64]
    half: NDArray[np.int64]
    origin: NDArray[np.int64]
    side: NDArray[np.int64]
    candidate_frames: Array
    frames: NDArray[np.int64]
    parent: NDArray[np.int64]
    when: NDArray[np.int64]
    run_state: NDArray[np.int64]
    run_origin: NDArray[np.int64]
    run_unit: NDArray[np.int64]
    run_time: Array
    run_departures: Array
    run_frames: Array
    run_part: NDArray[np.int64]
    run_jumps: Array

    @property
    def leaves(self) -> Array:
        """(2, P) how often each excursion leaves A and B, of the two directions of time."""
        return np.array([[1.0, 0.5, 0.0], [0.0, 0.5, 1.0]])[:, self.kind]

    def complete(self, time: Array) -> Array:
        """(2, P) chance that an excursion which begins in a run, in A or in B, also ends in it.

        Of T - 1 frames of a run in which an excursion of F frames can begin, T - F + 1 leave it
        time to end. ``time`` (R,) are the weights of the rows of runs.
        """
        result = np.zeros((2, len(self.frames)))
        for side in (RUN_A, RUN_B):
            rows = self.run_state == side
            lengths, which = np.unique(self.run_frames[rows], return_inverse=True)
            shares = np.bincount(which, time[rows], minlength=len(lengths))
            for frames, share in zip(lengths, shares / max(shares.sum(), 1e-300), strict=True):
                left = np.maximum(frames - self.frames + 1, 0.0)
                result[side] += share * left / max(frames - 1, 1)
        return result

    @property
    def units(self) -> int:
        """Number of runs and chains."""
        return int(max(self.unit.max(), self.run_unit.max())) + 1

    @property
    def crossed(self) -> bool:
        """Whether a run has come from one state to the other."""
        return bool(self.run_time[self.run_state != self.run_origin].any())


@dataclass(frozen=True)
class Excursions:
    """Excursions of all jobs with their frames.

    Attributes
    ----------
    table
        Frames and index.
    q
        (F,) of every frame, NaN in the states.
    edges
        (W + 1,) of the windows.
    window_frames
        (W, P) frames of each excursion in each window, whether or not they can be shot from.
    data
        Input of the estimator.
    """

    table: PathTable
    q: Q
    edges: Array
    window_frames: Array
    data: ExcursionData


def load_excursions(config: Config, layout: Layout, prepared: Prepared) -> Excursions:
    """Read the excursions of all jobs and classify them.

    Raises
    ------
    DataError
        If a file is missing or damaged, or files do not fit each other.
    """
    jobs = [layout.kinetics_job(worker) for worker in range(config.sampling.workers)]
    run_table, _ = read_run_excursions(layout, config.sampling.workers, prepared)
    shots = [read_excursions(job.excursions, job.index, prepared.atoms) for job in jobs]
    table = join_paths([run_table, *shots])
    runs = join([read_table(job.runs, RUN_COLUMNS) for job in jobs])
    _, windows = read_windows(layout, prepared)
    labels = prepared.states.label_positions(table.frames)
    between = labels == 0
    q = np.full(len(labels), np.nan)
    q[between] = windows.q(view(table.frames, between))
    inner = windows_of(q[between], windows.edges)
    window = np.zeros(len(labels), dtype=np.int64)
    window[between] = inner
    parts, cell = _divide(table, prepared, layout, window, between)
    usable = between & in_reach(table, windows.longest)
    candidates = frames_in_windows(table, usable, cell[usable], sum(one.count for one in parts))
    data = _classified(table, runs, labels, cell, candidates.T)
    frames = frames_in_windows(table, between, inner, windows.count)
    return Excursions(table, q, windows.edges, frames.T, data)


def _divide(
    table: PathTable, prepared: Prepared, layout: Layout, window: Rows, between: Mask
) -> tuple[list[Parts], Rows]:
    """Parts of the windows, and the cell of each frame (F,)."""
    inputs, index = load_inputs(layout), table.index
    shots = np.flatnonzero(index["source"] == "shot")
    shots = shots[np.lexsort((index["move"][shots], index["chain"][shots]))]
    points = index["first_frame"][shots] + index["shooting_frame"][shots]
    features = frame_features(view(table.frames, points), inputs)
    count = int(window.max()) + 1
    parts = parts_of_windows(features, window[points], index["chain"][shots], count)
    inside = np.flatnonzero(between)

    def some(rows: Rows) -> Features:
        return frame_features(view(table.frames, inside[rows]), inputs)

    cell = np.zeros(len(window), dtype=np.int64)
    cell[inside] = cells(parts, window[inside], some)
    return parts, cell


def _classified(
    table: PathTable, runs: Table, labels: Labels, cell: Rows, candidate_frames: Array
) -> ExcursionData:
    """Kind, sampler and unit of each excursion; ``labels`` and ``cell`` (F,) of each frame."""
    index, first = table.index, table.index["first_frame"]
    start, end = labels[first], labels[first + index["frames"] - 1]
    if not (start * end).all():
        raise DataError("excursions", "some do not end in A or B; run the stage excursions again")
    shot = index["source"] == "shot"
    point = np.where(shot, first + index["shooting_frame"], first)
    unit, parent, run_unit = _units(index, runs)
    middle = np.median(index["move"][shot]) if shot.any() else 0
    return ExcursionData(
        kind=np.where(start != end, AB, np.where(start == -1, AA, BB)),
        sampler=np.where(
            shot, FIRST_WINDOW + cell[point], np.where(index["source"] == "A", RUN_A, RUN_B)
        ),
        unit=unit,
        half=np.where(shot, (index["move"] > middle).astype(np.int64), -1),
        origin=np.where(shot, (index["start"] == "path").astype(np.int64), -1),
        side=np.where(shot & (index["start"] != "path"), index["start"] == "B", -1),
        candidate_frames=candidate_frames,
        frames=index["frames"],
        parent=parent,
        when=_halves(index, runs),
        run_state=np.where(runs["source"] == "A", RUN_A, RUN_B),
        run_origin=np.where(runs["start"] == "A", RUN_A, RUN_B),
        run_unit=run_unit,
        run_time=runs["time"].astype(np.float64),
        run_departures=runs["starts"].astype(np.float64),
        run_frames=runs["frames"].astype(np.float64),
        run_part=runs["block"],
        run_jumps=runs["jumps"].astype(np.float64),
    )


def _halves(index: Table, runs: Table) -> Rows:
    """Half of its run (P,) that an excursion lies in, -1 for shots and those that lie in both."""
    length = dict(zip(runs["chain"].tolist(), runs["frames"].tolist(), strict=True))
    of_run = index["begins"] >= 0
    half = np.array([length.get(run, 0) for run in index["run"].tolist()], dtype=np.int64) // 2
    second = of_run & (index["begins"] >= half)
    first = of_run & (index["begins"] + index["frames"] <= half)
    return np.where(second, 1, np.where(first, 0, -1))


def _units(index: Table, runs: Table) -> tuple[Rows, Rows, Rows]:
    """Numbers of the runs and chains: of each excursion, of its parent, and of each row of runs."""
    shot = index["source"] == "shot"
    known = np.unique(np.concatenate([index["chain"] + shot * EXCURSION_STREAM, runs["chain"]]))
    unit = np.searchsorted(known, index["chain"] + shot * EXCURSION_STREAM)
    parent = np.where(shot & (index["run"] >= 0), np.searchsorted(known, index["run"]), -1)
    return unit, parent, np.searchsorted(known, runs["chain"])
