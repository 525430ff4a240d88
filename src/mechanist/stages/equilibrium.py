"""Stage ``equilibrium``: runs in both states, for how often they are left and how far."""

import shutil
from typing import Any

import numpy as np

from mechanist.journal import MD, SHOOTING, Journal
from mechanist.layout import Layout
from mechanist.progress import reporter
from mechanist.sampling.equilibrium import EQUILIBRIUM_STREAM, StateRun, state_runs
from mechanist.sampling.excursions import EXCURSION_COLUMNS
from mechanist.sampling.keeper import keeping
from mechanist.sampling.records import Frames, Table, read_paths, write_frames, write_table
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.stages.kept import identity, plan_of
from mechanist.systems.prepared import load

STATES = (("A", -1, 0), ("B", 1, 2**20))
"""Name, label, and first random stream of each state."""

RUN_COLUMNS = ("source", "chain", "time", "starts")
STATE_COLUMNS = ("source", "chain", "weight")

KEPT = 100
"""Frames in a state that are kept of each run, at most."""


def equilibrium(config: Config, layout: Layout, worker: int, log: Journal) -> None:
    """Make the runs of one job: every so many-th run is its own."""
    prepared = load(layout)
    settings = config.kinetics
    numbers = np.arange(worker, settings.runs, config.sampling.workers)
    first_paths = read_paths(layout.initial.paths, layout.initial.index, prepared.atoms)
    ends = [first_paths.path(i)[[0, -1]] for i in range(len(first_paths))]
    runs: dict[str, list[StateRun]] = {}
    folders = [layout.kinetics_job(worker).partial(f"runs_{name}") for name, _, _ in STATES]
    for column, (name, home, stream) in enumerate(STATES):
        starts = np.array([ends[number % len(ends)][column] for number in numbers])
        job = job_identity(config, layout, worker, name)
        # What is done in A is kept until B is done, too.
        with keeping(folders[column], job, log, remove=False) as keeper, log.work(SHOOTING):
            runs[name] = state_runs(
                prepared,
                starts,
                home,
                settings.run_frames,
                round(settings.relax * settings.run_frames),
                plan_of(keeper.kept, prepared, config, log),
                shot_seed(config.seed, EQUILIBRIUM_STREAM + stream, worker),
                reporter(log, f"frames in {name}"),
                log.clock(MD),
                keeper,
            )
        time = sum(run.time for run in runs[name]) * prepared.timestep * prepared.stride
        left = sum(run.starts for run in runs[name])
        log(f"worker {worker}: {len(runs[name])} runs in {name}, {time:,.0f} ps, left {left} times")
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


def write(
    layout: Layout, worker: int, runs: dict[str, list[StateRun]], numbers: np.ndarray
) -> None:
    """Write excursions, thinned frames in the states, and the table of runs."""
    files = layout.kinetics_job(worker)
    every = [(name, run) for name, group in runs.items() for run in group]
    chains = np.concatenate([numbers[: len(group)] for group in runs.values()])
    sources = np.array([name for name, _ in every], dtype=object)
    pieces = [(i, run.frames[part]) for i, (_, run) in enumerate(every) for part in run.excursions]
    write_frames(files.run_excursions, [frames for _, frames in pieces])
    rows = np.array([i for i, _ in pieces], dtype=np.int64)
    write_table(files.run_index, run_index(pieces, sources[rows], chains[rows]), EXCURSION_COLUMNS)
    kept, weights = thinned([run for _, run in every])
    write_frames(files.states, kept)
    repeats = [len(frames) for frames in kept]
    states: Table = {
        "source": np.repeat(sources, repeats),
        "chain": np.repeat(chains, repeats),
        "weight": np.repeat(weights, repeats),
    }
    write_table(files.state_index, states, STATE_COLUMNS)
    table: Table = {
        "source": sources,
        "chain": chains,
        "time": np.array([run.time for _, run in every], dtype=np.int64),
        "starts": np.array([run.starts for _, run in every], dtype=np.int64),
    }
    write_table(files.runs, table, RUN_COLUMNS)


def run_index(pieces: list[tuple[int, Frames]], source: np.ndarray, chain: np.ndarray) -> Table:
    """Rows of `EXCURSION_COLUMNS` for excursions of runs."""
    lengths = np.array([len(frames) for _, frames in pieces], dtype=np.int64)
    none = np.full(len(pieces), -1, dtype=np.int64)
    return {
        "source": source,
        "start": source,
        "chain": chain,
        "move": none,
        "first_frame": np.cumsum(lengths) - lengths,
        "frames": lengths,
        "shooting_frame": none,
    }


def thinned(runs: list[StateRun]) -> tuple[list[Frames], np.ndarray]:
    """Evenly taken frames of each run in states, and how many frames each of them stands for."""
    kept, weights = [], []
    for run in runs:
        inside = np.flatnonzero(run.labels)
        step = max(1, -(-len(inside) // KEPT))
        kept.append(run.frames[inside[::step]])
        weights.append(len(inside) / max(1, len(kept[-1])))
    return kept, np.array(weights)
