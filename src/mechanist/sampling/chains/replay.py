"""One shot of shots.parquet, regenerated as a trajectory.

The noise of a shot depends on all that its job ran before: contexts of the Reference platform share
one random stream, and stacked copies share one integrator. So the job is repeated from the files
that it started with until this shot has finished. On other platforms noise cannot be repeated, nor
in a job that was resumed with other noise; there the shot is made alone, from the same point with
the same velocities.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from mechanist.arrays import Frames
from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.progress import reporter
from mechanist.engine.choose import choose_plan, make_engine
from mechanist.engine.plan import Plan
from mechanist.errors import DataError
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.job import open_job
from mechanist.sampling.chains.moves import Moves
from mechanist.sampling.chains.path_ensemble import TransitionPaths
from mechanist.sampling.chains.selection import Selection
from mechanist.sampling.chains.shoot import finished_shots
from mechanist.sampling.chains.shot_record import ShotRecord
from mechanist.sampling.chains.shots import Shot
from mechanist.sampling.streams import shot_seed, thermal_velocities
from mechanist.settings.config import Config
from mechanist.settings.run import EngineSettings
from mechanist.systems.prepared import Prepared

Log = Callable[[str], None]


@dataclass(frozen=True)
class Replay:
    """A regenerated shot.

    Parameters
    ----------
    shot
        The shot.
    record
        What the run has stored of it.
    platform
        Where it was regenerated.
    exact
        Whether its job was repeated; else only point and velocities are those of the run.
    """

    shot: Shot
    record: ShotRecord
    platform: str
    exact: bool

    @property
    def frames(self) -> Frames:
        """(F, N, 3) in nm in order of time: backward half reversed, point, forward half."""
        backward, forward = self.shot.halves
        return np.concatenate([backward[::-1], self.shot.point[None], forward])

    def description(self, out: Path) -> str:
        """Text on a shot whose frames are in the file ``out``."""
        shot = self.shot
        predicted = "no model yet" if np.isnan(shot.p_predicted) else f"{shot.p_predicted:.3f}"
        return "\n".join(
            [
                f"{self.record.name}, on {self.platform}",
                f"  predicted p_B  {predicted}",
                f"  backward half  {shot.ends[0]} after {shot.steps[0]:,} steps",
                f"  forward half   {shot.ends[1]} after {shot.steps[1]:,} steps",
                f"  {'accepted' if shot.path is not None else 'not accepted'}",
                f"{out}: {len(self.frames):,} frames, the shooting point is frame"
                f" {len(shot.halves[0])}",
            ]
        )

    def verdict(self) -> str:
        """Text on how far the shot agrees with its record.

        Raises
        ------
        DataError
            If it differs in what does not depend on noise, or in anything if its job was repeated.
        """
        record = self.record
        differences = (
            record.differences(self.shot) if self.exact else record.differences_before(self.shot)
        )
        if differences:
            raise DataError(
                record.file,
                f"{record.name}: the replay differs in {'; '.join(differences)};"
                " was the row changed, or made with other settings or versions?",
            )
        if self.exact:
            return "As recorded: every column and frame that the run has stored of this shot."
        why = "only Reference repeats it"
        if record.resumed:
            why = (
                f"its job was stopped and resumed {record.resumed} time"
                f"{'s' if record.resumed > 1 else ''} with other noise, which cannot be repeated"
            )
        return (
            f"Made on {record.plan.platform} by the run, on {self.platform} now: same point and"
            f" velocities, other noise ({why}).\nIn the run the half-shots ended in"
            f" {record['end_backward']} after {record['steps_backward']:,} and"
            f" {record['end_forward']} after {record['steps_forward']:,} steps."
        )


def check_seed(config: Config, record: ShotRecord) -> None:
    """Raise a DataError if the run had another seed."""
    seed = shot_seed(config.seed, record.chain, record.move)
    if seed != record.seed:
        raise DataError(
            record.file,
            f"{record.name}: the replay differs in seed (row {record.seed}, replay {seed});"
            f" was it made with another seed than {config.seed}?",
        )


def replay(
    config: Config,
    layout: Layout,
    prepared: Prepared,
    record: ShotRecord,
    selection: Selection,
    log: Log,
) -> Replay:
    """Regenerate a shot, on the platform of the run if it is there and no other is asked for.

    Raises
    ------
    DataError
        If the shot was not made with this model, or its job does not make it.
    """
    record.check_model(selection.model)
    wanted = config.engine.platform
    platform = record.plan.platform if wanted == "auto" else wanted
    plan = choose_plan(prepared, EngineSettings(platform=platform, copies=2))
    exact = plan.platform == record.plan.platform == "Reference" and not record.resumed
    if exact:
        shot = _shot_in_job(config, layout, prepared, record, selection, log)
    else:
        shot = _shot_alone(config, prepared, record, selection, plan)
    return Replay(shot, record, plan.platform, exact)


def _shot_in_job(
    config: Config,
    layout: Layout,
    prepared: Prepared,
    record: ShotRecord,
    selection: Selection,
    log: Log,
) -> Shot:
    """The shot as its job makes it, with all other shots beside it."""
    address = (record.round, record.worker)
    count, plan = record.job_chains, record.plan
    job = open_job(config, layout, prepared, address, selection, count, plan)
    work = Moves(job.chains, record.job_moves)
    log(f"repeating job {record.round}/{record.worker}: up to {work.total:,} shots; {plan}")
    progress = reporter(log, every=5.0)
    done = 0
    for shots in finished_shots(work, job.engine):
        found = np.flatnonzero((shots.chain == record.chain) & (shots.move == record.move))
        if len(found):
            log(f"it was shot {done + int(found[0]) + 1:,} of {work.total:,}")
            return shots.one(int(found[0]))
        done += len(shots)
        progress(done, work.total)
    raise DataError(record.file, f"{record.name}: its job does not make it; were rows deleted?")


def _shot_alone(
    config: Config, prepared: Prepared, record: ShotRecord, selection: Selection, plan: Plan
) -> Shot:
    """A shot from the same point with the same velocities and other noise."""
    every, path = config.sampling.candidates, record.path_before()
    if len(path.frames) < path.length:
        path = replace(path, every=every)
    chains = Chains(
        np.array([record.chain]),
        [path],
        TransitionPaths(selection),
        config.seed,
        thermal_velocities(prepared),
        moves=np.array([record.move]),
        every=every,
        stride=prepared.stride,
    )
    engine = make_engine(prepared, 2, plan, record.seed % 2**31, every=every)
    return next(finished_shots(Moves(chains, 1), engine)).one(0)
