"""Tables of runs and excursions: their columns, the rows of a job, and reading them back."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mechanist.arrays import FrameSource, Mask, Rows
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from mechanist.sampling.chains.shots import Shots
from mechanist.sampling.records.stored_frames import open_frames
from mechanist.sampling.records.tables import (
    PathTable,
    Table,
    join_paths,
    read_table,
)
from mechanist.systems.prepared import Prepared

EXCURSION_STREAM = 2**36
"""Chains of excursions are numbered from here on in the random streams, from 0 in their tables."""

EXCURSION_COLUMNS = (
    "source",
    "start",
    "chain",
    "move",
    "first_frame",
    "frames",
    "shooting_frame",
    "begins",
    "run",
)
"""One row an excursion, in the order of its TRR; the two end frames in the states are included.
``source`` is the state that the excursion leaves, A or B, for an equilibrium run, and ``shot`` for
a chain of excursions. ``start`` is the state that the run was last in when its burn-in ended, A or
B, or what the chain started from: an excursion that leaves A or B, or a transition ``path``.
``chain`` numbers the run or the chain; ``move`` and ``shooting_frame`` are -1 for runs. ``begins``
is the frame of the run at which the excursion begins, -1 for shots; ``run`` the run that the
excursion descends from: the last one that its chain had an excursion of, -1 if there was none."""

RUN_COLUMNS = ("source", "start", "chain", "block", "frames", "time", "starts", "jumps")
"""Two rows for each ``block`` of a run, one for each state ``source`` that it was last in: ``time``
in frames, ``starts``, the excursions that began there, and ``jumps`` to the other state from one
frame to the next. ``frames`` is the length of the whole run after its burn-in, ``start`` the state
that it was last in when its burn-in ended."""

STATE_COLUMNS = ("source", "start", "chain", "weight", "frame")
"""One row a ``frame`` of a run, counted from the end of its burn-in, that lies in the state
``source``; ``weight`` is the number of frames it represents."""


NOTHING_TO_SHOOT = (
    "no path and no excursion of a run has a frame between the states from which to shoot; make"
    " more runs (kinetics.runs), longer ones (kinetics.run_frames) or more frames (dynamics.stride)"
)
"""What is said where there is no start for a chain of excursions."""


def no_excursions() -> Table:
    """A table of `EXCURSION_COLUMNS` without rows."""
    texts = ("source", "start")
    return {
        name: np.empty(0, dtype=object if name in texts else np.int64) for name in EXCURSION_COLUMNS
    }


def excursion_table(
    shots: Shots, origins: Mapping[int, str], runs: Mapping[int, Sequence[tuple[int, int]]]
) -> tuple[Table, list[FrameSource]]:
    """Rows of `EXCURSION_COLUMNS` for the accepted shots, and the frames of their excursions.

    By the number of a chain, ``origins`` says what it started from, and ``runs`` at which moves it
    took over an excursion of which run.
    """
    accepted = np.flatnonzero(shots.accepted)
    paths = [path for path in shots.paths if path is not None]
    chains = shots.chain[accepted]
    lengths = np.array([len(path.frames) for path in paths], dtype=np.int64)
    table: Table = {
        "source": np.full(len(accepted), "shot", dtype=object),
        "start": np.array([origins[chain] for chain in chains.tolist()], dtype=object),
        "chain": chains - EXCURSION_STREAM,
        "move": shots.move[accepted],
        "first_frame": np.cumsum(lengths) - lengths,
        "frames": lengths,
        "shooting_frame": np.array([path.shooting_frame for path in paths], dtype=np.int64),
        "begins": np.full(len(accepted), -1, dtype=np.int64),
        "run": _descent(chains, shots.move[accepted], runs),
    }
    return table, [path.frames for path in paths]


def _descent(chains: Rows, moves: Rows, runs: Mapping[int, Sequence[tuple[int, int]]]) -> Rows:
    """Run (K,) that the excursion of each move descends from, -1 if none."""
    result = np.full(len(chains), -1, dtype=np.int64)
    for chain, taken in runs.items():
        mine = np.flatnonzero(chains == chain)
        at = np.array([move for move, _ in taken], dtype=np.int64)
        which = np.array([-1, *(run for _, run in taken)], dtype=np.int64)
        result[mine] = which[np.searchsorted(at, moves[mine], side="right")]
    return result


def read_run_excursions(layout: Layout, workers: int, prepared: Prepared) -> tuple[PathTable, Mask]:
    """Excursions of the equilibrium runs of all jobs, and which frames lie between the states.

    Raises
    ------
    DataError
        If a file is missing or damaged, or frames and index do not fit.
    """
    jobs = [layout.kinetics_job(worker) for worker in range(workers)]
    runs = join_paths(
        [read_excursions(job.run_excursions, job.run_index, prepared.atoms) for job in jobs]
    )
    return runs, prepared.states.label_positions(runs.frames) == 0


def read_excursions(frames: Path, index: Path, atoms: int) -> PathTable:
    """Read a TRR of excursions with its index; errors as of `read_run_excursions`."""
    table = read_table(index, EXCURSION_COLUMNS)
    count = int(table["frames"].sum())
    xyz = open_frames(frames, atoms)
    if count != len(xyz):
        raise DataError(frames, f"contains {len(xyz)} frames, {index.name} lists {count}")
    return PathTable(xyz, table)
