"""Stage ``shoot``: one shooting job of one round."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mechanist.bookkeeping.job_files import WorkerFiles
from mechanist.bookkeeping.journal import MD, SHOOTING, Clock, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.progress import reporter
from mechanist.committor.data import held_out
from mechanist.committor.guide import make_selection
from mechanist.engine.choose import make_engine
from mechanist.engine.hardware import GPU_PLATFORMS
from mechanist.engine.plan import Plan
from mechanist.engine.protocol import Engine
from mechanist.errors import DataError
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.memory import check_memory
from mechanist.sampling.chains.moves import Harvest
from mechanist.sampling.chains.path_ensemble import TransitionPaths
from mechanist.sampling.chains.selection import Lorentzian, Selection
from mechanist.sampling.chains.shoot import path_table, shoot, shot_table
from mechanist.sampling.early_stop.early_stop import EarlyStop
from mechanist.sampling.jobs import identity, plan_of
from mechanist.sampling.records.checkpoint import checkpointed
from mechanist.sampling.records.tables import (
    PATH_COLUMNS,
    SHOT_COLUMNS,
    PathTable,
    read_paths,
    read_table,
    write_frames,
    write_table,
)
from mechanist.sampling.records.thinning import NOTE, Thinning, check_descriptors, make_thinning
from mechanist.sampling.streams import shot_seed, thermal_velocities
from mechanist.settings.config import Config
from mechanist.settings.run import SamplingSettings
from mechanist.systems.prepared import Prepared, load, load_inputs
from mechanist.trajectory.restore.stride import lowered

NOISE_STREAM = 2**32
"""Chain numbers from here on seed the noise of a job."""


LEARNED = 10
"""Where frames are left out that are to be restored, one path in so many is kept in full."""

LEAST_MOVES = 8
"""Moves of each chain in a round on a GPU: one alone would hardly leave its first path."""


@dataclass(frozen=True)
class Job:
    """Chains of one worker where round ``number`` begins, and the engine that moves them."""

    chains: Chains
    engine: Engine
    selection: Selection


def shoot_round(config: Config, layout: Layout, number: int, worker: int, log: Journal) -> None:
    """Let the chains of one worker make their moves of round ``number``.

    Raises
    ------
    Interrupted
        If the job was told to stop; what it has done is kept, and the next call goes on from it.
    """
    files = layout.round(number).worker(worker)
    with checkpointed(
        files.partial, job_identity(config, layout, number, worker), log
    ) as checkpoint:
        prepared = load(layout)
        settings = config.sampling
        plan = plan_of(checkpoint.saved, prepared, config, log)
        count = chains_of(settings, layout, number, worker, plan)
        moves = moves_of(settings, number, count, plan)
        job = open_job(config, layout, prepared, number, worker, count, plan, log.clock(MD))
        check_memory(job.chains, plan, moves, prepared)
        thinning = make_thinning(settings.store, prepared, layout.topology)
        check_thinning(thinning, job.chains.paths, prepared, layout)
        log(f"round {number}, worker {worker}: {count:,} chains x {moves} moves; {plan}")
        with log.work(SHOOTING):
            try:
                harvest = shoot(
                    job.chains, job.engine, moves, reporter(log), checkpoint, plan.notes()
                )
            finally:
                log(f"{job.engine.steps:,} MD steps made by this process")
        made = [path for group in harvest.paths.values() for path in group]
        check_thinning(thinning, made, prepared, layout)
        if thinning is not None and settings.store.tolerance is not None:
            frames = [path.frames for path in made]
            tolerance, masses = settings.store.tolerance, prepared.masses
            thinning = lowered(thinning, tolerance, frames, masses, log)
        write_job(files, harvest, (number, worker, job.selection.model), thinning, checkpoint.notes)
        accepted = harvest.shots.accepted
        log(f"{len(accepted)} shots, {np.mean(accepted):.0%} accepted")


def check_thinning(
    thinning: Thinning | None, paths: Sequence[CurrentPath], prepared: Prepared, layout: Layout
) -> None:
    """Refuse to store too little for the descriptors of the states and of the models."""
    if thinning is not None and thinning.waters is not None:
        sets = [prepared.states.descriptors, load_inputs(layout)]
        check_descriptors(thinning, [path.frames for path in paths], sets)


def write_job(
    files: WorkerFiles,
    harvest: Harvest,
    names: tuple[int, int, str],
    thinning: Thinning | None,
    notes: dict[str, str],
) -> None:
    """Write the files of a job, whose round, number and model are its names."""
    shots, points = shot_table(harvest, *names)
    index, frames = path_table(harvest.paths, names[0], names[1], thinning)
    write_frames(files.points, [points])
    write_frames(files.paths, frames)
    if thinning is None:
        # What another way to store them has left would be taken for the paths to go on from.
        files.current_index.unlink(missing_ok=True)
        files.current.unlink(missing_ok=True)
        write_table(files.index, index, PATH_COLUMNS)
    else:
        write_table(files.index, index, PATH_COLUMNS, {NOTE: thinning.note()})
        full = {chain: in_full(paths, thinning) for chain, paths in harvest.paths.items()}
        current_index, current = path_table(full, names[0], names[1])
        write_frames(files.current, current)
        write_table(files.current_index, current_index, PATH_COLUMNS)
    write_table(files.shots, shots, SHOT_COLUMNS, notes)


def in_full(paths: Sequence[CurrentPath], thinning: Thinning) -> list[CurrentPath]:
    """Paths of a chain of which all frames are kept: the last one, and some to learn gaps from."""
    some = [path for path in paths[:-1] if thinning.p99 is not None and path.move % LEARNED == 0]
    return [*some, paths[-1]]


def job_identity(config: Config, layout: Layout, number: int, worker: int) -> dict[str, Any]:
    """Everything that shots follow from: not the budget of rounds, nor how paths are stored."""
    settings = config.model_dump(mode="json", include={"seed", "engine", "sampling"})
    for key in ("rounds_max", "store"):
        del settings["sampling"][key]
    if config.sampling.early_stop:
        settings["held_out_every"] = config.learn.held_out_every
    before = layout.round(number - 1)
    if number == 0:
        inputs = [layout.initial.paths, layout.initial.index]
    else:
        files = before.worker(worker)
        models = (before.model, before.model_card)
        inputs = [*files.all(), *(file for file in models if file.is_file())]
        inputs += [layout.inputs]
    return identity("shoot", layout, settings | {"round": number, "worker": worker}, inputs)


def chains_of(
    settings: SamplingSettings, layout: Layout, number: int, worker: int, plan: Plan
) -> int:
    """Chains of a job; where it is free, what round 0 has begun with is gone on with."""
    if settings.chains != "auto":
        return settings.chains
    before = layout.round(number - 1).worker(worker).index
    if number > 0 and before.is_file():
        return len(np.unique(read_table(before, PATH_COLUMNS)["chain"]))
    return plan.chains


def moves_of(settings: SamplingSettings, number: int, chains: int, plan: Plan) -> int:
    """Moves of each chain in a round; more where a GPU has so many chains that few are left."""
    moves = -(-settings.shots(number) // (chains * settings.workers))
    many = settings.chains == "auto" and plan.platform in GPU_PLATFORMS
    return max(moves, LEAST_MOVES) if many else moves


def open_job(
    config: Config,
    layout: Layout,
    prepared: Prepared,
    number: int,
    worker: int,
    count: int,
    plan: Plan,
    clock: Clock | None = None,
) -> Job:
    """What a job of ``count`` chains starts with; opened again on Reference it makes the same."""
    selection = make_selection(config.sampling, layout, number, prepared.max_half_frames)
    chains = make_chains(config, prepared, layout, number, worker, count, selection)
    chains.early_stop = make_early_stop(config, chains, selection)
    seed = shot_seed(config.seed, NOISE_STREAM + worker, number) % 2**31
    engine = make_engine(prepared, plan.slots(count), plan, seed, clock=clock)
    return Job(chains, engine, selection)


def make_early_stop(config: Config, chains: Chains, selection: Selection) -> EarlyStop | None:
    """What stops shots, where that is wanted and there is a model to tell which."""
    below = config.sampling.early_stop
    if below == 0 or not isinstance(selection, Lorentzian):
        return None
    return EarlyStop(selection.q, below, held_out(chains.numbers, config.learn.held_out_every))


def make_chains(
    config: Config,
    prepared: Prepared,
    layout: Layout,
    number: int,
    worker: int,
    count: int,
    selection: Selection,
) -> Chains:
    """Chains of a worker, each going on from where the round before left it."""
    first = worker * count
    if number == 0:
        table = read_paths(layout.initial.paths, layout.initial.index, prepared.atoms)
        starts = {first + i: (_path(table, (first + i) % len(table)), 0, 0) for i in range(count)}
    else:
        starts = last_paths(layout.round(number - 1).worker(worker), prepared.atoms, config)
    numbers = np.arange(first, first + count)
    for chain in numbers.tolist():
        if chain not in starts:
            file = layout.round(number - 1).worker(worker).index
            raise DataError(file, f"lacks chain {chain}; was sampling.chains changed?")
    paths, moves, accepted = zip(*(starts[chain] for chain in numbers.tolist()), strict=True)
    return Chains(
        numbers,
        paths,
        TransitionPaths(selection),
        config.seed,
        thermal_velocities(prepared),
        np.array(moves),
        np.array(accepted),
        config.sampling.burn_in,
    )


def _path(table: PathTable, row: int) -> CurrentPath:
    index = table.index
    return CurrentPath(table.path(row), int(index["move"][row]), int(index["shooting_frame"][row]))


def last_paths(
    files: WorkerFiles, atoms: int, config: Config
) -> dict[int, tuple[CurrentPath, int, int]]:
    """For each chain its last path, its next move and the paths that it has accepted.

    Accepted paths matter for burn-in only: a chain whose last path counts has finished it. For the
    others those of the last round are counted, so burn-in is never cut short.
    """
    table = read_paths(*files.full, atoms)
    index = read_table(files.index, PATH_COLUMNS)
    shots = read_table(files.shots, SHOT_COLUMNS)
    result = {}
    for chain in np.unique(index["chain"]).tolist():
        last = int(np.flatnonzero(table.index["chain"] == chain)[-1])
        accepted = int((index["chain"] == chain).sum()) - 1
        if table.index["weight"][last] > 0:
            accepted = max(accepted, config.sampling.burn_in)
        move = int(shots["move"][shots["chain"] == chain].max()) + 1
        result[chain] = (_path(table, last), move, accepted)
    return result
