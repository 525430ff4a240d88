"""Stage ``trajectory-forecast``: every forecaster on one trajectory; table T4."""

from mechanist.bookkeeping.files import write_json
from mechanist.bookkeeping.journal import TRAINING, Journal
from mechanist.bookkeeping.layout import TrajectoryFiles
from mechanist.settings.config import Config
from mechanist.stages.trajectory_data import seed_of
from mechanist.stages.trajectory_device import device_of
from mechanist.trajectory.sizes import SIZES
from mechanist.trajectory.store import load
from mechanist.trajectory.superres.store import load as load_bridge


def forecast(
    config: Config,
    files: TrajectoryFiles,
    molecule: str,
    number: int,
    threads: int,
    log: Journal,
) -> None:
    """Write the errors of every forecaster, and our model."""
    from mechanist.trajectory.forecast.setup import setup
    from mechanist.trajectory.forecast.sizes import FORECASTS
    from mechanist.trajectory.forecast.store import save
    from mechanist.trajectory.forecast.table import measure

    device = device_of(threads, log)
    name = config.trajectory.size
    trajectory = load(files.data(molecule, number))
    bridge = load_bridge(files.model(molecule, number), files.model_card(molecule, number))
    blocks = setup(trajectory, SIZES[name], FORECASTS[name])
    with log.work(TRAINING):
        found = measure(blocks, bridge, seed_of(config, number), log, device)
    paths = files.forecaster(molecule, number), files.forecaster_card(molecule, number)
    save(found.model, blocks.task.known, *paths)
    write_json(
        files.forecasts(molecule, number),
        {
            "molecule": molecule,
            "number": number,
            "size": name,
            "spacing": 1000 * trajectory.dt_ps * blocks.task.spacing,
            "rows": found.rows,
            "ablations": found.ablations,
            "rolls": found.rolls,
        },
    )
