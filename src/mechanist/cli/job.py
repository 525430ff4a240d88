"""What commands share: options, the settings and files of a run, and the journal of a job."""

import inspect
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from mechanist.cli.names import complete_run

if TYPE_CHECKING:
    from mechanist.bookkeeping.journal import Journal
    from mechanist.bookkeeping.layout import Layout
    from mechanist.settings.config import Config

ConfigOption = Annotated[
    str, typer.Option("--config", help="settings: a YAML file, or JSON that starts with a brace")
]
ResultsOption = Annotated[
    Path | None, typer.Option("--results", help="folder of the run; default: as in the settings")
]
ResultsArgument = Annotated[
    Path,
    typer.Argument(
        metavar="NAME",
        help="run: its name below results/, or its folder",
        autocompletion=complete_run,
    ),
]
RoundOption = Annotated[int, typer.Option("--round", min=0, help="number of the round, from 0")]
LastOption = Annotated[int, typer.Option("--last", min=0, help="number of the last round")]
WorkerOption = Annotated[int, typer.Option("--worker", min=0, help="number of the job, from 0")]
ByOption = Annotated[
    Literal["network", "formula"], typer.Option("--by", help="model that chooses the points")
]
SetupOption = Annotated[
    str, typer.Option("--setup", help="hash of all inputs of the rounds, to be recorded")
]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, help="CPU threads to use")]


STOPPED = 75
"""Exit status of a job that was stopped and can be resumed: EX_TEMPFAIL of sysexits.h."""


def log(text: str) -> None:
    """Print a line with the time of day to standard error."""
    say(f"[{time.strftime('%H:%M:%S')}] {text}")


def say(line: str) -> None:
    """Print a line to standard error; carry on if the pipe is closed.

    A batch system that stops a job may end the reader of its log first.
    """
    try:
        # In one piece, as other jobs write to the same terminal.
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def open_run(config: str, results: Path | None) -> "tuple[Config, Layout]":
    """Settings and files of a run."""
    settings, layout, _ = _opened(config, results, "")
    return settings, layout


def _opened(config: str, results: Path | None, job: str) -> "tuple[Config, Layout, str | None]":
    """Settings in force, files of the run, and a line if a slow force law makes a job smaller."""
    from mechanist.bookkeeping.layout import Layout
    from mechanist.settings.load import load_config
    from mechanist.settings.sizes import JOBS, measured_step, sized, sizes_line

    settings = load_config(config)
    layout = Layout(results or settings.folder)
    seconds = measured_step(layout.dynamics)
    if seconds is None:
        return settings, layout, None
    line = sizes_line(settings, seconds, JOBS.get(job.partition("_")[0], ()))
    return sized(settings, seconds), layout, line


@dataclass(frozen=True)
class Job:
    """Settings, files and journal of a job."""

    config: "Config"
    layout: "Layout"
    journal: "Journal"


def stage(function: Callable[..., None]) -> Callable[..., None]:
    """Make a command of a function whose first argument is a `Job`.

    The command has the options ``--config`` and ``--results``, from which the job is opened, beside
    those of the function. Its times are written to the benchmarks folder under the name of
    Snakemake's benchmark: command, model, round and worker.
    """
    signature = inspect.signature(function)
    name = function.__name__.replace("_", "-")

    @wraps(function)
    def command(config: str, results: Path | None, **options: Any) -> None:
        words = [name, options["by"]] if "by" in options else [name]
        numbers = [f"{options[key]:03d}" for key in ("round_", "worker") if key in options]
        with open_job("_".join(["-".join(words), *numbers]), config, results, options) as job:
            function(job, **options)

    own = list(signature.parameters.values())[1:]
    shared = [
        inspect.Parameter(key, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
        for key, default, kind in (
            ("config", "config.yaml", ConfigOption),
            ("results", None, ResultsOption),
        )
    ]
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own] + shared
    command.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {p.name: p.annotation for p in parameters}
    return command


@contextmanager
def open_job(
    name: str, config: str, results: Path | None, options: dict[str, Any]
) -> Iterator[Job]:
    """Open a job; write its times at the end."""
    from mechanist.bookkeeping.journal import Journal
    from mechanist.sampling.stop_signals import stop_signals

    settings, layout, line = _opened(config, results, name)
    journal = Journal(log)
    if line is not None:
        log(line)
    yield Job(settings, layout, journal)
    # A signal that arrives now must not discard finished work.
    with stop_signals():
        write_times(layout, journal, name, options.get("threads", 1))


def write_times(layout: "Layout", journal: "Journal", name: str, threads: int) -> None:
    """Write the times of a job; the run does without them, so that a full disk is no failure."""
    from mechanist.bookkeeping.files import write_json

    file = layout.times(name)
    try:
        write_json(file, journal.times() | {"threads": threads})
    except OSError as error:
        log(f"{file}: not written, so the report lacks the times of this job: {error}")
