"""Stage ``trajectory-data``: reference motion of one molecule by GFN2-xTB at constant energy."""

from mechanist.bookkeeping.journal import MD, Journal
from mechanist.bookkeeping.layout import TrajectoryFiles
from mechanist.settings.config import Config
from mechanist.trajectory.generate import generate
from mechanist.trajectory.sizes import SIZES
from mechanist.trajectory.store import save


def make(config: Config, files: TrajectoryFiles, molecule: str, number: int, log: Journal) -> None:
    """Write one trajectory."""
    size = SIZES[config.trajectory.size]
    temperature = config.trajectory.temperature
    with log.work(MD):
        made = generate(molecule, size.frames, seed_of(config, number), temperature)
    total = made.kinetic() + (made.energy if made.energy is not None else 0)
    log(
        f"{len(made)} frames of {molecule}, {made.temperature():.0f} K, total energy spreads by"
        f" {total.std():.3f} kJ/mol"
    )
    save(made, files.data(molecule, number))


def seed_of(config: Config, number: int) -> int:
    """Seed of one trajectory of a molecule, and of what learns from it."""
    return 1000 * config.seed + number
