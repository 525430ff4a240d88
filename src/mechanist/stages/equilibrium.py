"""Stage ``equilibrium``: runs in both states, which tell how often each is left and how far."""

import shutil
from typing import Any

import numpy as np

from mechanist.analysis.kinetics.rate_test import RateTest, reasons
from mechanist.analysis.kinetics.run_data import observations
from mechanist.analysis.kinetics.run_tests import LONG_BURN_IN, longer_runs_help, run_tests, slow
from mechanist.arrays import Frames, Rows
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import MD, SHOOTING, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.progress import reporter
from mechanist.sampling.chains.job_memory import say_need
from mechanist.sampling.described import described_by
from mechanist.sampling.excursions.equilibrium import EQUILIBRIUM_STREAM, RunPlan, equilibrium_runs
from mechanist.sampling.excursions.run_groups import RunGroups
from mechanist.sampling.excursions.run_tables import STATE_FRAMES, STATES, RunTables, run_tables
from mechanist.sampling.excursions.run_units import RunUnits
from mechanist.sampling.excursions.tables import EXCURSION_COLUMNS, RUN_COLUMNS, STATE_COLUMNS
from mechanist.sampling.jobs import identity, plan_of
from mechanist.sampling.records.checkpoint import checkpointed
from mechanist.sampling.records.tables import read_paths, write_frames, write_table
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.systems.prepared import Prepared, load


def equilibrium(config: Config, layout: Layout, worker: int, log: Journal) -> None:
    """Make the runs of one job, with W workers every W-th run, until they are at equilibrium.

    Raises
    ------
    Interrupted
        If the job was asked to stop; the next call continues from its checkpoint.
    """
    prepared, settings = load(layout), config.kinetics
    numbers = np.arange(worker, settings.runs, config.sampling.workers)
    every = max(1, settings.run_frames // STATE_FRAMES)
    plan = RunPlan(
        _starts(layout, prepared, numbers),
        settings.run_frames,
        settings.longest_run // settings.run_frames,
        every,
        [shot_seed(config.seed, EQUILIBRIUM_STREAM + stream, worker) for _, stream in STATES],
    )
    tables: RunTables | None = None
    tests: list[RateTest] = []

    def enough(groups: RunGroups) -> bool:
        nonlocal tables, tests
        for relax in (settings.relax, max(settings.relax, LONG_BURN_IN)):
            found = _tables(groups, relax, every, numbers)
            exploded = int(groups.lost.sum())
            rows = (found.runs, found.states, found.state_frames)
            tests = run_tests(observations(layout, prepared, *rows, exploded, settings))
            if not slow(tests):
                break
        tables, more = found, longer_runs_help(tests)
        _say(log, worker, found, prepared, reasons(tests) if more else [])
        return not more

    folder = layout.kinetics_job(worker).partial("runs")
    # The checkpoint stays until everything is written.
    with (
        checkpointed(folder, _job(config, layout, worker), log, remove=False) as checkpoint,
        log.work(SHOOTING),
    ):
        how = plan_of(checkpoint.saved, prepared, config, log)
        units = RunUnits.of(len(numbers), settings.run_frames, prepared.atoms, how)
        advice = f"{units.together} runs at once of {prepared.atoms:,} atoms; free some memory"
        say_need(units.needed(prepared.atoms), advice, log)
        groups = equilibrium_runs(
            prepared,
            plan,
            how,
            enough,
            reporter(log, "frames of the runs"),
            log.clock(MD),
            checkpoint,
        )
    assert tables is not None
    _write(layout, worker, tables)
    report = {
        "frames": groups.done[0] * settings.run_frames,
        "exploded": int(groups.lost.sum()),
        "tests": [test.to_json() for test in tests],
    }
    write_json(layout.kinetics_job(worker).run_report, report)
    shutil.rmtree(folder, ignore_errors=True)


def _tables(groups: RunGroups, relax: float, every: int, numbers: Rows) -> RunTables:
    """Tables of all runs so far that have not exploded."""
    parts = []
    for group, (name, stream) in enumerate(STATES):
        runs = groups.runs(group, relax, every)
        parts.append((name, list(runs.values()), numbers[list(runs)] + stream))
    return run_tables(parts)


def _say(
    log: Journal, worker: int, tables: RunTables, prepared: Prepared, failed: list[str]
) -> None:
    """One line for each state, and one for the first test that failed."""
    runs = tables.runs
    count = len(np.unique(runs["chain"]))
    for name, _ in STATES:
        mine = runs["source"] == name
        time = int(runs["time"][mine].sum()) * prepared.timestep * prepared.stride
        log(
            f"worker {worker}: {count} runs, {time:,.0f} ps last in {name},"
            f" {int(runs['starts'][mine].sum())} departures from it"
        )
    if failed:
        log(f"worker {worker}: not at equilibrium: {failed[0]}")


def _starts(layout: Layout, prepared: Prepared, numbers: Rows) -> Frames:
    """Ends (K, 2, N, 3) of first paths, in A and in B, for the runs ``numbers`` (K,)."""
    paths = read_paths(layout.initial.paths, layout.initial.index, prepared.atoms)
    ends = [paths.path(i)[[0, -1]] for i in range(len(paths))]
    drawn = np.array([ends[number % len(ends)] for number in numbers])
    return drawn.reshape(-1, 2, prepared.atoms, 3)


def _job(config: Config, layout: Layout, worker: int) -> dict[str, Any]:
    """Everything that the runs of one job follow from."""
    keys: Any = {
        "seed": True,
        "engine": True,
        "kinetics": {"runs", "run_frames", "run_frames_max", "relax"},
    }
    settings = config.model_dump(mode="json", include=keys)
    settings |= {"worker": worker, "workers": config.sampling.workers}
    inputs = [layout.initial.paths, layout.initial.index]
    return identity("equilibrium", layout, settings, inputs)


def _write(layout: Layout, worker: int, tables: RunTables) -> None:
    files = layout.kinetics_job(worker)
    prepared = load(layout)
    described, box = described_by(layout, prepared), prepared.frame_box
    write_frames(files.run_excursions, tables.excursion_frames, described=described, box=box)
    write_table(files.run_index, tables.excursions, EXCURSION_COLUMNS)
    write_frames(files.states, tables.state_frames, described=described, box=box)
    write_table(files.state_index, tables.states, STATE_COLUMNS)
    write_table(files.runs, tables.runs, RUN_COLUMNS)
