"""Stage ``trajectory-robustness``: what super-resolution does with noise, less data, other heat."""

from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import TRAINING, Journal
from mechanist.bookkeeping.layout import TrajectoryFiles
from mechanist.settings.config import Config
from mechanist.stages.trajectory_data import seed_of
from mechanist.stages.trajectory_device import device_of
from mechanist.trajectory.sizes import SIZES
from mechanist.trajectory.store import load
from mechanist.trajectory.superres.store import load as load_bridge
from mechanist.trajectory.xtb import Xtb


def measure(
    config: Config,
    files: TrajectoryFiles,
    molecule: str,
    number: int,
    threads: int,
    log: Journal,
) -> None:
    """Write the errors of some models of table T1 under other conditions."""
    from mechanist.trajectory.superres.robustness import measure_robustness

    device = device_of(threads, log)
    size = SIZES[config.trajectory.size]
    trajectory = load(files.data(molecule, number))
    bridge = load_bridge(files.model(molecule, number), files.model_card(molecule, number))
    with log.work(TRAINING):
        found = measure_robustness(
            trajectory,
            molecule,
            bridge,
            size,
            seed_of(config, number),
            Xtb(trajectory.numbers),
            log,
            device,
        )
    write_json(
        files.robustness(molecule, number),
        {
            "molecule": molecule,
            "number": number,
            "size": config.trajectory.size,
            "geometries": size.geometries_of(len(trajectory.numbers)),
            "gaps": size.gaps,
            "sections": found,
        },
    )
