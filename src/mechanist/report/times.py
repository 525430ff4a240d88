"""Core time of a whole run by use, idle cores included."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.journal import merged
from mechanist.bookkeeping.progress import duration
from mechanist.errors import DataError
from mechanist.report.jobs import PARTS, Job, Span, timed_job

BREAK = 60.0
"""Seconds without a job after which a run counts as stopped and resumed later."""

WORK = ("md", "training", "search")
"""Parts that count as work."""

NAMES = {
    "md": "MD in OpenMM",
    "rest_of_shooting": "rest of shooting",
    "training": "training",
    "search": "formula search",
    "start_up": "start-up",
    "other": "everything else",
    "idle": "idle cores",
}
"""Labels of the parts in the report."""


@dataclass(frozen=True)
class Session:
    """The run of the workflow that writes the report.

    Parameters
    ----------
    cores
        Available to it; 0 stands for the largest number of simultaneous jobs.
    since
        Start, in Unix time; None if unknown.
    times
        Returns the times of the report job so far, as from
        `mechanist.bookkeeping.journal.Journal.times`; None if it is not counted.
    """

    cores: int = 0
    since: float | None = None
    times: Callable[[], Mapping[str, Any]] | None = None

    def with_report(self, jobs: Sequence[Job]) -> list[Job]:
        """Jobs, with the current report job in place of an earlier one."""
        if self.times is None:
            return list(jobs)
        kept = [job for job in jobs if job.stage != "report"]
        return [*kept, timed_job("report", None, self.times())]


def read_session(path: Path) -> Session:
    """The session recorded when the workflow began; an empty one if the file is missing."""
    try:
        content = read_json(path)
        return Session(content["cores"], content["since"])
    except (DataError, KeyError, TypeError):
        return Session()


@dataclass(frozen=True)
class RunTime:
    """Time of a whole run.

    Attributes
    ----------
    wall_seconds
        From start to end, without breaks.
    cores
        Of the run.
    parts
        Core seconds of each of `mechanist.report.jobs.PARTS` and ``idle``.
    work_share
        Part of the core seconds that were work: MD in OpenMM, training, search.
    work_wall_share
        Part of the wall time in which at least one job was shooting, training or searching.
    """

    wall_seconds: float
    cores: int
    parts: Mapping[str, float]
    work_share: float
    work_wall_share: float


def run_time(jobs: Sequence[Job], session: Session) -> RunTime | None:
    """Core time of a run by use; None if no job has recorded it.

    Wall time is covered by jobs and the session, with gaps of up to `BREAK`: a run may have been
    stopped and resumed on another day.
    """
    if not any(job.parts is not None for job in jobs if job.stage != "report"):
        return None
    spans = [job.span for job in jobs]
    end = max(span[1] for span in spans)
    if session.since is not None and session.since < end:
        spans.append((session.since, end))
    wall = length(merged(spans, BREAK))
    cores = session.cores or most_at_once(jobs)
    parts = dict.fromkeys(PARTS, 0.0)
    for job in jobs:
        for name, seconds in (job.parts or {"other": job.wall}).items():
            parts[name] += seconds
    parts["idle"] = max(0.0, cores * wall - sum(parts.values()))
    work = sum(parts[name] for name in WORK)
    working = length(merged([span for job in jobs for span in job.work]))
    return RunTime(wall, cores, parts, work / sum(parts.values()), min(1.0, working / wall))


def length(spans: Sequence[Span]) -> float:
    """Sum of the lengths of spans."""
    return sum(end - begin for begin, end in spans)


def most_at_once(jobs: Sequence[Job]) -> int:
    """Largest number of simultaneous jobs."""
    steps = [(job.span[0], 1) for job in jobs] + [(job.span[1], -1) for job in jobs]
    running = most = 0
    for _, step in sorted(steps):
        running += step
        most = max(most, running)
    return most


def rows(time: RunTime) -> list[tuple[str, str, str]]:
    """Rows of the table: part, core seconds, share."""
    total = sum(time.parts.values())
    return [
        (NAMES[name], f"{seconds:,.0f}", f"{100 * seconds / total:.0f} %")
        for name, seconds in time.parts.items()
    ]


def line(time: RunTime) -> str:
    """The same in one line."""
    shares = ", ".join(f"{share} {name}" for name, _, share in rows(time))
    return (
        f"{duration(time.wall_seconds)} on {time.cores} core{'s' if time.cores > 1 else ''}, "
        f"{100 * time.work_share:.0f} % work: {shares}"
    )
