"""Stage ``equilibrium``: runs in both states, which tell how often each is left and how far."""

import shutil
from typing import Any

import numpy as np

from mechanist.arrays import Frames, Rows
from mechanist.bookkeeping.journal import MD, SHOOTING, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.progress import reporter
from mechanist.sampling.excursions.equilibrium import EQUILIBRIUM_STREAM, Run, equilibrium_runs
from mechanist.sampling.excursions.run_tables import STATES, run_tables
from mechanist.sampling.excursions.tables import EXCURSION_COLUMNS, RUN_COLUMNS, STATE_COLUMNS
from mechanist.sampling.jobs import identity, plan_of
from mechanist.sampling.records.checkpoint import checkpointed
from mechanist.sampling.records.tables import read_paths, write_frames, write_table
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.systems.prepared import Prepared, load


def equilibrium(config: Config, layout: Layout, worker: int, log: Journal) -> None:
    """Make the runs of one job: with W workers, every W-th run.

    Raises
    ------
    Interrupted
        If the job was asked to stop; the next call continues from its checkpoint.
    """
    prepared = load(layout)
    numbers = np.arange(worker, config.kinetics.runs, config.sampling.workers)
    starts = _starts(layout, prepared, numbers)
    runs: dict[str, list[Run]] = {}
    folders = [layout.kinetics_job(worker).partial(f"runs_{name}") for name, _ in STATES]
    for column, (name, stream) in enumerate(STATES):
        job = _job(config, layout, worker, name)
        # The checkpoint of the runs in A stays until those in B have ended, too.
        with (
            checkpointed(folders[column], job, log, remove=False) as checkpoint,
            log.work(SHOOTING),
        ):
            runs[name] = equilibrium_runs(
                prepared,
                starts[:, column],
                config.kinetics.run_frames,
                round(config.kinetics.relax * config.kinetics.run_frames),
                plan_of(checkpoint.saved, prepared, config, log),
                shot_seed(config.seed, EQUILIBRIUM_STREAM + stream, worker),
                reporter(log, f"frames from {name}"),
                log.clock(MD),
                checkpoint,
            )
    every = [run for group in runs.values() for run in group]
    for column, (name, _) in enumerate(STATES):
        time = sum(int(run.time[column]) for run in every) * prepared.timestep * prepared.stride
        left = sum(int(run.departures[column]) for run in every)
        log(
            f"worker {worker}: {len(every)} runs, {time:,.0f} ps last in {name},"
            f" {left} departures from it"
        )
    _write(layout, worker, runs, numbers)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _starts(layout: Layout, prepared: Prepared, numbers: Rows) -> Frames:
    """Ends (K, 2, N, 3) of first paths, in A and in B, for the runs ``numbers`` (K,)."""
    paths = read_paths(layout.initial.paths, layout.initial.index, prepared.atoms)
    ends = [paths.path(i)[[0, -1]] for i in range(len(paths))]
    drawn = np.array([ends[number % len(ends)] for number in numbers])
    return drawn.reshape(-1, 2, prepared.atoms, 3)


def _job(config: Config, layout: Layout, worker: int, state: str) -> dict[str, Any]:
    """Everything that the runs of one job in one state follow from."""
    keys: Any = {"seed": True, "engine": True, "kinetics": {"runs", "run_frames", "relax"}}
    settings = config.model_dump(mode="json", include=keys)
    settings |= {"worker": worker, "workers": config.sampling.workers, "state": state}
    return identity("equilibrium", layout, settings, [layout.initial.paths, layout.initial.index])


def _write(layout: Layout, worker: int, runs: dict[str, list[Run]], numbers: Rows) -> None:
    files, tables = layout.kinetics_job(worker), run_tables(runs, numbers)
    write_frames(files.run_excursions, tables.excursion_frames)
    write_table(files.run_index, tables.excursions, EXCURSION_COLUMNS)
    write_frames(files.states, tables.state_frames)
    write_table(files.state_index, tables.states, STATE_COLUMNS)
    write_table(files.runs, tables.runs, RUN_COLUMNS)
