"""Stage ``equilibrium``: runs from both states, for how often they are left and how far."""

import shutil
from typing import Any

import numpy as np

from mechanist.bookkeeping.job_files import KineticsFiles
from mechanist.bookkeeping.journal import MD, SHOOTING, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.progress import reporter
from mechanist.sampling.excursions.equilibrium import EQUILIBRIUM_STREAM, Run, state_runs
from mechanist.sampling.excursions.excursions import EXCURSION_COLUMNS
from mechanist.sampling.jobs import identity, plan_of
from mechanist.sampling.records.checkpoint import checkpointed
from mechanist.sampling.records.tables import Table, read_paths, write_frames, write_table
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.systems.prepared import load

STATES = (("A", 0), ("B", 2**20))
"""Name and first random stream of each state."""

RUN_COLUMNS = ("source", "start", "chain", "time", "starts")
"""Two rows a run: what it saw while it was last in the state ``source``. ``start`` is the state in
which it began to count, ``time`` in frames, ``starts`` the excursions that began."""
STATE_COLUMNS = ("source", "start", "chain", "weight")
"""One row a frame that lies in the state ``source``; ``weight`` is how many it stands for."""

KEPT = 100
"""Frames in a state that are kept of each run, at most."""


def equilibrium(config: Config, layout: Layout, worker: int, log: Journal) -> None:
    """Make the runs of one job: every so many-th run is its own."""
    prepared = load(layout)
    settings = config.kinetics
    numbers = np.arange(worker, settings.runs, config.sampling.workers)
    first_paths = read_paths(layout.initial.paths, layout.initial.index, prepared.atoms)
    ends = [first_paths.path(i)[[0, -1]] for i in range(len(first_paths))]
    runs: dict[str, list[Run]] = {}
    folders = [layout.kinetics_job(worker).partial(f"runs_{name}") for name, _ in STATES]
    for column, (name, stream) in enumerate(STATES):
        starts = np.array([ends[number % len(ends)][column] for number in numbers])
        job = job_identity(config, layout, worker, name)
        # What is done in A is kept until B is done, too.
        with (
            checkpointed(folders[column], job, log, remove=False) as checkpoint,
            log.work(SHOOTING),
        ):
            runs[name] = state_runs(
                prepared,
                starts,
                settings.run_frames,
                round(settings.relax * settings.run_frames),
                plan_of(checkpoint.saved, prepared, config, log),
                shot_seed(config.seed, EQUILIBRIUM_STREAM + stream, worker),
                reporter(log, f"frames from {name}"),
                log.clock(MD),
                checkpoint,
            )
    for column, (name, _) in enumerate(STATES):
        every = [run for group in runs.values() for run in group]
        time = sum(int(run.time[column]) for run in every) * prepared.timestep * prepared.stride
        left = sum(int(run.starts[column]) for run in every)
        log(f"worker {worker}: {len(every)} runs, {time:,.0f} ps last in {name}, left {left} times")
    write(layout, worker, runs, numbers)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def job_identity(config: Config, layout: Layout, worker: int, state: str) -> dict[str, Any]:
    """Everything that the runs of one job in one state follow from."""
    keys: Any = {"seed": True, "engine": True, "kinetics": {"runs", "run_frames", "relax"}}
    settings = config.model_dump(mode="json", include=keys)
    settings |= {"worker": worker, "workers": config.sampling.workers, "state": state}
    inputs = [layout.initial.paths, layout.initial.index]
    return identity("equilibrium", layout, settings, inputs)


def write(layout: Layout, worker: int, runs: dict[str, list[Run]], numbers: np.ndarray) -> None:
    """Write excursions, thinned frames in the states, and the table of runs."""
    files = layout.kinetics_job(worker)
    every = [run for group in runs.values() for run in group]
    starts = np.array(
        [begun_in(run, name) for name, group in runs.items() for run in group], dtype=object
    )
    # Unique over both states: a run may begin to count in the other one.
    chains = np.concatenate(
        [numbers[: len(runs[name])] + stream for name, stream in STATES], dtype=np.int64
    )
    write_excursions(files, every, starts, chains)
    write_states(files, every, starts, chains)
    names = np.array([name for name, _ in STATES], dtype=object)
    table: Table = {
        "source": np.tile(names, len(every)),
        "start": np.repeat(starts, 2),
        "chain": np.repeat(chains, 2),
        "time": np.array([run.time for run in every], dtype=np.int64).reshape(-1),
        "starts": np.array([run.starts for run in every], dtype=np.int64).reshape(-1),
    }
    write_table(files.runs, table, RUN_COLUMNS)


def begun_in(run: Run, structure: str) -> str:
    """State in which a run begins to count; that of its first ``structure`` if it sees none.

    First structures lie at the edge of a state, so that some runs have crossed before they count.
    """
    return STATES[int(run.labels[0] > 0)][0] if len(run.labels) else structure


def write_excursions(
    files: KineticsFiles, runs: list[Run], starts: np.ndarray, chains: np.ndarray
) -> None:
    """Write the excursions of runs; ``starts`` and ``chains`` (R,) are of each run."""
    pieces = [(i, part) for i, run in enumerate(runs) for part in run.excursions]
    frames = [runs[i].frames[part] for i, part in pieces]
    write_frames(files.run_excursions, frames)
    rows = np.array([i for i, _ in pieces], dtype=np.int64)
    lengths = np.array([len(one) for one in frames], dtype=np.int64)
    none = np.full(len(pieces), -1, dtype=np.int64)
    left = [STATES[int(runs[i].labels[part.start] > 0)][0] for i, part in pieces]
    index: Table = {
        "source": np.array(left, dtype=object),
        "start": starts[rows],
        "chain": chains[rows],
        "move": none,
        "first_frame": np.cumsum(lengths) - lengths,
        "frames": lengths,
        "shooting_frame": none,
    }
    write_table(files.run_index, index, EXCURSION_COLUMNS)


def write_states(
    files: KineticsFiles, runs: list[Run], starts: np.ndarray, chains: np.ndarray
) -> None:
    """Write evenly taken frames of each run in states; ``starts``, ``chains`` (R,) as above."""
    kept, rows, sources, weights = [], [], [], []
    for number, run in enumerate(runs):
        for name, label in (("A", -1), ("B", 1)):
            inside = np.flatnonzero(run.labels == label)
            taken = inside[:: max(1, -(-len(inside) // KEPT))]
            kept.append(run.frames[taken])
            rows += [number] * len(taken)
            sources += [name] * len(taken)
            weights += [len(inside) / max(1, len(taken))] * len(taken)
    write_frames(files.states, kept)
    number_of = np.array(rows, dtype=np.int64)
    table: Table = {
        "source": np.array(sources, dtype=object),
        "start": starts[number_of],
        "chain": chains[number_of],
        "weight": np.array(weights),
    }
    write_table(files.state_index, table, STATE_COLUMNS)
