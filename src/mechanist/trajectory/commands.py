"""Commands of the learned trajectory models."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mechanist.cli.job import ConfigOption, ThreadsOption, log

if TYPE_CHECKING:
    from mechanist.bookkeeping.layout import TrajectoryFiles
    from mechanist.settings.config import Config

MoleculeOption = Annotated[str, typer.Option("--molecule", help="one of trajectory.molecules")]
NumberOption = Annotated[int, typer.Option("--number", min=0, help="of the trajectory, from 0")]
FolderOption = Annotated[Path, typer.Option("--results", help="folder of the tables")]
SystemOption = Annotated[
    str, typer.Option("--system", help="a folder with a system.yaml, or a name below systems/")
]
FOLDER = Path("results/trajectory_models")


def opened(config: str, folder: Path) -> "tuple[Config, TrajectoryFiles]":
    """Settings and files of the tables."""
    from mechanist.bookkeeping.layout import TrajectoryFiles
    from mechanist.settings.load import load_config

    return load_config(config), TrajectoryFiles(folder)


def trajectory_data(
    molecule: MoleculeOption,
    number: NumberOption,
    config: ConfigOption = "config.yaml",
    results: FolderOption = FOLDER,
) -> None:
    """Make reference motion of a molecule by GFN2-xTB; needs the extra xtb."""
    from mechanist.bookkeeping.journal import Journal
    from mechanist.stages.trajectory_data import make

    make(*opened(config, results), molecule, number, Journal(log))


def trajectory_learn(
    molecule: MoleculeOption,
    number: NumberOption,
    config: ConfigOption = "config.yaml",
    results: FolderOption = FOLDER,
    threads: ThreadsOption = 1,
) -> None:
    """Learn and test every model of super-resolution on one trajectory."""
    from mechanist.bookkeeping.journal import Journal
    from mechanist.stages.trajectory_learn import learn

    learn(*opened(config, results), molecule, number, threads, Journal(log))


def trajectory_openmm(
    number: NumberOption,
    system: SystemOption = "alanine_dipeptide",
    config: ConfigOption = "config.yaml",
    results: FolderOption = FOLDER,
) -> None:
    """Test super-resolution on motion by OpenMM: NVE, Langevin, and with rigid bonds."""
    from mechanist.bookkeeping.journal import Journal
    from mechanist.settings.load import find_system
    from mechanist.stages.trajectory_openmm import compare

    folder = find_system(system, Path.cwd())
    compare(*opened(config, results), folder, number, Journal(log))


def trajectory_robustness(
    molecule: MoleculeOption,
    number: NumberOption,
    config: ConfigOption = "config.yaml",
    results: FolderOption = FOLDER,
    threads: ThreadsOption = 1,
) -> None:
    """Test super-resolution with noise, less data, other temperatures; needs the extra xtb."""
    from mechanist.bookkeeping.journal import Journal
    from mechanist.stages.trajectory_robustness import measure

    measure(*opened(config, results), molecule, number, threads, Journal(log))


def trajectory_propagate(
    molecule: MoleculeOption,
    number: NumberOption,
    config: ConfigOption = "config.yaml",
    results: FolderOption = FOLDER,
    threads: ThreadsOption = 1,
) -> None:
    """Test the 4-D propagators on one trajectory; needs the extra xtb."""
    from mechanist.bookkeeping.journal import Journal
    from mechanist.stages.trajectory_propagate import propagate

    propagate(*opened(config, results), molecule, number, threads, Journal(log))


def trajectory_attribute(
    config: ConfigOption = "config.yaml",
    results: FolderOption = FOLDER,
    threads: ThreadsOption = 1,
) -> None:
    """Find what turns the CNNC dihedral of azobenzene; needs the extra xtb."""
    from mechanist.bookkeeping.journal import Journal
    from mechanist.stages.trajectory_propagate import attribute

    attribute(*opened(config, results), threads, Journal(log))


def trajectory_forecast(
    molecule: MoleculeOption,
    number: NumberOption,
    config: ConfigOption = "config.yaml",
    results: FolderOption = FOLDER,
    threads: ThreadsOption = 1,
) -> None:
    """Learn and test every forecaster on one trajectory; trajectory-learn comes before."""
    from mechanist.bookkeeping.journal import Journal
    from mechanist.stages.trajectory_forecast import forecast

    forecast(*opened(config, results), molecule, number, threads, Journal(log))


def trajectory_paths(
    run: Annotated[Path, typer.Argument(help="folder of a finished run")],
    results: FolderOption = FOLDER,
) -> None:
    """Restore paths of a run for table T5."""
    from mechanist.bookkeeping.journal import Journal
    from mechanist.bookkeeping.layout import Layout, TrajectoryFiles
    from mechanist.stages.trajectory_paths import measure

    measure(Layout(run), TrajectoryFiles(results), Journal(log))


def trajectory_tables(config: ConfigOption = "config.yaml", results: FolderOption = FOLDER) -> None:
    """Write tables and figures over all trajectories."""
    from mechanist.bookkeeping.journal import Journal
    from mechanist.stages.trajectory_tables import write

    write(*opened(config, results), Journal(log))


def restore(
    results: Annotated[Path, typer.Argument(help="folder of a run")],
    out: Annotated[Path, typer.Option("--out", help="audit as JSON; restored paths beside it")],
    tolerance: Annotated[
        float, typer.Option("--tolerance", min=0, help="of heavy atoms, 99 % within, in nm")
    ] = 0.02,
    round_: Annotated[int | None, typer.Option("--round", min=0, help="whose paths")] = None,
    worker: Annotated[int | None, typer.Option("--worker", min=0, help="whose paths")] = None,
    nearest: Annotated[
        bool, typer.Option("--nearest", help="smooth frames, without what only noise decides")
    ] = False,
) -> None:
    """Measure how well paths stored every so many-th frame can be restored; restore one job's.

    The frames of the job that --round and --worker name are written as TRR, path after path.
    """
    from mechanist.bookkeeping.journal import Journal
    from mechanist.bookkeeping.layout import Layout
    from mechanist.errors import MechanistError
    from mechanist.stages.restore import audit_run

    if (round_ is None) != (worker is None):
        raise MechanistError("restore", "--round and --worker belong together")
    job = None if round_ is None or worker is None else (round_, worker)
    audit_run(Layout(results), tolerance, out, Journal(log), job, nearest)


COMMANDS = (
    trajectory_data,
    trajectory_learn,
    trajectory_openmm,
    trajectory_robustness,
    trajectory_propagate,
    trajectory_attribute,
    trajectory_forecast,
    trajectory_paths,
    trajectory_tables,
)
