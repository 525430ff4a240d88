"""One pair of runs: guided and uniform selection with the same budget of MD steps.

A pair has one seed, one system, one set of first paths and one budget. The guided run is the loop
of the workflow: a uniform round 0, then learning and guided rounds in turn. All of its MD steps
count, those of round 0 included. The uniform run continues what round 0 does.
"""

import shutil
from functools import partial
from itertools import count
from typing import Any

from mechanist.analysis.comparison.outcomes import outcome
from mechanist.analysis.comparison.series import SERIES_COLUMNS, jobs_of, series_of, steps_of
from mechanist.bookkeeping.files import read_json, write_json
from mechanist.bookkeeping.journal import MD, SHOOTING, TRAINING, Journal, Log
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.guide import make_selection
from mechanist.committor.learn import learn
from mechanist.engine.volume import settle_volume
from mechanist.sampling.chains.shoot import shoot_round
from mechanist.sampling.first_path.initial import first_paths, write_first_paths
from mechanist.sampling.records.tables import SHOT_COLUMNS, join, read_table, write_table
from mechanist.settings.config import Config
from mechanist.settings.load import load_system, system_folder
from mechanist.systems.build.prepare import prepare
from mechanist.systems.descriptors.describe import describe
from mechanist.systems.prepared import load

GUIDED, UNIFORM = "guided", "uniform"

TIMES = {"training": TRAINING, "shooting": SHOOTING, "md": MD}
"""Names in pair.json of seconds by kind of work."""


def compare_pair(config: Config, layout: Layout, number: int, log: Log) -> None:
    """Make both runs of one pair, from the start, and write their series and pair.json."""
    files = layout.comparison.pair(number)
    shutil.rmtree(files.folder, ignore_errors=True)
    settings = identity(config, number)
    config = with_sampling(config, selection="lorentzian")
    config = config.model_copy(update={"seed": settings["seed"]})
    guided, uniform = files.run(GUIDED), files.run(UNIFORM)
    first = Journal(log)
    folder = system_folder(config.system)
    system = load_system(folder)
    prepare(system, folder, guided, partial(settle_volume, seed=1, log=log))
    describe(system, folder, guided)
    prepared = load(guided)
    found = first_paths(config, prepared, guided.topology, first)
    write_first_paths(guided, found, prepared.frame_box)
    shutil.copytree(guided.root, uniform.root)

    limits, workers = config.compare, config.sampling.workers
    journals = {GUIDED: Journal(log), UNIFORM: Journal(log)}
    spent = make_rounds(config, guided, limits.steps, journals[GUIDED])
    budget = limits.steps or spent
    plain = with_sampling(config, selection=UNIFORM)
    make_rounds(plain, uniform, budget, journals[UNIFORM])

    parts = [series_of(files.run(name), workers, budget, name == GUIDED) for name in journals]
    write_table(files.shots, join(parts), SERIES_COLUMNS)
    for name in journals:
        # The frames of paths are by far the largest part of a run.
        for job in jobs_of(files.run(name), workers):
            job.paths.unlink()
    times = {
        name: {key: journal.clock(kind).seconds for key, kind in TIMES.items()}
        for name, journal in journals.items()
    }
    initial = read_json(guided.initial_report) | {"seconds": first.clock(SHOOTING).seconds}
    record = {"settings": settings, "budget": budget, "initial": initial, "times": times}
    write_json(files.record, record)
    for name, part in zip(journals, parts, strict=True):
        result = outcome(part)
        log(f"{name}: {result.transitions:,} transitions in {result.steps:,} MD steps")


def with_sampling(config: Config, **changes: Any) -> Config:
    """The settings with other values in section ``sampling``."""
    sampling = config.sampling.model_copy(update=changes)
    return config.model_copy(update={"sampling": sampling})


def identity(config: Config, number: int) -> dict[str, Any]:
    """All settings that a pair of runs depends on, as plain data."""
    plain = config.model_dump(mode="json")
    chosen = {name: plain[name] for name in ("initial", "engine", "sampling", "learn")}
    # The end of the workflow, and what the comparison sets itself.
    for key in ("rounds_max", "selection"):
        del chosen["sampling"][key]
    budget = {key: plain["compare"][key] for key in ("rounds", "steps")}
    system = load_system(system_folder(config.system)).model_dump(mode="json")
    return {"seed": config.seed + number, "compare": budget, **chosen, "system": system}


def make_rounds(config: Config, layout: Layout, budget: int | None, log: Journal) -> int:
    """Make rounds until ``budget`` MD steps are spent, or ``compare.rounds``; the MD steps spent.

    The last round is about as long as the rest of the budget.
    """
    guided = config.sampling.selection != UNIFORM
    workers, prepared = range(config.sampling.workers), load(layout)
    spent = shots = 0
    for number in count():
        if spent >= budget if budget else number >= config.compare.rounds:
            return spent
        if guided and number:
            learn(config, layout, number - 1, 1, log)
        sized = config
        if budget and number:
            left = -(-(budget - spent) * shots // spent)
            most = min(left, config.sampling.round_max)
            sized = with_sampling(config, round_max=most)
        for worker in workers:
            settings = sized.sampling
            selection = make_selection(settings, layout, number, prepared.max_half_frames)
            shoot_round(sized, layout, prepared, (number, worker), selection, log)
            table = read_table(layout.round(number).worker(worker).shots, SHOT_COLUMNS)
            spent += int(steps_of(table).sum())
            shots += len(table["round"])
    raise AssertionError
