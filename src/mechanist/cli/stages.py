"""Commands of the workflow: each is called by the rule of the same name."""

from mechanist.cli.job import (
    ByOption,
    Job,
    LastOption,
    RoundOption,
    SetupOption,
    ThreadsOption,
    WorkerOption,
    stage,
)


@stage
def prepare(job: Job) -> None:
    """Build the system: forces, starting structure, states."""
    from mechanist.formula.search.engines import require
    from mechanist.stages.prepare import prepare as run

    require(job.config.formula.backend)
    run(job.config, job.layout, job.journal)


@stage
def describe(job: Job) -> None:
    """List the descriptors that networks and formulas take as input."""
    from mechanist.stages.describe import describe as run

    run(job.config, job.layout)


@stage
def formula_inputs(job: Job) -> None:
    """List the further descriptors that formulas may use."""
    from mechanist.stages.formula_inputs import formula_inputs as run

    run(job.config, job.layout)


@stage
def initial(job: Job) -> None:
    """Find the first transition paths."""
    from mechanist.stages.initial import initial as run

    run(job.config, job.layout, job.journal)


@stage
def shoot(job: Job, round_: RoundOption, worker: WorkerOption) -> None:
    """Shoot: the chains of one job in one round."""
    from mechanist.stages.shoot import shoot as run

    run(job.config, job.layout, round_, worker, job.journal)


@stage
def learn(job: Job, round_: RoundOption, threads: ThreadsOption = 1) -> None:
    """Train the committor model of one round on all shots so far."""
    from mechanist.stages.learn import learn as run

    run(job.config, job.layout, round_, threads, job.journal)


@stage
def assess(job: Job, round_: RoundOption, setup: SetupOption = "") -> None:
    """Test for convergence after one round."""
    from mechanist.stages.assess import assess as run

    run(job.config, job.layout, round_, job.journal, setup)


@stage
def collect(job: Job, last: LastOption) -> None:
    """Collect all shots, all transition paths and the last model."""
    from mechanist.stages.collect import collect as run

    run(job.config, job.layout, last)


@stage
def relevance(job: Job, last: LastOption) -> None:
    """Rank the inputs by relevance."""
    from mechanist.stages.relevance import relevance as run

    run(job.config, job.layout, last, job.journal)


@stage
def distil(job: Job, last: LastOption, threads: ThreadsOption = 1) -> None:
    """Express q(x) as a formula."""
    from mechanist.stages.distil import distil as run

    run(job.config, job.layout, last, threads, job.journal)


@stage
def points(job: Job, last: LastOption, by: ByOption = "network") -> None:
    """Choose points for fresh committor shots."""
    from mechanist.stages.points import points as run

    run(job.config, job.layout, by, last, job.journal)


@stage
def committor_shots(job: Job, worker: WorkerOption, by: ByOption = "network") -> None:
    """Make the fresh committor shots of one job."""
    from mechanist.stages.committor_shots import committor_shots as run

    run(job.config, job.layout, by, worker, job.journal)


@stage
def validate(job: Job) -> None:
    """Validate network and formula with the fresh shots."""
    from mechanist.stages.validate import validate as run

    run(job.config, job.layout, job.journal)


@stage
def equilibrium(job: Job, worker: WorkerOption) -> None:
    """Make the equilibrium runs of one job, in both states."""
    from mechanist.stages.equilibrium import equilibrium as run

    run(job.config, job.layout, worker, job.journal)


@stage
def windows(job: Job, last: LastOption, threads: ThreadsOption = 1) -> None:
    """Place windows along q for the excursions."""
    from mechanist.stages.windows import windows as run

    run(job.config, job.layout, last, threads, job.journal)


@stage
def excursions(job: Job, worker: WorkerOption) -> None:
    """Shoot the excursions of one job, spread over the windows."""
    from mechanist.stages.excursions import excursions as run

    run(job.config, job.layout, worker, job.journal)


@stage
def kinetics(job: Job, last: LastOption) -> None:
    """Compute rates and free energies."""
    from mechanist.stages.kinetics import kinetics as run

    run(job.config, job.layout, last, job.journal)


@stage
def report(job: Job, last: LastOption) -> None:
    """Write summary.json, summary.md and report.html."""
    from mechanist.stages.report import report as run

    run(job.config, job.layout, last, job.journal)


@stage
def seal(job: Job) -> None:
    """Write manifest.json: the hash of every file of the run."""
    from mechanist.stages.seal import seal as run

    run(job.layout, job.journal)


COMMANDS = (
    *(prepare, describe, formula_inputs, initial, shoot, learn, assess, collect),
    *(relevance, distil, points, committor_shots, validate),
    *(equilibrium, windows, excursions, kinetics, report, seal),
)
