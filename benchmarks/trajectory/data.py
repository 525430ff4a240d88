"""Reference motion of one molecule by GFN2-xTB at constant energy."""

from benchmarks.trajectory.job import Job, main
from benchmarks.trajectory.reference.generate import generate
from mechanist.bookkeeping.journal import MD
from mechanist.trajectory.store import save


def generate_motion(job: Job) -> None:
    """Write reference motion of a molecule by GFN2-xTB."""
    temperature = job.config.trajectory.temperature
    with job.log.work(MD):
        motion = generate(job.molecule, job.size.frames, job.seed, temperature)
    total = motion.kinetic() + (motion.energy if motion.energy is not None else 0)
    job.log(
        f"{len(motion)} frames of {job.molecule}, {motion.temperature():.0f} K, standard deviation"
        f" of the total energy {total.std():.3f} kJ/mol"
    )
    save(motion, job.files.data(job.molecule, job.number))


if __name__ == "__main__":
    main(generate_motion, "molecule", "number")
