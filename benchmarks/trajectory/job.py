"""What the steps share: options of the command line, settings, files and trained models.

``python -m benchmarks.trajectory.STEP --help`` lists the options; rules of
``workflow/rules/trajectories.smk`` call the steps.
"""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.trajectory.files import TrajectoryFiles
from benchmarks.trajectory.measure.sizes import SIZES, Size
from mechanist.bookkeeping.journal import Journal
from mechanist.cli.job import log
from mechanist.errors import MechanistError
from mechanist.settings.config import Config
from mechanist.settings.load import load_config
from mechanist.trajectory.store import load
from mechanist.trajectory.trajectory import Trajectory

FOLDER = Path("results/trajectory_models")


@dataclass(frozen=True)
class Job:
    """One call of a step.

    Parameters
    ----------
    config, files
        Settings, and files of the tables.
    log
        Takes a line of text, and counts time by kind of work.
    molecule, number
        Which trajectory, for steps that make or read one.
    system
        A folder with a system.yaml, or a name below systems/, for table T2.
    run
        Folder of a finished run, for table T5.
    threads
        Of torch.
    """

    config: Config
    files: TrajectoryFiles
    log: Journal
    molecule: str = ""
    number: int = 0
    system: str = "alanine_dipeptide"
    run: Path = Path()
    threads: int = 1

    @property
    def seed(self) -> int:
        """Of this trajectory of a molecule, and of the models that learn from it."""
        return 1000 * self.config.seed + self.number

    @property
    def size_name(self) -> str:
        """Size of data and networks, by its name in the settings."""
        return self.config.trajectory.size

    @property
    def size(self) -> Size:
        """Amounts of table T1, whose blocks of time all tables use."""
        return SIZES[self.size_name]

    @property
    def head(self) -> Mapping[str, Any]:
        """What a record begins with."""
        return {"molecule": self.molecule, "number": self.number, "size": self.size_name}

    def device(self) -> str:
        """Load torch and set its threads; the device that it trains on."""
        self.log.load("torch")
        import torch

        torch.set_num_threads(self.threads)
        return "cuda" if torch.cuda.is_available() else "cpu"

    def trajectory(self) -> Trajectory:
        """Reference motion."""
        return load(self.files.data(self.molecule, self.number))


def main(step: Callable[[Job], None], *options: str) -> None:
    """Run a step with the options of the command line; a fault ends in one line.

    ``options`` name what the step needs of molecule, number, system, run and threads.
    """
    parser = argparse.ArgumentParser(description=step.__doc__)
    for name in options:
        kind = {"number": int, "threads": int, "run": Path}.get(name, str)
        parser.add_argument(f"--{name}", type=kind, required=name != "threads", default=1)
    parser.add_argument("--config", default="config.yaml", help="YAML file, or JSON")
    parser.add_argument("--results", type=Path, default=FOLDER, help="folder of the tables")
    given = parser.parse_args()
    try:
        config, files = load_config(given.config), TrajectoryFiles(given.results)
        step(Job(config, files, Journal(log), **{name: getattr(given, name) for name in options}))
    except MechanistError as error:
        print(f"{'benchmarks.trajectory'}: error: {error}", file=sys.stderr)
        sys.exit(2)
