"""Table T3: propagators on one trajectory."""

import numpy as np

from benchmarks.trajectory.job import Job, main
from benchmarks.trajectory.measure.sizes import GAPS
from benchmarks.trajectory.names import GICNET, SPACETIME
from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import MD, TRAINING
from mechanist.systems.forces.xtb import Xtb
from mechanist.trajectory.dataset import by_time


def propagate(job: Job) -> None:
    """Test propagators on one trajectory."""
    from benchmarks.trajectory.measure.diatomics import phase_errors
    from benchmarks.trajectory.measure.long import long_motion
    from benchmarks.trajectory.measure.propagator import measure
    from benchmarks.trajectory.measure.propagator_sizes import PROPAGATOR_SIZES
    from benchmarks.trajectory.models.published import published
    from benchmarks.trajectory.reference.dipoles import xtb_dipoles
    from mechanist.trajectory.propagator.gicnet_learn import learn_gicnet, taylor
    from mechanist.trajectory.propagator.learned import motion_of
    from mechanist.trajectory.superres.store import load

    device, trajectory = job.device(), job.trajectory()
    size = PROPAGATOR_SIZES[job.size_name]
    bridge = load(*job.files.bridge(job.molecule, job.number))
    motion = motion_of(bridge, trajectory.dt_ps)
    dataset = by_time(trajectory, max(GAPS) + 2, job.size.validate, job.size.test)
    with job.log.work(TRAINING):
        blocks = dataset.train, dataset.validate
        networks = {
            name: learn_gicnet(*blocks, size.gicnet, job.seed, device, make)
            for name, make in ((SPACETIME, taylor), (GICNET, published))
        }
    potential, dipoles = Xtb(trajectory.numbers), xtb_dipoles(trajectory.numbers)
    record = measure(dataset, motion, networks, potential, size)
    job.log(f"steps per second of processor time: {record['speed']}")
    with job.log.work(MD):
        rng = np.random.default_rng(job.seed)
        record |= long_motion(
            trajectory, dataset.test, motion, networks, potential, dipoles, size, rng
        )
    record |= {"parameters": {name: net.parameters for name, net in networks.items()}}
    record |= {"step_fs": 1e3 * motion.step_ps}
    record |= {"diatomics": phase_errors(job.number)}
    write_json(job.files.propagator(job.molecule, job.number), record | dict(job.head))


if __name__ == "__main__":
    main(propagate, "molecule", "number", "threads")
