"""Command line: what every rule of the workflow calls, usable by hand stage by stage."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from mechanist.journal import Journal
    from mechanist.layout import Layout
    from mechanist.settings.config import Config

app = typer.Typer(
    help="Why does A turn into B? Transition path sampling that ends in a formula.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

ConfigOption = Annotated[
    str, typer.Option("--config", help="settings: a YAML file, or JSON that starts with a brace")
]
ResultsOption = Annotated[
    Path | None, typer.Option("--results", help="folder of the run; default results/SYSTEM")
]
RoundOption = Annotated[int, typer.Option("--round", min=0, help="number of the round, from 0")]
LastOption = Annotated[int, typer.Option("--last", min=0, help="number of the last round")]
WorkerOption = Annotated[int, typer.Option("--worker", min=0, help="number of the job, from 0")]
ByOption = Annotated[
    Literal["network", "formula"], typer.Option("--by", help="what has chosen the points")
]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, help="CPU threads to use")]


def log(text: str) -> None:
    """Print a line with the time of day to standard error."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def open_run(config: str, results: Path | None) -> "tuple[Config, Layout]":
    """Settings and files of a run."""
    from mechanist.layout import Layout
    from mechanist.settings.load import load_config

    settings = load_config(config)
    return settings, Layout(results or Path("results") / Path(settings.system).name)


@contextmanager
def job(
    name: str, config: str, results: Path | None, *numbers: int, threads: int = 1
) -> Iterator["tuple[Config, Layout, Journal]"]:
    """Settings, files and journal of a job; at its end it is written where its time has gone.

    The file has the name of Snakemake's benchmark of the job. The run does without it, so that a
    full disk is no fault of the job.
    """
    from mechanist.files import write_json
    from mechanist.journal import Journal

    settings, layout = open_run(config, results)
    journal = Journal(log)
    yield settings, layout, journal
    file = layout.times("_".join([name, *(f"{number:03d}" for number in numbers)]))
    try:
        write_json(file, journal.times() | {"threads": threads})
    except OSError as error:
        log(f"{file}: not written, so that the report lacks the times of this job: {error}")


@app.command()
def prepare(config: ConfigOption = "config.yaml", results: ResultsOption = None) -> None:
    """Build the system: forces, starting structure, states."""
    from mechanist.formula.engines import require
    from mechanist.stages.prepare import prepare as run

    with job("prepare", config, results) as (settings, layout, _):
        require(settings.formula.backend)
        run(settings.system, layout)


@app.command()
def describe(config: ConfigOption = "config.yaml", results: ResultsOption = None) -> None:
    """List the descriptors that networks and formulas see."""
    from mechanist.stages.prepare import describe as run

    with job("describe", config, results) as (settings, layout, _):
        run(settings.system, layout)


@app.command("formula-inputs")
def formula_inputs(config: ConfigOption = "config.yaml", results: ResultsOption = None) -> None:
    """List the descriptors that formulas may use beside the inputs."""
    from mechanist.stages.prepare import describe_formula_inputs as run

    with job("formula-inputs", config, results) as (settings, layout, _):
        run(settings.system, layout)


@app.command()
def initial(config: ConfigOption = "config.yaml", results: ResultsOption = None) -> None:
    """Find the first transition paths."""
    from mechanist.stages.initial import initial as run

    with job("initial", config, results) as (settings, layout, journal):
        run(settings, layout, journal)


@app.command()
def shoot(
    round_: RoundOption,
    worker: WorkerOption,
    config: ConfigOption = "config.yaml",
    results: ResultsOption = None,
) -> None:
    """Make the shots of one job of one round."""
    from mechanist.stages.shoot import shoot_round

    with job("shoot", config, results, round_, worker) as (settings, layout, journal):
        shoot_round(settings, layout, round_, worker, journal)


@app.command()
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


@app.command()
def learn(
    round_: RoundOption,
    config: ConfigOption = "config.yaml",
    results: ResultsOption = None,
    threads: ThreadsOption = 1,
) -> None:
    """Train the committor model of one round on all shots so far."""
    from mechanist.stages.learn import learn as run

    with job("learn", config, results, round_, threads=threads) as (settings, layout, journal):
        run(settings, layout, round_, threads, journal)


@app.command()
def assess(
    round_: RoundOption, config: ConfigOption = "config.yaml", results: ResultsOption = None
) -> None:
    """Test one round for convergence."""
    from mechanist.stages.assess import assess_round

    with job("assess", config, results, round_) as (settings, layout, journal):
        assess_round(settings, layout, round_, journal)


@app.command()
def collect(
    last: LastOption, config: ConfigOption = "config.yaml", results: ResultsOption = None
) -> None:
    """Put all shots, transition paths and the last model in one place."""
    from mechanist.stages.collect import collect as run

    with job("collect", config, results) as (settings, layout, _):
        run(settings, layout, last)


@app.command()
def relevance(
    last: LastOption, config: ConfigOption = "config.yaml", results: ResultsOption = None
) -> None:
    """Rank the inputs by importance."""
    from mechanist.stages.distil import rank_inputs

    with job("relevance", config, results) as (settings, layout, journal):
        rank_inputs(settings, layout, last, journal)


@app.command()
def distil(
    last: LastOption,
    config: ConfigOption = "config.yaml",
    results: ResultsOption = None,
    threads: ThreadsOption = 1,
) -> None:
    """Find the formula."""
    from mechanist.stages.distil import make_formula

    with job("distil", config, results, threads=threads) as (settings, layout, journal):
        make_formula(settings, layout, last, threads, journal)


@app.command()
def points(
    last: LastOption,
    by: ByOption = "network",
    config: ConfigOption = "config.yaml",
    results: ResultsOption = None,
) -> None:
    """Choose points for fresh committor shots."""
    from mechanist.stages.points import choose

    with job(f"points-{by}", config, results) as (settings, layout, journal):
        choose(settings, layout, by, last, journal)


@app.command("committor-shots")
def committor_shots(
    worker: WorkerOption,
    by: ByOption = "network",
    config: ConfigOption = "config.yaml",
    results: ResultsOption = None,
) -> None:
    """Make the fresh committor shots of one job."""
    from mechanist.stages.points import shoot_points

    with job(f"committor-shots-{by}", config, results, worker) as (settings, layout, journal):
        shoot_points(settings, layout, by, worker, journal)


@app.command()
def validate(config: ConfigOption = "config.yaml", results: ResultsOption = None) -> None:
    """Judge network and formula by the fresh committor shots."""
    from mechanist.stages.validate import validate as run

    with job("validate", config, results) as (settings, layout, journal):
        run(settings, layout, journal)


@app.command()
def equilibrium(
    worker: WorkerOption, config: ConfigOption = "config.yaml", results: ResultsOption = None
) -> None:
    """Make the equilibrium runs of one job, in both states."""
    from mechanist.stages.equilibrium import equilibrium as run

    with job("equilibrium", config, results, worker) as (settings, layout, journal):
        run(settings, layout, worker, journal)


@app.command()
def windows(
    last: LastOption,
    config: ConfigOption = "config.yaml",
    results: ResultsOption = None,
    threads: ThreadsOption = 1,
) -> None:
    """Spread windows along q for the excursions."""
    from mechanist.stages.windows import spread_windows

    with job("windows", config, results, threads=threads) as (settings, layout, journal):
        spread_windows(settings, layout, last, threads, journal)


@app.command()
def excursions(
    worker: WorkerOption, config: ConfigOption = "config.yaml", results: ResultsOption = None
) -> None:
    """Make the excursions of one job, from A to B and back."""
    from mechanist.stages.excursions import make_excursions

    with job("excursions", config, results, worker) as (settings, layout, journal):
        make_excursions(settings, layout, worker, journal)


@app.command()
def kinetics(
    last: LastOption, config: ConfigOption = "config.yaml", results: ResultsOption = None
) -> None:
    """Compute rates and free energies."""
    from mechanist.stages.kinetics import kinetics as run

    with job("kinetics", config, results) as (settings, layout, journal):
        run(settings, layout, last, journal)


@app.command("free-energy")
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


@app.command()
def report(
    last: LastOption,
    config: ConfigOption = "config.yaml",
    results: ResultsOption = None,
) -> None:
    """Write summary.json, summary.md and report.html."""
    from mechanist.stages.report import report as run

    with job("report", config, results) as (settings, layout, journal):
        run(settings, layout, last, journal)


@app.command()
def seal(config: ConfigOption = "config.yaml", results: ResultsOption = None) -> None:
    """Write manifest.json: the hash of every file of the run. The last stage."""
    from mechanist.stages.seal import seal as run

    with job("seal", config, results) as (_, layout, journal):
        run(layout, journal)


@app.command()
def verify(results: Annotated[Path, typer.Argument(help="folder of a run")]) -> None:
    """Compare every file of a run with the hash that was kept when it was written.

    Damaged, missing, changed and extra files are named one a line; then the exit code is 1.
    """
    from mechanist.layout import Layout
    from mechanist.stages.seal import verify as run

    faults, words = run(Layout(results))
    for fault in faults:
        print(fault)
    print(words)
    if faults:
        sys.exit(1)


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
    from mechanist.layout import Layout
    from mechanist.settings.config import Config
    from mechanist.settings.load import load_config, validate

    plain = load_config(config).model_dump(mode="json")
    plain["compare"] |= {key: value for key, value in changes.items() if value is not None}
    plain["system"] = system or plain["system"]
    settings = validate(Config, plain, "--config")
    return settings, Layout(results or Path("results") / Path(settings.system).name)


@app.command()
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


@app.command("compare-pair")
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


@app.command()
def status(results: Annotated[Path, typer.Argument(help="folder of a run")]) -> None:
    """Show the rounds of a run as a table."""
    from mechanist.report.status import status as table

    print(table(results))


@app.command()
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


def main() -> None:
    """Entry point: a fault in the input ends in one line, not in a traceback."""
    from mechanist.errors import MechanistError

    try:
        app()
    except MechanistError as error:
        print(f"mechanist: error: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        if error.filename is None and error.errno is None:
            raise
        print(f"mechanist: error: {error.filename}: {error.strerror}", file=sys.stderr)
        sys.exit(2)
    except MemoryError:
        print("mechanist: error: memory: there is not enough of it", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
