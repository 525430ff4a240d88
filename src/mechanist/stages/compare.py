"""Stages ``compare-pair`` and ``compare``: guided against uniform selection, MD step by MD step.

A pair of runs has one seed, one system, one set of first paths and one budget of MD steps. The
guided run is the loop of the workflow: a uniform round 0, then learning and guided rounds by turns.
All of its MD steps count, those of round 0 too. The uniform run goes on with what round 0 did.
"""

import shutil
from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.analysis.comparison.comparison import (
    SERIES_COLUMNS,
    current_durations,
    decorrelated_paths,
    in_order,
    outcome,
    spent_within,
)
from mechanist.analysis.comparison.pairs import Pair
from mechanist.analysis.convergence.counts import is_transition
from mechanist.bookkeeping.files import read_json, write_json
from mechanist.bookkeeping.job_files import WorkerFiles
from mechanist.bookkeeping.journal import MD, SHOOTING, TRAINING, Journal
from mechanist.bookkeeping.layout import Layout, PairFiles
from mechanist.committor.guide import make_selection
from mechanist.engine.volume import settle_volume
from mechanist.errors import DataError
from mechanist.report.comparison import write_comparison
from mechanist.sampling.chains.shoot import shoot_round
from mechanist.sampling.first_path.initial import first_paths, write_first_paths
from mechanist.sampling.records.tables import (
    PATH_COLUMNS,
    SHOT_COLUMNS,
    Table,
    join,
    read_frames,
    read_table,
    write_table,
)
from mechanist.settings.config import Config
from mechanist.settings.load import load_system, system_folder
from mechanist.stages.learn import learn
from mechanist.systems.build.prepare import prepare
from mechanist.systems.descriptors.describe import describe
from mechanist.systems.prepared import load

GUIDED, UNIFORM = "guided", "uniform"

TIMES = {"training": TRAINING, "shooting": SHOOTING, "md": MD}
"""Names in pair.json of seconds by kind of work."""

Log = Callable[[str], None]


def compare(config: Config, layout: Layout, log: Log) -> None:
    """Write the comparison over all pairs; pairs that are not there yet are made."""
    files = layout.comparison
    wanted = [identity(config, number) for number in range(config.compare.seeds)]
    for number, settings in enumerate(wanted):
        if not _is_made(files.pair(number), settings):
            log(f"pair {number + 1} of {len(wanted)}, seed {settings['seed']}")
            compare_pair(config, layout, number, log)
    pairs = [read_pair(files.pair(number)) for number in range(len(wanted))]
    title = load(files.pair(0).run(GUIDED)).name
    write_comparison(files, title, wanted[0], pairs)
    log(f"open {files.page}")


def compare_pair(config: Config, layout: Layout, number: int, log: Log) -> None:
    """Make both runs of one pair anew, and write what counts of their shots."""
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
    write_first_paths(guided, *first_paths(config, load(guided), guided.topology, first))
    shutil.copytree(guided.root, uniform.root)

    limits = config.compare
    journals = {GUIDED: Journal(log), UNIFORM: Journal(log)}
    spent = make_rounds(config, guided, limits.steps, journals[GUIDED])
    budget = limits.steps or spent
    plain = with_sampling(config, selection=UNIFORM)
    make_rounds(plain, uniform, budget, journals[UNIFORM])

    parts = [series_of(config, files.run(name), budget, name == GUIDED) for name in journals]
    write_table(files.shots, join(parts), SERIES_COLUMNS)
    for name in journals:
        drop_frames(config, files.run(name))
    times = {
        name: {key: journal.clock(kind).seconds for key, kind in TIMES.items()}
        for name, journal in journals.items()
    }
    found = read_json(guided.initial_report) | {"seconds": first.clock(SHOOTING).seconds}
    record = {"settings": settings, "budget": budget, "initial": found, "times": times}
    write_json(files.record, record)
    for name, part in zip(journals, parts, strict=True):
        made = outcome(part)
        log(f"{name}: {made.transitions:,} transitions in {made.steps:,} MD steps")


def with_sampling(config: Config, **changes: Any) -> Config:
    """The settings with other values in section ``sampling``."""
    sampling = config.sampling.model_copy(update=changes)
    return config.model_copy(update={"sampling": sampling})


def identity(config: Config, number: int) -> dict[str, Any]:
    """All settings that a pair of runs hangs on, as plain data."""
    plain = config.model_dump(mode="json")
    chosen = {name: plain[name] for name in ("initial", "engine", "sampling", "learn")}
    # These say how the workflow ends, and what `compare` sets itself.
    for key in ("rounds_max", "selection"):
        del chosen["sampling"][key]
    budget = {key: plain["compare"][key] for key in ("rounds", "steps")}
    system = load_system(system_folder(config.system)).model_dump(mode="json")
    return {"seed": config.seed + number, "compare": budget, **chosen, "system": system}


def _is_made(files: PairFiles, settings: dict[str, Any]) -> bool:
    if not (files.record.is_file() and files.shots.is_file()):
        return False
    record = read_json(files.record)
    return isinstance(record, dict) and record.get("settings") == settings


def read_pair(files: PairFiles) -> Pair:
    """Read what `compare_pair` wrote.

    Raises
    ------
    DataError
        If a file is missing or damaged.
    """
    record, table = read_json(files.record), read_table(files.shots, SERIES_COLUMNS)
    series = [
        in_order({name: column[table["guided"] == side] for name, column in table.items()})
        for side in (True, False)
    ]
    try:
        return Pair(
            seed=record["settings"]["seed"],
            budget=record["budget"],
            guided=series[0],
            uniform=series[1],
            times=record["times"],
        )
    except (KeyError, TypeError) as error:
        raise DataError(files.record, f"lacks {error}; delete it and run again") from None


def make_rounds(config: Config, layout: Layout, budget: int | None, log: Journal) -> int:
    """Make rounds until ``budget`` MD steps are spent, or as many as the settings say; the steps.

    The last round is about as long as what is left of the budget.
    """
    guided = config.sampling.selection != UNIFORM
    workers = range(config.sampling.workers)
    prepared = load(layout)
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
            spent += int(_steps(table).sum())
            shots += len(table["round"])
    raise AssertionError


def _steps(shots: Table) -> NDArray[np.int64]:
    return np.asarray(shots["steps_backward"] + shots["steps_forward"], dtype=np.int64)


def jobs_of(config: Config, layout: Layout) -> list[WorkerFiles]:
    """Files of all shooting jobs of a run."""
    workers = range(config.sampling.workers)
    return [layout.round(number).worker(i) for number in layout.rounds() for i in workers]


def drop_frames(config: Config, layout: Layout) -> None:
    """Delete the frames of paths, by far the largest part of a run; their lengths are kept."""
    for files in jobs_of(config, layout):
        files.paths.unlink()


def series_of(config: Config, layout: Layout, budget: int, guided: bool) -> Table:
    """Shots of a run within its budget, in order: a table with `SERIES_COLUMNS`."""
    prepared = load(layout)
    frame_ps = prepared.timestep * prepared.stride
    table = join(
        [_job_series(files, prepared.atoms, frame_ps) for files in jobs_of(config, layout)]
    )
    order = np.lexsort([table["move"], table["chain"]])
    table = {name: column[order] for name, column in table.items()}
    table["decorrelated"] = decorrelated_paths(
        table["chain"], table["accepted"], table.pop("point")
    )
    table["guided"] = np.full(len(table["move"]), guided)
    return spent_within(in_order(table), budget)


def _job_series(files: WorkerFiles, atoms: int, frame_ps: float) -> Table:
    """What counts of the shots of one job, by chain and move; ``point`` is a hash of the point."""
    shots = read_table(files.shots, SHOT_COLUMNS)
    index = read_table(files.index, PATH_COLUMNS)
    points = read_frames(files.points, atoms)
    if len(points) != len(shots["round"]):
        raise DataError(files.points, f"holds {len(points)} points, {len(shots['round'])} shots")
    hashes = [blake2b(point.tobytes(), digest_size=8).digest() for point in points]
    lengths = (index["frames"] - 1) * frame_ps
    return {
        **{name: shots[name] for name in ("round", "chain", "move", "accepted", "p_predicted")},
        "steps": _steps(shots),
        "transition": is_transition(shots),
        "duration": current_durations(shots["chain"], shots["accepted"], lengths),
        "point": np.frombuffer(b"".join(hashes), dtype=np.int64),
    }
