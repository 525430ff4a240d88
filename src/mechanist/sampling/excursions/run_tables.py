"""What equilibrium runs write: their times, their excursions, and some frames in the states."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import FrameSource, Rows
from mechanist.sampling.excursions.run_record import Run, counts_by_block
from mechanist.sampling.records.tables import Table

STATES = (("A", 0), ("B", 2**20))
"""Name and first random stream of each state."""

STATE_FRAMES = 100
"""Frames in the states that are stored of a run, at most, for each segment of the shortest run."""

BLOCKS = 20
"""Parts of equal length in which the times and departures of a run are counted."""

Names = NDArray[np.object_]


@dataclass(frozen=True)
class RunTables:
    """Tables of the runs of a job, and the frames that two of them index.

    Attributes
    ----------
    runs
        Rows of `mechanist.sampling.excursions.tables.RUN_COLUMNS`.
    excursions, excursion_frames
        Rows of `mechanist.sampling.excursions.tables.EXCURSION_COLUMNS`.
    states, state_frames
        Rows of `mechanist.sampling.excursions.tables.STATE_COLUMNS`.
    """

    runs: Table
    excursions: Table
    excursion_frames: list[FrameSource]
    states: Table
    state_frames: list[FrameSource]


def run_tables(groups: Sequence[tuple[str, Sequence[Run], Rows]]) -> RunTables:
    """Tables of the runs of a job.

    ``groups`` are the state of the starting structures, the runs, and their numbers, which are
    unique over both states: a run may be in the other state when its burn-in ends.
    """
    runs = [run for _, group, _ in groups for run in group]
    origins = np.array([origin(run, name) for name, group, _ in groups for run in group], object)
    chains = np.concatenate([numbers for _, _, numbers in groups], dtype=np.int64)
    names = np.array([name for name, _ in STATES], dtype=object)
    rows = 2 * BLOCKS
    counts = [counts_by_block(run, BLOCKS) for run in runs]
    table: Table = {
        "source": np.tile(names, BLOCKS * len(runs)),
        "start": np.repeat(origins, rows),
        "chain": np.repeat(chains, rows),
        "block": np.tile(np.repeat(np.arange(BLOCKS), 2), len(runs)),
        "frames": np.repeat(np.array([len(run.labels) for run in runs], dtype=np.int64), rows),
    }
    for column in ("time", "starts", "jumps"):
        table[column] = np.array([one[column] for one in counts], dtype=np.int64).reshape(-1)
    return RunTables(table, *_excursions(runs, origins, chains), *_states(runs, origins, chains))


def origin(run: Run, structure: str) -> str:
    """State that a run was last in when its burn-in ended; that of its structure if it visits none.

    Starting structures lie at the edge of a state, so that some runs cross during burn-in.
    """
    visits = [run.before, *run.labels[run.labels != 0][:1].tolist()]
    known = [label for label in visits if label]
    return STATES[int(known[0] > 0)][0] if known else structure


def _excursions(
    runs: Sequence[Run], origins: Names, chains: Rows
) -> tuple[Table, list[FrameSource]]:
    pieces = [(i, part) for i, run in enumerate(runs) for part in run.excursions]
    frames = [runs[i].path(part) for i, part in pieces]
    rows = np.array([i for i, _ in pieces], dtype=np.int64)
    lengths = np.array([len(one) for one in frames], dtype=np.int64)
    none = np.full(len(pieces), -1, dtype=np.int64)
    left = [STATES[int(runs[i].labels[part.start] > 0)][0] for i, part in pieces]
    table: Table = {
        "source": np.array(left, dtype=object),
        "start": origins[rows],
        "chain": chains[rows],
        "move": none,
        "first_frame": np.cumsum(lengths) - lengths,
        "frames": lengths,
        "shooting_frame": none,
        "begins": np.array([part.start for _, part in pieces], dtype=np.int64),
        "run": chains[rows],
    }
    return table, frames


def _states(runs: Sequence[Run], origins: Names, chains: Rows) -> tuple[Table, list[FrameSource]]:
    """Evenly spaced frames of each run in the states."""
    rows = np.repeat(np.arange(len(runs)), [len(run.sampled) for run in runs])
    labels = np.array([x for run in runs for x in run.labels[run.sampled].tolist()], np.int64)
    table: Table = {
        "source": np.array([STATES[int(label > 0)][0] for label in labels], dtype=object),
        "start": origins[rows],
        "chain": chains[rows],
        "weight": np.array([run.every for run in runs], dtype=np.float64)[rows],
        "frame": np.array([x for run in runs for x in run.sampled.tolist()], dtype=np.int64),
    }
    return table, [run.structures(run.sampled) for run in runs]
