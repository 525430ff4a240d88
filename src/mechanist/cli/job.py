"""What commands share: their options, and the settings, files and journal of a job."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from mechanist.bookkeeping.journal import Journal
    from mechanist.bookkeeping.layout import Layout
    from mechanist.settings.config import Config

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
SetupOption = Annotated[
    str, typer.Option("--setup", help="hash of all that the rounds follow from, to be noted")
]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, help="CPU threads to use")]


STOPPED = 75
"""Exit status of a job that was told to stop and can be gone on with: EX_TEMPFAIL of sysexits.h."""


def log(text: str) -> None:
    """Print a line with the time of day to standard error."""
    say(f"[{time.strftime('%H:%M:%S')}] {text}")


def say(line: str) -> None:
    """Print a line to standard error; go on where nobody listens any more.

    A batch system that stops a job may end what reads its log first.
    """
    try:
        print(line, file=sys.stderr, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def open_run(config: str, results: Path | None) -> "tuple[Config, Layout]":
    """Settings and files of a run."""
    from mechanist.bookkeeping.layout import Layout
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
    from mechanist.bookkeeping.journal import Journal
    from mechanist.sampling.stop_signals import stop_signals

    settings, layout = open_run(config, results)
    journal = Journal(log)
    yield settings, layout, journal
    # What is done must not be lost to a signal that comes now.
    with stop_signals():
        write_times(layout, journal, name, numbers, threads)


def write_times(
    layout: "Layout", journal: "Journal", name: str, numbers: tuple[int, ...], threads: int
) -> None:
    """Write where the time of a job has gone; see `job`."""
    from mechanist.bookkeeping.files import write_json

    file = layout.times("_".join([name, *(f"{number:03d}" for number in numbers)]))
    try:
        write_json(file, journal.times() | {"threads": threads})
    except OSError as error:
        log(f"{file}: not written, so that the report lacks the times of this job: {error}")
