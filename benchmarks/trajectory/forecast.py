"""Table T4: every forecaster on one trajectory."""

from benchmarks.trajectory.job import Job, main
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import TRAINING
from mechanist.trajectory.superres.store import load


def forecast(job: Job) -> None:
    """Train and test every forecaster on one trajectory; the step learn comes before."""
    from benchmarks.trajectory.measure.forecast import measure
    from benchmarks.trajectory.measure.forecast_setup import setup
    from benchmarks.trajectory.measure.forecast_sizes import FORECASTS

    device, trajectory = job.device(), job.trajectory()
    bridge = load(*job.files.bridge(job.molecule, job.number))
    blocks = setup(trajectory, job.size, FORECASTS[job.size_name])
    with job.log.work(TRAINING):
        found = measure(blocks, bridge, job.seed, job.log, device)
    write_json(
        job.files.forecasts(job.molecule, job.number),
        {
            **job.head,
            "spacing": 1000 * trajectory.dt_ps * blocks.task.spacing,
            "rows": found.rows,
            "rolls": found.rolls,
        },
    )


if __name__ == "__main__":
    main(forecast, "molecule", "number", "threads")
