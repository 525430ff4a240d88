"""Commands about runs: inspect, verify, replay, free energies, guided against uniform selection."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mechanist.cli.job import (
    ConfigOption,
    ResultsArgument,
    ResultsOption,
    RoundOption,
    WorkerOption,
    log,
    open_run,
)
from mechanist.cli.names import run_folder

if TYPE_CHECKING:
    from mechanist.bookkeeping.layout import Layout
    from mechanist.settings.config import Config


def replay(
    round_: RoundOption,
    worker: WorkerOption,
    chain: Annotated[int, typer.Option("--chain", min=0, help="number of the chain")],
    move: Annotated[int, typer.Option("--move", min=0, help="number of the move in its chain")],
    out: Annotated[
        Path | None,
        typer.Option("--out", help="TRR to write; default replay_ROUND_WORKER_CHAIN_MOVE.trr"),
    ] = None,
    config: ConfigOption = "config.yaml",
    results: ResultsOption = None,
) -> None:
    """Regenerate one shot of shots.parquet as a trajectory.

    The frames are written in order of time, whether or not the shot was accepted, and checked
    against the row; mdtraj and VMD open them with system/topology.pdb. The job is repeated up to
    the end of the shot, because the noise of a shot depends on what ran before it. Shots for
    validation (committor-shots) and for rates (excursions) cannot be replayed.
    """
    from mechanist.stages.replay import replay as run

    run(*open_run(config, results), (round_, worker, chain, move), out, log)


def restore(
    results: ResultsArgument,
    out: Annotated[Path, typer.Option("--out", help="audit as JSON; restored paths beside it")],
    tolerance: Annotated[
        float,
        typer.Option("--tolerance", min=0, help="nm, within which 99 % of heavy atoms should lie"),
    ] = 0.02,
    round_: Annotated[
        int | None, typer.Option("--round", min=0, help="round of the job to restore")
    ] = None,
    worker: Annotated[
        int | None, typer.Option("--worker", min=0, help="worker of the job to restore")
    ] = None,
    nearest: Annotated[
        bool, typer.Option("--nearest", help="restore the mean, without thermal noise")
    ] = False,
) -> None:
    """Measure how well paths can be restored from every n-th frame; restore those of one job.

    The paths of the job that --round and --worker name are written as TRR, one after the other.
    """
    from mechanist.bookkeeping.journal import Journal
    from mechanist.bookkeeping.layout import Layout
    from mechanist.errors import MechanistError
    from mechanist.stages.restore import restore as run

    if (round_ is None) != (worker is None):
        raise MechanistError("restore", "--round and --worker belong together")
    job = None if round_ is None or worker is None else (round_, worker)
    run(Layout(run_folder(results)), tolerance, out, Journal(log), job, nearest)


def free_energy(
    along: Annotated[list[str], typer.Option("--along", help="descriptor; once or twice")],
    out: Annotated[
        Path, typer.Option("--out", help="table; the figure is written beside it")
    ] = Path("free_energy.csv"),
    config: ConfigOption = "config.yaml",
    results: ResultsOption = None,
) -> None:
    """Write a table and a figure of the free energy over one or two descriptors."""
    from mechanist.stages.free_energy import free_energy as run

    run(open_run(config, results)[1], along, out, log)


SystemArgument = Annotated[
    str | None, typer.Argument(help="folder below systems/, or a path; default as in the settings")
]
StepsOption = Annotated[
    int | None, typer.Option("--steps", min=1, help="MD steps of each run; default compare.steps")
]


def open_comparison(
    config: str, results: Path | None, system: str | None, **changes: int | None
) -> "tuple[Config, Layout]":
    """Settings and files of a comparison, with values from the command line in place."""
    from mechanist.bookkeeping.layout import Layout
    from mechanist.settings.config import Config
    from mechanist.settings.load import load_config, validate

    plain = load_config(config).model_dump(mode="json")
    plain["compare"] |= {key: value for key, value in changes.items() if value is not None}
    if system is not None and system != plain["system"]:
        # The folder of the settings is that of another system.
        plain |= {"system": system, "results": None}
    settings = validate(Config, plain, "--config")
    return settings, Layout(results or settings.folder)


def compare(
    system: SystemArgument = None,
    seeds: Annotated[
        int | None, typer.Option("--seeds", min=2, help="pairs of runs; default compare.seeds")
    ] = None,
    steps: StepsOption = None,
    config: ConfigOption = "config.yaml",
    results: ResultsOption = None,
) -> None:
    """Compare guided with uniform selection at the same number of MD steps.

    Each seed gives a pair of runs with the same first paths. Pairs of an earlier comparison with
    the same settings are kept. Table, figure and page are written to results/NAME/compare.
    """
    from mechanist.stages.compare import compare as run

    settings, layout = open_comparison(config, results, system, seeds=seeds, steps=steps)
    run(settings, layout, log)


def compare_pair(
    number: Annotated[int, typer.Option("--pair", min=0, help="number of the pair, from 0")],
    system: SystemArgument = None,
    steps: StepsOption = None,
    config: ConfigOption = "config.yaml",
    results: ResultsOption = None,
) -> None:
    """Make one pair of runs of a comparison, also if it is there already."""
    from mechanist.stages.compare_pair import compare_pair as run

    settings, layout = open_comparison(config, results, system, steps=steps)
    run(settings, layout, number, log)


def status(results: ResultsArgument) -> None:
    """Show the rounds of a run as a table."""
    from mechanist.report.status import status as text

    print(text(run_folder(results)))


def seeds(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="NAME...", help="runs of one system, by name or folder"),
    ],
    out: Annotated[Path | None, typer.Option("--out", help="CSV file with the same rows")] = None,
) -> None:
    """Compare the formulas of runs of one system that differ in their seed.

    `set_share` is the share of resamples of a run that chose its descriptors, `loss` the held-out
    loss, `rmse` the error of p_B on fresh shots, and `familiar` the held-out loss of the best
    formula in familiar descriptors.
    """
    from mechanist.bookkeeping.files import write_text
    from mechanist.report.seeds import read_runs, table, text

    found = read_runs([run_folder(name) for name in runs])
    if out is not None:
        write_text(out, table(found))
    print(text(found))


def verify(results: ResultsArgument) -> None:
    """Compare every file of a run with the hash recorded when it was written.

    Damaged, missing, regenerated and extra files are listed, one a line; the exit code is then 1.
    """
    from mechanist.bookkeeping.layout import Layout
    from mechanist.bookkeeping.seal import verify as run

    faults, result = run(Layout(run_folder(results)))
    print("\n".join([*faults, result]))
    if faults:
        raise typer.Exit(1)
