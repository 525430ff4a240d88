"""Shooting: many chains, each making the same number of moves.

Every chain makes all of its moves, so a shot that takes long is never dropped: dropping the last to
finish would favour short paths.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from mechanist.bookkeeping.journal import MD, SHOOTING, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.progress import Progress, reporter
from mechanist.engine.protocol import Engine, Pause
from mechanist.engine.under_way import UnderWay
from mechanist.errors import DataError
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.job import chains_of, job_identity, moves_of, open_job
from mechanist.sampling.chains.job_memory import check_memory
from mechanist.sampling.chains.job_tables import write_job
from mechanist.sampling.chains.long_halves import LongHalfSample, kept_halves
from mechanist.sampling.chains.moves import Harvest, Moves
from mechanist.sampling.chains.selection import Selection
from mechanist.sampling.chains.shots import Shots
from mechanist.sampling.described import described_by
from mechanist.sampling.jobs import plan_of
from mechanist.sampling.records.checkpoint import Checkpoint, checkpointed
from mechanist.sampling.records.thinning import Thinning, check_descriptors, make_thinning
from mechanist.settings.config import Config
from mechanist.settings.run import refuse_few_chains
from mechanist.systems.prepared import Prepared, load_inputs

Lower = Callable[[Thinning, Sequence[CurrentPath]], Thinning]
"""May have more frames of the paths of a job stored than the settings ask for."""


def shoot_round(
    config: Config,
    layout: Layout,
    prepared: Prepared,
    address: tuple[int, int],
    selection: Selection,
    log: Journal,
    lower: Lower | None = None,
) -> None:
    """Let the chains of one worker make their moves of one round, and write the files of the job.

    Parameters
    ----------
    config, layout, prepared
        Settings, files and system of the run.
    address
        Round and worker.
    selection
        Weighs the frames to shoot from.
    log
        Journal of the job.
    lower
        Called where frames of paths are left out.

    Raises
    ------
    Interrupted
        If a signal to stop has come; the next call resumes from the checkpoint.
    """
    files = layout.round(address[0]).worker(address[1])
    with checkpointed(files.partial, job_identity(config, layout, address), log) as checkpoint:
        settings = config.sampling
        plan = plan_of(checkpoint.saved, prepared, config, log)
        count = chains_of(settings, layout, address, plan)
        if address[0] == 0:
            _refuse_few(settings.workers, count)
        moves = moves_of(settings, address[0], count, plan)
        check_memory(prepared, plan, count, plan.slots(count), log, settings.candidates)
        clock, scratch = log.clock(MD), checkpoint.folder
        job = open_job(config, layout, prepared, address, selection, count, plan, clock, scratch)
        thinning = make_thinning(settings.store, prepared, layout.topology)
        partial = thinning is not None and thinning.waters is not None
        sets = [prepared.states.descriptors, load_inputs(layout)] if partial else []
        check_descriptors(thinning, [path.frames for path in job.chains.paths], sets)
        number, worker = address
        log(f"round {number}, worker {worker}: {count:,} chains x {moves} moves; {plan}")
        with log.work(SHOOTING):
            try:
                harvest = shoot(
                    job.chains, job.engine, moves, reporter(log), checkpoint, plan.notes()
                )
            finally:
                log(f"{job.engine.steps:,} MD steps made by this process")
        paths = [path for group in harvest.paths.values() for path in group]
        check_descriptors(thinning, [path.frames for path in paths], sets)
        if thinning is not None and lower is not None:
            thinning = lower(thinning, paths)
        names, described = (*address, selection.model), described_by(layout, prepared)
        box = prepared.frame_box
        write_job(files, harvest, names, thinning, checkpoint.notes, described, box)
        accepted = harvest.shots.accepted
        log(f"{len(accepted)} shots, {np.mean(accepted):.0%} accepted")


def _refuse_few(workers: int, chains: int) -> None:
    """Before the first shot: with ``chains: auto`` their number is known only here."""
    try:
        refuse_few_chains(workers, chains)
    except ValueError as error:
        raise DataError("config.yaml", str(error)) from None


def shoot(
    chains: Chains,
    engine: Engine,
    moves: int,
    progress: Progress,
    checkpoint: Checkpoint | None = None,
    notes: Mapping[str, str] | None = None,
) -> Harvest:
    """Let every chain make ``moves`` moves.

    Parameters
    ----------
    chains
        They start from their current paths.
    engine
        Runs the half-shots.
    moves
        Moves of each chain.
    progress
        Called after every batch of shots.
    checkpoint
        Saves the state of the job, and restores that of an earlier process; the engine must then
        have the same shape.
    notes
        Saved with the state.
    """
    atoms = chains.paths[0].frames.shape[1]
    frames = None if checkpoint is None else checkpoint.frames(atoms)
    work = Moves(chains, moves, LongHalfSample(kept_halves(atoms)), frames)
    under_way = None if checkpoint is None else checkpoint.begin(work, notes or {})
    return finish_job(work, finished_shots(work, engine, checkpoint, under_way), progress)


def finish_job(work: Moves, finished: Iterable[Shots], progress: Progress) -> Harvest:
    """Add shots to those of a job as they finish; all of them."""
    for shots in finished:
        work.add(shots)
        progress(work.done, work.total)
    return work.harvest()


def finished_shots(
    work: Moves, engine: Engine, pause: Pause | None = None, under_way: UnderWay | None = None
) -> Iterator[Shots]:
    """Shots of a job in the order in which they finish, from its start or from ``under_way``."""
    chains, queue = work.chains, work.queue
    if under_way is None:
        queue.put(chains.propose(np.arange(len(chains))))
    for halves in engine.run(queue.take, pause, under_way, chains.early_stop):
        finished = chains.on_finished(halves)
        if finished is None:
            continue
        rows, shots = finished
        unfinished = rows[chains.moves[rows] < work.last[rows]]
        if len(unfinished):
            queue.put(chains.propose(unfinished))
        yield shots
