"""What equilibrium runs write: their times, their excursions, and some frames in the states."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Frames, Rows
from mechanist.sampling.excursions.equilibrium import Run
from mechanist.sampling.records.tables import Table

STATES = (("A", 0), ("B", 2**20))
"""Name and first random stream of each state."""

STATE_FRAMES = 100
"""Frames in each state that are stored of a run, at most."""

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
    excursion_frames: list[Frames]
    states: Table
    state_frames: list[Frames]


def run_tables(runs: Mapping[str, Sequence[Run]], numbers: Rows) -> RunTables:
    """Tables of the runs of a job, from their first state and their ``numbers`` in it."""
    every = [run for group in runs.values() for run in group]
    origins = np.array(
        [origin(run, name) for name, group in runs.items() for run in group], dtype=object
    )
    # Unique over both states: a run may be in the other state when its burn-in ends.
    chains = np.concatenate(
        [numbers[: len(runs[name])] + stream for name, stream in STATES], dtype=np.int64
    )
    names = np.array([name for name, _ in STATES], dtype=object)
    table: Table = {
        "source": np.tile(names, len(every)),
        "start": np.repeat(origins, 2),
        "chain": np.repeat(chains, 2),
        "time": np.array([run.time for run in every], dtype=np.int64).reshape(-1),
        "starts": np.array([run.departures for run in every], dtype=np.int64).reshape(-1),
    }
    return RunTables(table, *_excursions(every, origins, chains), *_states(every, origins, chains))


def origin(run: Run, structure: str) -> str:
    """State in which a run was when its burn-in ended; that of its structure if it visits none.

    Starting structures lie at the edge of a state, so that some runs cross during burn-in.
    """
    return STATES[int(run.labels[0] > 0)][0] if len(run.labels) else structure


def _excursions(runs: Sequence[Run], origins: Names, chains: Rows) -> tuple[Table, list[Frames]]:
    pieces = [(i, part) for i, run in enumerate(runs) for part in run.excursions]
    frames = [runs[i].frames[part] for i, part in pieces]
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
    }
    return table, frames


def _states(runs: Sequence[Run], origins: Names, chains: Rows) -> tuple[Table, list[Frames]]:
    """Evenly spaced frames of each run in each state."""
    frames, rows, sources, weights = [], [], [], []
    for number, run in enumerate(runs):
        for name, label in (("A", -1), ("B", 1)):
            inside = np.flatnonzero(run.labels == label)
            taken = inside[:: max(1, -(-len(inside) // STATE_FRAMES))]
            frames.append(run.frames[taken])
            rows += [number] * len(taken)
            sources += [name] * len(taken)
            weights += [len(inside) / max(1, len(taken))] * len(taken)
    number_of = np.array(rows, dtype=np.int64)
    table: Table = {
        "source": np.array(sources, dtype=object),
        "start": origins[number_of],
        "chain": chains[number_of],
        "weight": np.array(weights),
    }
    return table, frames
