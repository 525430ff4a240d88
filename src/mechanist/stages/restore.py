"""Stage ``restore``: paths that were stored in part at full resolution again, with an audit."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.job_files import WorkerFiles
from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from mechanist.sampling.records.tables import read_notes, read_paths, read_stored, write_frames
from mechanist.sampling.records.thinning import Thinning, thinning_of
from mechanist.trajectory.restore import largest, maps_of, restore
from mechanist.trajectory.restore_judge import DRAWS, Judged, Sampled, judge, sampled

FACTORS = (2, 3, 4, 6, 8)
MOST = 6000
"""Paths of the audit at most, spread over the run."""

UNITS = (
    "nm, over heavy atoms and missing frames; descriptors: root mean square change of the inputs of"
    " the network in their standard deviations; means: over paths, with 95 % intervals"
)


def audit_run(
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
        That the 99th percentile of distances of heavy atoms must keep, in nm.
    out
        JSON with the audit; restored paths are beside it as TRR.
    log
        Takes a line of text.
    job
        Round and worker whose paths are restored; None for the audit only.
    nearest
        Leave out what maps cannot know, instead of drawing it.

    Raises
    ------
    DataError
        If there are too few paths in full, or the paths of the job cannot be restored.
    """
    run = sampled(layout)
    thinning = None if job is None else _job_thinning(layout, job)
    every = judged(layout, run, [*FACTORS, *([] if thinning is None else [thinning.every])], log)
    content = audit_content(every, tolerance)
    log(f"within {tolerance} nm: sampling.store.every: {content['largest_factor']}")
    write_json(out, content)
    if job is not None and thinning is not None:
        files, rng = _job_files(layout, job), np.random.default_rng([DRAWS, *job])
        method = every[thinning.every].found.method
        # What was judged had seen half of the paths; now there is nothing to hold back.
        maps = maps_of(full_paths(layout, len(run.masses)), run.masses, run.places)

        def fill(knots: Array, rows: NDArray[np.int64]) -> Array:
            draws = None if nearest else rng
            return restore(knots, rows, method, maps, draws, run.inside)

        _restore_job(files, thinning, fill, len(run.masses), out.with_suffix(".trr"), log)


def judged(layout: Layout, run: Sampled, factors: Sequence[int], log: Journal) -> dict[int, Judged]:
    """How well the paths of a run are restored of which every so many-th frame is known.

    Raises
    ------
    DataError
        If the run has too few paths in full.
    """
    paths, result = full_paths(layout, len(run.masses)), {}
    for factor in sorted(set(factors)):
        result[factor] = judge(paths, factor, run)
        log(result[factor].told())
    return result


def audit_content(every: Mapping[int, Judged], tolerance: float) -> dict[str, Any]:
    """What is written of an audit."""
    allowed = largest([one.found for one in every.values()], tolerance)
    factors = [one.to_json() for one in every.values()]
    return {
        "tolerance": tolerance,
        "largest_factor": allowed,
        "factors": factors,
        "units": UNITS,
    }


def full_paths(layout: Layout, atoms: int) -> list[Array]:
    """Paths of a run that are stored in full, at most `MOST` of them.

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
    every = [(table, i) for table in tables for i in range(len(table))]
    if not every:
        raise DataError(layout.root, "has no paths yet")
    chosen = every[:: -(-len(every) // MOST)]
    return [table.path(i).astype(np.float64) for table, i in chosen]


def _job_files(layout: Layout, job: tuple[int, int]) -> WorkerFiles:
    return layout.round(job[0]).worker(job[1])


def _job_thinning(layout: Layout, job: tuple[int, int]) -> Thinning:
    """What of a job's paths was stored.

    Raises
    ------
    DataError
        If they were all stored, or not all waters were.
    """
    index = _job_files(layout, job).index
    thinning = thinning_of(read_notes(index), index)
    if thinning is None or thinning.every == 1:
        raise DataError(index, "its paths are stored with all frames; nothing is to be restored")
    if thinning.waters is not None:
        raise DataError(index, "not all waters were stored; they cannot be restored")
    return thinning


def _restore_job(
    files: WorkerFiles,
    thinning: Thinning,
    fill: Callable[[Array, NDArray[np.int64]], Array],
    atoms: int,
    out: Path,
    log: Journal,
) -> None:
    """Write the paths of a job, whose gaps ``fill`` fills."""
    table = read_stored(files.paths, files.index, atoms)
    frames = []
    for i in range(len(table)):
        length, move = int(table.index["length"][i]), int(table.index["move"][i])
        knots = table.path(i).astype(np.float64)
        whole = len(knots) == length
        frames.append(knots if whole else fill(knots, np.unique(thinning.rows(length, move))))
    write_frames(out, [one.astype(np.float32) for one in frames])
    log(f"{out}: {len(frames)} paths, {sum(map(len, frames))} frames")
