"""Stage ``restore``: paths stored in part at full resolution again, with an audit."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from mechanist.arrays import Array, Rows
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.job_files import WorkerFiles
from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.gather import frame_q, load_round_model
from mechanist.errors import DataError
from mechanist.sampling.records.tables import read_notes, read_paths, read_stored, write_frames
from mechanist.sampling.records.thinning import Thinning, thinning_of
from mechanist.systems.prepared import load, load_inputs
from mechanist.trajectory.restore import restore as restoring
from mechanist.trajectory.restore.judge import DRAWS, Sampled, audit_content, audited

FACTORS = (2, 3, 4, 6, 8)
"""Strides of the audit."""

MOST = 6000
"""Largest number of paths in the audit, spread over the run."""


def restore(
    layout: Layout,
    tolerance: float,
    out: Path,
    log: Journal,
    job: tuple[int, int] | None = None,
    nearest: bool = False,
) -> None:
    """Measure how well missing frames can be restored, and restore the paths of one job.

    Parameters
    ----------
    layout
        Files of the run.
    tolerance
        Largest allowed 99th percentile of the distances of heavy atoms, in nm.
    out
        JSON file with the audit; restored paths are written beside it as TRR.
    log
        Takes a line of text.
    job
        Round and worker whose paths are restored; None for the audit only.
    nearest
        Restore the conditional mean, without residuals drawn at random.

    Raises
    ------
    DataError
        If there are too few paths in full, or the paths of the job cannot be restored.
    """
    run = sampled(layout)
    thinning = None if job is None else _job_thinning(layout, job)
    paths = full_paths(layout, len(run.masses))
    judged = audited(paths, run, [*FACTORS, *([] if thinning is None else [thinning.every])], log)
    content = audit_content(judged, tolerance)
    log(f"within {tolerance} nm: sampling.store.every: {content['largest_factor']}")
    write_json(out, content)
    if job is not None and thinning is not None:
        rng = np.random.default_rng([DRAWS, *job])
        method = judged[thinning.every].found.method
        # The audit learned from half of the paths; nothing has to be held out any more.
        maps = restoring.maps_of(paths, run.masses, run.along)

        def fill(knots: Array, rows: Rows) -> Array:
            draws = None if nearest else rng
            return restoring.restore(knots, rows, method, maps, draws, run.inside)

        files = _job_files(layout, job)
        _restore_job(files, thinning, fill, len(run.masses), out.with_suffix(".trr"), log)


def sampled(layout: Layout) -> Sampled:
    """The system of a run, and the network of the last round that has one."""
    prepared, inputs = load(layout), load_inputs(layout)
    if prepared.boxed:
        raise DataError(layout.root, "was sampled with npt: paths, whose boxes are not restored")
    rounds = [number for number in layout.rounds() if layout.round(number).model.is_file()]
    if not rounds:
        return Sampled(prepared.masses, prepared.states, inputs, None, None)
    model = load_round_model(layout, rounds[-1], inputs)

    def along(frames: Array) -> Array:
        return frame_q(frames.astype(np.float32), inputs, model)

    return Sampled(prepared.masses, prepared.states, inputs, model.q, along)


def full_paths(layout: Layout, atoms: int) -> list[Array]:
    """Paths (L, N, 3) in nm of a run that are stored in full, at most `MOST` of them.

    Raises
    ------
    DataError
        If there are none.
    """
    tables = []
    for number in layout.rounds():
        for files in layout.round(number).workers:
            if files.full[1].is_file():
                tables.append(read_paths(*files.full, atoms))
    paths = [(table, i) for table in tables for i in range(len(table))]
    if not paths:
        raise DataError(layout.root, "has no paths yet")
    return [table.path(i).astype(np.float64) for table, i in paths[:: -(-len(paths) // MOST)]]


def _job_files(layout: Layout, job: tuple[int, int]) -> WorkerFiles:
    return layout.round(job[0]).worker(job[1])


def _job_thinning(layout: Layout, job: tuple[int, int]) -> Thinning:
    """Which part of a job's paths was stored.

    Raises
    ------
    DataError
        If they were stored in full, or not all waters were.
    """
    index = _job_files(layout, job).index
    thinning = thinning_of(read_notes(index), index)
    if thinning is None or thinning.every == 1:
        raise DataError(index, "its paths are stored with all frames; there is nothing to restore")
    if thinning.waters is not None:
        raise DataError(index, "not all waters were stored; they cannot be restored")
    return thinning


def _restore_job(
    files: WorkerFiles,
    thinning: Thinning,
    fill: Callable[[Array, Rows], Array],
    atoms: int,
    out: Path,
    log: Journal,
) -> None:
    """Write the paths of a job with their gaps filled."""
    table = read_stored(files.paths, files.index, atoms)
    frames = []
    for i in range(len(table)):
        length, move = int(table.index["length"][i]), int(table.index["move"][i])
        knots = table.path(i).astype(np.float64)
        whole = len(knots) == length
        if not whole and len(knots) != len(np.unique(thinning.rows(length, move))):
            raise DataError(files.index, "paths were made with sampling.candidates above 1")
        frames.append(knots if whole else fill(knots, np.unique(thinning.rows(length, move))))
    write_frames(out, [one.astype(np.float32) for one in frames])
    log(f"{out}: {len(frames)} paths, {sum(map(len, frames))} frames")
