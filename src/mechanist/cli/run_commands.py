"""Commands beside the workflow: look at a run, ask it more, compare selections, try the machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mechanist.cli.job import (
    ConfigOption,
    ResultsOption,
    RoundOption,
    WorkerOption,
    log,
    open_run,
)

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
    """Make one shot of shots.parquet again, as a trajectory.

    Its frames are written in the order of time, also those of a shot that was not accepted, and
    checked against the row. mdtraj and VMD open them with system/topology.pdb. The job of the shot
    is done again up to its end, because the noise of a shot follows from what ran before it. Shots
    for the proof (committor-shots) and for the rates (excursions) cannot be replayed.
    """
    from mechanist.stages.replay import replay as run

    run(*open_run(config, results), (round_, worker, chain, move), out, log)


def free_energy(
    along: Annotated[list[str], typer.Option("--along", help="descriptor; once or twice")],
    out: Annotated[Path, typer.Option("--out", help="table; the figure lies beside it")] = Path(
        "free_energy.csv"
    ),
    config: ConfigOption = "config.yaml",
    results: ResultsOption = None,
) -> None:
    """Table and figure of the free energy over one or two descriptors."""
    from mechanist.stages.landscape import free_energy as run

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
    """Settings and files of a comparison, with what the command line says in place."""
    from mechanist.bookkeeping.layout import Layout
    from mechanist.settings.config import Config
    from mechanist.settings.load import load_config, validate

    plain = load_config(config).model_dump(mode="json")
    plain["compare"] |= {key: value for key, value in changes.items() if value is not None}
    plain["system"] = system or plain["system"]
    settings = validate(Config, plain, "--config")
    return settings, Layout(results or Path("results") / Path(settings.system).name)


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

    Each seed gives a pair of runs with the same first paths. Pairs that were made with the same
    settings are kept. Table, figure and page are in results/SYSTEM/compare.
    """
    from mechanist.stages.compare import compare as run

    run(*open_comparison(config, results, system, seeds=seeds, steps=steps), log)


def compare_pair(
    number: Annotated[int, typer.Option("--pair", min=0, help="number of the pair, from 0")],
    system: SystemArgument = None,
    steps: StepsOption = None,
    config: ConfigOption = "config.yaml",
    results: ResultsOption = None,
) -> None:
    """Make one pair of runs of a comparison anew."""
    from mechanist.stages.compare import compare_pair as run

    run(*open_comparison(config, results, system, steps=steps), number, log)


def status(results: Annotated[Path, typer.Argument(help="folder of a run")]) -> None:
    """Show the rounds of a run as a table."""
    from mechanist.report.status import status as table

    print(table(results))


def verify(results: Annotated[Path, typer.Argument(help="folder of a run")]) -> None:
    """Compare every file of a run with the hash that was kept when it was written.

    Damaged, missing, changed and extra files are named one a line; then the exit code is 1.
    """
    from mechanist.bookkeeping.layout import Layout
    from mechanist.bookkeeping.seal import verify as run

    faults, words = run(Layout(results))
    for fault in faults:
        print(fault)
    print(words)
    if faults:
        raise typer.Exit(1)


def doctor(
    system: Annotated[str, typer.Argument(help="system to time")] = "alanine_dipeptide",
    install_pysr: Annotated[
        bool, typer.Option("--install-pysr", help="install PySR with Julia, try it, and stop")
    ] = False,
) -> None:
    """Show platforms with their measured speed, GPU, PySR and versions."""
    if install_pysr:
        from mechanist.stages.install_pysr import install_pysr as install

        install(log)
        return
    from mechanist.stages.doctor import doctor as examine

    print(examine(system))
