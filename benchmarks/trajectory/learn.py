"""Table T1: every interpolator on one trajectory."""

from benchmarks.trajectory.job import Job, main
from benchmarks.trajectory.reference.molecules import molecule
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import TRAINING


def learn(job: Job) -> None:
    """Train and test every interpolator on one trajectory; write the errors and our model."""
    from benchmarks.trajectory.measure.examples import examples
    from benchmarks.trajectory.measure.superres import measure
    from mechanist.trajectory.superres.store import save

    device, trajectory = job.device(), job.trajectory()
    orders = molecule(job.molecule).permutations
    with job.log.work(TRAINING):
        rows, bridge = measure(trajectory, orders, job.size, job.seed, job.log, device)
        shown = examples(trajectory, bridge, job.size)
    save(bridge, *job.files.bridge(job.molecule, job.number))
    write_json(
        job.files.errors(job.molecule, job.number),
        {
            **job.head,
            "frames": len(trajectory),
            "temperature": trajectory.temperature(),
            "rows": rows,
            "examples": shown,
        },
    )


if __name__ == "__main__":
    main(learn, "molecule", "number", "threads")
