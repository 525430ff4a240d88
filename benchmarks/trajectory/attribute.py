"""Table T3, continued: which coordinates turn the CNNC dihedral of azobenzene."""

from benchmarks.trajectory.job import Job, main
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import MD
from mechanist.systems.forces.xtb import Xtb


def attribute(job: Job) -> None:
    """Rank the coordinates that turn the CNNC dihedral of azobenzene."""
    from benchmarks.trajectory.measure.propagator_sizes import PROPAGATOR_SIZES
    from benchmarks.trajectory.measure.twist import azobenzene, explain

    job.device()
    size, temperature = PROPAGATOR_SIZES[job.size_name], job.config.trajectory.temperature
    potential = Xtb(azobenzene().numbers)
    with job.log.work(MD):
        record = explain(potential, size.shots, size.shot_ps, temperature, job.config.seed)
    for row in record["ranking"][:4]:
        job.log(f"{row['degrees']:8.2f} degrees: {row['input']}")
    write_json(job.files.attribution, record | {"size": job.size_name})


if __name__ == "__main__":
    main(attribute, "threads")
