"""Stage ``excursions``: shots spread evenly along q from A to B."""

from functools import partial
from typing import Any

import numpy as np

from mechanist.bookkeeping.journal import MD, SHOOTING, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.progress import reporter
from mechanist.committor.gather import gather_full_paths
from mechanist.committor.windows import read_windows
from mechanist.engine.choose import make_engine
from mechanist.sampling.chains.job_memory import check_memory
from mechanist.sampling.described import described_by
from mechanist.sampling.excursions.adaptive import AdaptiveShots
from mechanist.sampling.excursions.reservoir import make_reservoir
from mechanist.sampling.excursions.starts import Starts, chain_count, draw_starts, open_chains
from mechanist.sampling.excursions.tables import (
    EXCURSION_COLUMNS,
    EXCURSION_STREAM,
    NOTHING_TO_SHOOT,
    excursion_table,
    no_excursions,
    read_run_excursions,
)
from mechanist.sampling.jobs import identity, plan_of
from mechanist.sampling.records.checkpoint import checkpointed
from mechanist.sampling.records.tables import write_frames, write_table
from mechanist.sampling.streams import shot_seed, thermal_velocities
from mechanist.settings.config import Config
from mechanist.systems.prepared import Prepared, load


def excursions(config: Config, layout: Layout, worker: int, log: Journal) -> None:
    """Make all moves of the excursion chains of one worker.

    Raises
    ------
    Interrupted
        If the job was asked to stop; the next call continues from its checkpoint.
    """
    prepared = load(layout)
    files = layout.kinetics_job(worker)
    settings, workers = config.kinetics, config.sampling.workers
    with checkpointed(files.partial("excursions"), _job(config, layout, worker), log) as checkpoint:
        plan = plan_of(checkpoint.saved, prepared, config, log)
        count = chain_count(plan, settings.shots // workers, config.sampling.chains)
        moves = -(-settings.shots // (count * workers))
        first = EXCURSION_STREAM + worker * count
        starts = _starts(config, layout, prepared, worker, count)
        if not starts.starts:
            none = np.empty((0, prepared.atoms, 3), dtype=np.float32)
            write_frames(files.excursions, [none], box=prepared.frame_box)
            write_table(files.index, no_excursions(), EXCURSION_COLUMNS)
            log(f"worker {worker}: {NOTHING_TO_SHOOT}")
            return
        check_memory(prepared, plan, count, plan.slots(count), log)
        chains, ensemble = open_chains(starts, first, config.seed, thermal_velocities(prepared))
        seed = shot_seed(config.seed, EXCURSION_STREAM - 1 - worker, 0) % 2**31
        engine = make_engine(
            prepared,
            plan.slots(count),
            plan,
            seed,
            clock=log.clock(MD),
            scratch=checkpoint.folder,
        )
        burn_in = max(1, round(settings.relax * moves))
        logs = partial(checkpoint.frames, prepared.atoms)
        work = AdaptiveShots(chains, ensemble, moves, burn_in, logs)
        with log.work(SHOOTING):
            shots = work.run(engine, reporter(log), checkpoint, plan)
        origins = {first + i: start.origin for i, start in enumerate(starts.starts)}
        index, frames = excursion_table(shots, origins, ensemble.descent)
        described, box = described_by(layout, prepared), prepared.frame_box
        write_frames(files.excursions, frames, described=described, box=box)
        write_table(files.index, index, EXCURSION_COLUMNS)
    rejected = work.rejected + int((~shots.accepted).sum())
    log(
        f"worker {worker}: {count} chains x {moves} moves; {plan}; {rejected} shots rejected,"
        f" {ensemble.exchanges} exchanges with runs"
    )


def _job(config: Config, layout: Layout, worker: int) -> dict[str, Any]:
    """Everything that the excursions of one job follow from."""
    keys: Any = {"seed": True, "engine": True, "sampling": {"workers", "chains"}}
    keys |= {"kinetics": {"shots", "relax"}}
    settings = config.model_dump(mode="json", include=keys) | {"worker": worker}
    inputs = [layout.windows, layout.windows_model, layout.windows_model_card, layout.inputs]
    for number in range(config.sampling.workers):
        runs = layout.kinetics_job(number)
        inputs += [runs.run_excursions, runs.run_index]
    return identity("excursions", layout, settings, inputs)


def _starts(config: Config, layout: Layout, prepared: Prepared, worker: int, count: int) -> Starts:
    """What the chains of a job start from: excursions of runs, and paths of the last round."""
    workers = config.sampling.workers
    last, windows = read_windows(layout, prepared)
    runs, between = read_run_excursions(layout, workers, prepared)
    reservoirs = [make_reservoir(name, runs, between, prepared, windows) for name in ("A", "B")]
    paths = gather_full_paths(layout, [last], workers, prepared.atoms)
    rng = np.random.default_rng(shot_seed(config.seed, EXCURSION_STREAM - 1 - worker, 1))
    return Starts(windows, reservoirs, draw_starts(reservoirs, paths, windows, count, rng))
