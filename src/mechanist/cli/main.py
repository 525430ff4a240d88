"""Command line: what every rule of the workflow calls, usable by hand stage by stage."""

import sys

import typer

from mechanist.cli import run_commands
from mechanist.cli.job import (
    STOPPED,
    ByOption,
    ConfigOption,
    LastOption,
    ResultsOption,
    RoundOption,
    SetupOption,
    ThreadsOption,
    WorkerOption,
    job,
    log,
    say,
)
from mechanist.cli.system_commands import check, new
from mechanist.trajectory import commands as cli_trajectory

app = typer.Typer(
    help="Why does A turn into B? Transition path sampling that ends in a formula.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


@app.command()
def prepare(config: ConfigOption = "config.yaml", results: ResultsOption = None) -> None:
    """Build the system: forces, starting structure, states."""
    from mechanist.formula.search.engines import require
    from mechanist.stages.prepare import prepare as run

    with job("prepare", config, results) as (settings, layout, _):
        require(settings.formula.backend)
        run(settings, layout, log)


@app.command()
def describe(config: ConfigOption = "config.yaml", results: ResultsOption = None) -> None:
    """List the descriptors that networks and formulas see."""
    from mechanist.stages.describe import describe as run

    with job("describe", config, results) as (settings, layout, _):
        run(settings, layout)


@app.command("formula-inputs")
def formula_inputs(config: ConfigOption = "config.yaml", results: ResultsOption = None) -> None:
    """List the descriptors that formulas may use beside the inputs."""
    from mechanist.stages.formula_inputs import formula_inputs as run

    with job("formula-inputs", config, results) as (settings, layout, _):
        run(settings, layout)


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
    round_: RoundOption,
    config: ConfigOption = "config.yaml",
    results: ResultsOption = None,
    setup: SetupOption = "",
) -> None:
    """Test one round for convergence."""
    from mechanist.stages.assess import assess_round

    with job("assess", config, results, round_) as (settings, layout, journal):
        assess_round(settings, layout, round_, journal, setup)


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


app.command()(run_commands.replay)
app.command("free-energy")(run_commands.free_energy)
app.command()(run_commands.compare)
app.command("compare-pair")(run_commands.compare_pair)
app.command("trajectory-data")(cli_trajectory.trajectory_data)
app.command("trajectory-learn")(cli_trajectory.trajectory_learn)
app.command("trajectory-openmm")(cli_trajectory.trajectory_openmm)
app.command("trajectory-robustness")(cli_trajectory.trajectory_robustness)
app.command("trajectory-propagate")(cli_trajectory.trajectory_propagate)
app.command("trajectory-attribute")(cli_trajectory.trajectory_attribute)
app.command("trajectory-forecast")(cli_trajectory.trajectory_forecast)
app.command("trajectory-paths")(cli_trajectory.trajectory_paths)
app.command("trajectory-tables")(cli_trajectory.trajectory_tables)
app.command()(cli_trajectory.restore)
app.command()(run_commands.status)
app.command()(run_commands.verify)
app.command()(run_commands.doctor)
app.command()(new)
app.command()(check)


def main() -> None:
    """Entry point: a fault in the input ends in one line, not in a traceback."""
    from mechanist.errors import Interrupted, MechanistError

    try:
        app()
    except Interrupted as stop:
        say(f"mechanist: {stop}")
        sys.exit(STOPPED)
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
