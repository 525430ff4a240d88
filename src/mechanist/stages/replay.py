"""Stage ``replay``: one shot of shots.parquet, made again as a trajectory.

The noise that a shot meets follows from all that its job has run before: contexts of the Reference
platform share one random stream, and stacked copies share one integrator. So the job is done again
from the files that it started with, up to the moment when this shot has ended. On other platforms
noise cannot be repeated, and where a job was stopped and went on with other noise neither; there
the shot is made alone, from the same point with the same velocities.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from mechanist.arrays import Frames
from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.progress import reporter
from mechanist.committor.guide import make_selection
from mechanist.engine.choose import choose_plan, make_engine
from mechanist.engine.plan import Plan
from mechanist.errors import DataError
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.path_ensemble import TransitionPaths
from mechanist.sampling.chains.shoot import shots_as_they_end
from mechanist.sampling.chains.shots import Shot
from mechanist.sampling.records.shot_record import ShotRecord, read_record
from mechanist.sampling.records.tables import write_frames
from mechanist.sampling.streams import shot_seed, thermal_velocities
from mechanist.settings.config import Config
from mechanist.settings.run import EngineSettings
from mechanist.stages.shoot import open_job
from mechanist.systems.prepared import Prepared, load

Log = Callable[[str], None]


def replay(
    config: Config,
    layout: Layout,
    address: tuple[int, int, int, int],
    out: Path | None,
    log: Log,
) -> None:
    """Make a shot again, write its frames, print how it ended, and check it against its row.

    Parameters
    ----------
    config, layout
        Settings and files of the run.
    address
        Round, worker, chain and move.
    out
        TRR to write; ``replay_R_W_C_M.trr`` in the current folder if None.

    Raises
    ------
    DataError
        If there is no such shot, or what comes out is not what the run has recorded.
    """
    if out is None:
        out = Path("replay_{}_{}_{}_{}.trr".format(*address))
    if out.suffix != ".trr":
        raise DataError(out, "--out: the name must end in .trr")
    prepared = load(layout)
    record = read_record(layout, address, prepared.atoms)
    check_seed(config, record)
    # What ran the job runs it again, if it is here and the settings do not name another.
    wanted = config.engine.platform
    platform = record.plan.platform if wanted == "auto" else wanted
    plan = choose_plan(prepared, EngineSettings(platform=platform, copies=2))
    exact = plan.platform == record.plan.platform == "Reference" and not record.resumed
    make = shot_in_job if exact else shot_alone
    shot = make(config, layout, prepared, record, plan, log)
    frames = trajectory(shot)
    write_frames(out, [frames], record=False)
    print(description(shot, record, out, len(frames), plan.platform))
    print(verdict(shot, record, plan.platform, exact))


def verdict(shot: Shot, record: ShotRecord, platform: str, exact: bool) -> str:
    """Say that a shot is as recorded, or on another platform how its ends were; raise if not."""
    differences = record.differences(shot) if exact else record.differences_before(shot)
    if differences:
        raise DataError(
            record.file,
            f"{record.name}: the replay differs in {'; '.join(differences)};"
            " was the row changed, or made with other settings or versions?",
        )
    if exact:
        return "As recorded: every column and frame that the run has kept of this shot."
    why = "only Reference repeats it"
    if record.resumed:
        why = (
            f"its job was stopped and went on {record.resumed} time"
            f"{'s' if record.resumed > 1 else ''}, which nothing repeats bit for bit"
        )
    return (
        f"Made on {record.plan.platform} by the run, on {platform} now: same point and velocities,"
        f" other noise ({why}).\nIn the run the halves ended in"
        f" {record['end_backward']} after {record['steps_backward']:,} and"
        f" {record['end_forward']} after {record['steps_forward']:,} steps."
    )


def check_seed(config: Config, record: ShotRecord) -> None:
    """Refuse at once what cannot come out right."""
    seed = shot_seed(config.seed, record.chain, record.move)
    if seed != record.seed:
        raise DataError(
            record.file,
            f"{record.name}: the replay differs in seed (row {record.seed}, replay {seed});"
            f" was it made with another seed than {config.seed}?",
        )


def shot_in_job(
    config: Config, layout: Layout, prepared: Prepared, record: ShotRecord, plan: Plan, log: Log
) -> Shot:
    """The shot as its job makes it, with all that runs beside it."""
    job = open_job(
        config, layout, prepared, record.round, record.worker, record.job_chains, record.plan
    )
    record.check_model(job.selection.model)
    total = record.job_chains * record.job_moves
    log(f"making job {record.round}/{record.worker} again: up to {total:,} shots; {record.plan}")
    progress = reporter(log, every=5.0)
    made = shots_as_they_end(job.chains, job.engine, record.job_moves)
    done = 0
    for shots in made:
        found = np.flatnonzero((shots.chain == record.chain) & (shots.move == record.move))
        if len(found):
            log(f"it was shot {done + int(found[0]) + 1:,} of {total:,}")
            return shots.one(int(found[0]))
        done += len(shots)
        progress(done, total)
    raise DataError(record.file, f"{record.name}: its job does not make it; were rows deleted?")


def shot_alone(
    config: Config, layout: Layout, prepared: Prepared, record: ShotRecord, plan: Plan, log: Log
) -> Shot:
    """A shot from the same point with the same velocities and other noise."""
    selection = make_selection(config.sampling, layout, record.round, prepared.max_half_frames)
    record.check_model(selection.model)
    chains = Chains(
        np.array([record.chain]),
        [record.path_before()],
        TransitionPaths(selection),
        config.seed,
        thermal_velocities(prepared),
        moves=np.array([record.move]),
    )
    engine = make_engine(prepared, 2, plan, record.seed % 2**31)
    return next(shots_as_they_end(chains, engine, 1)).one(0)


def trajectory(shot: Shot) -> Frames:
    """Frames (F, N, 3) in nm in the order of time: backward half reversed, point, forward half."""
    backward, forward = shot.halves
    return np.concatenate([backward[::-1], shot.point[None], forward])


def description(shot: Shot, record: ShotRecord, out: Path, frames: int, platform: str) -> str:
    """What is printed of a shot."""
    predicted = "no model yet" if np.isnan(shot.p_predicted) else f"{shot.p_predicted:.3f}"
    return "\n".join(
        [
            f"{record.name}, on {platform}",
            f"  predicted p_B  {predicted}",
            f"  backward half  {shot.ends[0]} after {shot.steps[0]:,} steps",
            f"  forward half   {shot.ends[1]} after {shot.steps[1]:,} steps",
            f"  {'accepted' if shot.path is not None else 'not accepted'}",
            f"{out}: {frames:,} frames, the shooting point is frame {len(shot.halves[0])}",
        ]
    )
