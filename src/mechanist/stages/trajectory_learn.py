"""Stage ``trajectory-learn``: every model of super-resolution on one trajectory."""

from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import TRAINING, Journal
from mechanist.bookkeeping.layout import TrajectoryFiles
from mechanist.settings.config import Config
from mechanist.stages.trajectory_data import seed_of
from mechanist.stages.trajectory_device import device_of
from mechanist.trajectory.molecules import molecule as molecule_of
from mechanist.trajectory.sizes import SIZES
from mechanist.trajectory.store import load


def learn(
    config: Config,
    files: TrajectoryFiles,
    molecule: str,
    number: int,
    threads: int,
    log: Journal,
) -> None:
    """Write the errors of every model, and our model."""
    from mechanist.trajectory.superres.examples import examples
    from mechanist.trajectory.superres.store import save
    from mechanist.trajectory.superres.table import measure

    device = device_of(threads, log)
    size = SIZES[config.trajectory.size]
    trajectory = load(files.data(molecule, number))
    orders = molecule_of(molecule).permutations
    with log.work(TRAINING):
        rows, bridge = measure(trajectory, orders, size, seed_of(config, number), log, device)
        shown = examples(trajectory, bridge, size)
    save(bridge, files.model(molecule, number), files.model_card(molecule, number))
    write_json(
        files.errors(molecule, number),
        {
            "molecule": molecule,
            "number": number,
            "size": config.trajectory.size,
            "frames": len(trajectory),
            "temperature": trajectory.temperature(),
            "rows": rows,
            "examples": shown,
        },
    )
