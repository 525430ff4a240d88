"""Stage ``committor-shots``: fresh half-shots from the points of one job."""

import numpy as np

from mechanist.bookkeeping.journal import MD, SHOOTING, Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.bookkeeping.progress import reporter
from mechanist.engine.choose import make_engine
from mechanist.sampling import committor_shots as sampling
from mechanist.sampling.committor_shots import COMMITTOR_COLUMNS, COMMITTOR_STREAM, FIRST_POINT
from mechanist.sampling.jobs import identity, plan_of
from mechanist.sampling.records.checkpoint import checkpointed
from mechanist.sampling.records.tables import read_frames, write_table
from mechanist.sampling.streams import shot_seed, thermal_velocities
from mechanist.settings.config import Config
from mechanist.systems.prepared import load


def committor_shots(config: Config, layout: Layout, by: str, worker: int, log: Journal) -> None:
    """Make the fresh shots of one job, which has every n-th point of the set for n jobs."""
    prepared, files = load(layout), layout.fresh(by)
    points, first = read_frames(files.points, prepared.atoms), FIRST_POINT[by]
    numbers = np.arange(worker, len(points), config.sampling.workers)
    shots = config.validation.shots
    follows = {"seed": config.seed, "engine": config.engine.model_dump(mode="json"), "by": by}
    follows |= {"worker": worker, "workers": config.sampling.workers, "shots": shots}
    job = identity("committor_shots", layout, follows, [files.points])
    with checkpointed(files.partial(worker), job, log) as checkpoint:
        plan = plan_of(checkpoint.saved, prepared, config, log)
        noise = shot_seed(config.seed, COMMITTOR_STREAM - 1 - worker, first) % 2**31
        engine = make_engine(prepared, plan.copies, plan, noise, clock=log.clock(MD), frames=False)
        with log.work(SHOOTING):
            table = sampling.committor_shots(
                points[numbers],
                first + numbers,
                shots,
                engine,
                thermal_velocities(prepared),
                config.seed,
                checkpoint,
                plan.notes(),
                reporter(log, "fresh shots"),
            )
        table["point"] = table["point"] - first
        write_table(files.shots(worker), table, COMMITTOR_COLUMNS)
    log(f"worker {worker}: {len(numbers)} points x {shots} fresh committor shots; {plan}")
