"""A shooting job: the chains of one worker in one round, and the engine that moves them.

Each chain continues from its last path of the round before; in round 0 chains start from the first
paths in turn. A job is addressed by (round, worker).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Rows
from mechanist.bookkeeping.job_files import WorkerFiles
from mechanist.bookkeeping.journal import Clock
from mechanist.bookkeeping.layout import Layout
from mechanist.engine.choose import make_engine
from mechanist.engine.hardware import GPU_PLATFORMS
from mechanist.engine.plan import STACK_CHAINS, Plan
from mechanist.engine.protocol import Engine
from mechanist.errors import DataError
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.path_ensemble import TransitionPaths
from mechanist.sampling.chains.selection import Lorentzian, Selection
from mechanist.sampling.early_stop.early_stop import EarlyStop
from mechanist.sampling.families import read_families
from mechanist.sampling.jobs import identity
from mechanist.sampling.records.tables import (
    PATH_COLUMNS,
    SHOT_COLUMNS,
    PathTable,
    read_paths,
    read_table,
)
from mechanist.sampling.streams import shot_seed, thermal_velocities
from mechanist.settings.config import Config
from mechanist.settings.run import SamplingSettings
from mechanist.statistics.held_out import held_out
from mechanist.systems.prepared import Prepared

NOISE_STREAM = 2**32
"""Added to the worker for the seed of the noise of a job; no chain has such a number."""

LEAST_MOVES = 8
"""Moves of each chain in a round on a GPU, at least: after one alone most keep their first path."""

MOVES, ROUNDS = 50, 4
"""Moves in so many rounds after which a chain should have forgotten its first path. Its burn-in
takes about 10, and about 5 lie between two paths that are nearly independent. More chains than the
shots of these rounds allow would all end too early, however many shots they make together."""


@dataclass(frozen=True)
class ShootingJob:
    """Chains at the start of a round, and the engine that moves them."""

    chains: Chains
    engine: Engine


@dataclass(frozen=True)
class Start:
    """What a chain starts a round from.

    Parameters
    ----------
    path
        Its current path.
    move
        Number of its next move.
    accepted
        Paths accepted so far, for burn-in.
    """

    path: CurrentPath
    move: int
    accepted: int


def job_identity(config: Config, layout: Layout, address: tuple[int, int]) -> dict[str, Any]:
    """Everything that the shots of a job follow from.

    The number of rounds and what is stored of paths are not part of it.
    """
    number, worker = address
    settings = config.model_dump(mode="json", include={"seed", "engine", "sampling"})
    for key in ("rounds_max", "store"):
        del settings["sampling"][key]
    if config.sampling.early_stop:
        settings["held_out_every"] = config.learn.held_out_every
    before = layout.round(number - 1)
    if number == 0:
        inputs = [layout.initial.paths, layout.initial.index, layout.initial_report]
        if config.warm_start is not None:
            inputs += [layout.warm_model, layout.warm_model_card, layout.inputs]
    else:
        files = before.worker(worker)
        models = (before.model, before.model_card)
        inputs = [*files.all(), *(file for file in models if file.is_file())]
        inputs += [layout.inputs]
    return identity("shoot", layout, settings | {"round": number, "worker": worker}, inputs)


def chains_of(
    settings: SamplingSettings, layout: Layout, address: tuple[int, int], plan: Plan
) -> int:
    """Number of chains of a job; with ``chains: auto`` that of the round before, if any.

    Rounds are planned in moves of each chain: where thousands of copies run side by side, only as
    many chains are used as get `MOVES` each from the shots of `ROUNDS` rounds.
    """
    if settings.chains != "auto":
        return settings.chains
    number, worker = address
    before = layout.round(number - 1).worker(worker).index
    if number > 0 and before.is_file():
        return len(np.unique(read_table(before, PATH_COLUMNS)["chain"]))
    shots = sum(settings.shots(early) for early in range(ROUNDS))
    return min(plan.chains, max(STACK_CHAINS, shots // (MOVES * settings.workers)))


def moves_of(settings: SamplingSettings, number: int, chains: int, plan: Plan) -> int:
    """Moves of each chain in a round; at least `LEAST_MOVES` where a GPU runs many chains."""
    moves = -(-settings.shots(number) // (chains * settings.workers))
    many = settings.chains == "auto" and plan.platform in GPU_PLATFORMS
    return max(moves, LEAST_MOVES) if many else moves


def open_job(
    config: Config,
    layout: Layout,
    prepared: Prepared,
    address: tuple[int, int],
    selection: Selection,
    count: int,
    plan: Plan,
    clock: Clock | None = None,
    scratch: Path | None = None,
) -> ShootingJob:
    """A job of ``count`` chains at its start; on Reference it makes the same shots each time."""
    number, worker = address
    chains = _make_chains(config, layout, prepared, address, selection, count)
    seed = shot_seed(config.seed, NOISE_STREAM + worker, number) % 2**31
    slots = plan.slots(count)
    every = config.sampling.candidates
    engine = make_engine(prepared, slots, plan, seed, clock=clock, scratch=scratch, every=every)
    return ShootingJob(chains, engine)


def _make_chains(
    config: Config,
    layout: Layout,
    prepared: Prepared,
    address: tuple[int, int],
    selection: Selection,
    count: int,
) -> Chains:
    number, worker = address
    numbers = worker * count + np.arange(count)
    if number == 0:
        table = read_paths(layout.initial.paths, layout.initial.index, prepared.atoms)
        rows = read_families(layout).first_path(numbers)
        starts = {
            chain: Start(path_of(table, row), 0, 0)
            for chain, row in zip(numbers.tolist(), rows.tolist(), strict=True)
        }
    else:
        before = layout.round(number - 1).worker(worker)
        starts = _last_paths(before, prepared.atoms, config.sampling)
        missing = [chain for chain in numbers.tolist() if chain not in starts]
        if missing:
            what = f"lacks chain {missing[0]}; was sampling.chains changed?"
            raise DataError(before.index, what)
    own = [starts[chain] for chain in numbers.tolist()]
    return Chains(
        numbers,
        [start.path for start in own],
        TransitionPaths(selection),
        config.seed,
        thermal_velocities(prepared),
        np.array([start.move for start in own]),
        np.array([start.accepted for start in own]),
        config.sampling.burn_in,
        _make_early_stop(config, numbers, selection, count * config.sampling.workers),
        config.sampling.candidates,
        prepared.stride,
    )


def _make_early_stop(
    config: Config, numbers: Rows, selection: Selection, total: int
) -> EarlyStop | None:
    """None where no shots are to be stopped, or no model predicts which; ``total`` chains."""
    below = config.sampling.early_stop
    if below == 0 or not isinstance(selection, Lorentzian):
        return None
    apart = held_out(numbers, config.learn.held_out_every, total)
    return EarlyStop(selection.q, below, apart)


def path_of(table: PathTable, row: int, every: int = 1) -> CurrentPath:
    """A path of a table, in which every ``every``-th frame is kept of those that lack some."""
    frames, index = table.view(row), table.index
    move, point, length = (int(index[name][row]) for name in ("move", "shooting_frame", "length"))
    return CurrentPath(frames, move, point, 0, every if len(frames) < length else 1, length)


def _last_paths(files: WorkerFiles, atoms: int, settings: SamplingSettings) -> dict[int, Start]:
    """What each chain of a job starts the next round from.

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
            accepted = max(accepted, settings.burn_in)
        move = int(shots["move"][shots["chain"] == chain].max()) + 1
        result[chain] = Start(path_of(table, last, settings.candidates), move, accepted)
    return result
