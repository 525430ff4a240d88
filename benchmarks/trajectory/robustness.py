"""Table T1, continued: interpolation with noise, with less data, and at other temperatures."""

from benchmarks.trajectory.job import Job, main
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import TRAINING
from mechanist.systems.forces.xtb import Xtb
from mechanist.trajectory.superres.store import load


def measure(job: Job) -> None:
    """Test interpolators with noise, less data, other temperatures."""
    from benchmarks.trajectory.measure.robustness import measure_robustness

    device, trajectory = job.device(), job.trajectory()
    bridge = load(*job.files.bridge(job.molecule, job.number))
    potential = Xtb(trajectory.numbers)
    with job.log.work(TRAINING):
        sections = measure_robustness(
            trajectory, job.molecule, bridge, job.size, job.seed, potential, job.log, device
        )
    write_json(
        job.files.robustness(job.molecule, job.number),
        {
            **job.head,
            "geometries": job.size.geometries_of(len(trajectory.numbers)),
            "gaps": job.size.gaps,
            "sections": sections,
        },
    )


if __name__ == "__main__":
    main(measure, "molecule", "number", "threads")
