"""Cost of jobs, from Snakemake's benchmarks and the times that jobs record themselves."""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mechanist.bookkeeping.csv_files import Row
from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.journal import MD, SEARCH, SHOOTING, TRAINING
from mechanist.errors import DataError

ROUND_STAGES = ("learn", "assess")
"""Stages with one job a round."""

PARTS = ("md", "rest_of_shooting", "training", "search", "start_up", "other")
"""Parts of the time of jobs, as in summary.json."""

Span = tuple[float, float]


@dataclass(frozen=True)
class Job:
    """One job.

    Attributes
    ----------
    stage, round
        Name of the rule; None if the stage does not belong to a round.
    wall, cpu
        In s.
    memory
        Resident, in MiB.
    span
        Start and end, in Unix time.
    parts
        Core seconds of each of `PARTS`; None if the job has not recorded them.
    work
        Spans of shooting, training or search, in Unix time.
    """

    stage: str
    round: int | None
    wall: float
    cpu: float
    memory: float
    span: Span
    parts: Mapping[str, float] | None = None
    work: tuple[Span, ...] = ()


@dataclass(frozen=True)
class StageCost:
    """Cost of all jobs of one stage.

    Attributes
    ----------
    stage
        Name of the rule.
    jobs
        Number of jobs.
    wall, cpu
        Sums over jobs in s.
    longest
        Sum over rounds of the slowest job, in s: the time that the stage adds to a run whose jobs
        of a round run side by side.
    memory
        Largest resident memory of a job in MiB.
    parts
        Core seconds of each of `PARTS`; jobs without a record count as ``other``.
    """

    stage: str
    jobs: int
    wall: float
    cpu: float
    longest: float
    memory: float
    parts: Mapping[str, float]


def read_jobs(folder: Path, last: int) -> list[Job]:
    """Jobs up to round ``last``, in the order of their ends.

    An empty, truncated or damaged file counts as no time.
    """
    stems = {path.with_suffix("") for path in folder.glob("[!.]*") if path.suffix in FILES}
    jobs = []
    for stem in stems:
        stage, number = _place(stem.name)
        if number is None or number <= last:
            jobs.append(_job(stage, number, stem))
    return sorted(jobs, key=lambda job: (job.span[1], job.stage))


FILES = (".tsv", ".json")


def _place(name: str) -> tuple[str, int | None]:
    """Stage and round of a job: ``shoot_003_001`` of worker 1, ``learn_003``, ``distil``.

    A single number is a round for the stages of `ROUND_STAGES` and a worker for all others.
    """
    match = re.fullmatch(r"(.*?)(?:_(\d+))?(?:_(\d+))?", name)
    if match is None or match[2] is None:
        return name, None
    is_round = match[3] is not None or match[1] in ROUND_STAGES
    return match[1], int(match[2]) if is_round else None


def _job(stage: str, number: int | None, stem: Path) -> Job:
    table, times = stem.with_suffix(".tsv"), stem.with_suffix(".json")
    wall, cpu, memory = _benchmark(table)
    if times.is_file():
        try:
            return timed_job(stage, number, read_json(times), wall, cpu, memory)
        except (DataError, KeyError, TypeError, ValueError):
            pass
    ended = (table if table.is_file() else times).stat().st_mtime
    return Job(stage, number, wall, cpu, memory, (ended - wall, ended))


def timed_job(
    stage: str,
    number: int | None,
    times: Mapping[str, Any],
    wall: float = 0.0,
    cpu: float = 0.0,
    memory: float = 0.0,
) -> Job:
    """A job that has recorded its times.

    Parameters
    ----------
    stage, number, wall, cpu, memory
        As of `Job`; wall time that the job has not recorded counts as ``other``.
    times
        As from `mechanist.bookkeeping.journal.Journal.times`; ``threads`` defaults to 1.

    Raises
    ------
    KeyError, TypeError, ValueError
        If something is missing.
    """
    begun, seconds, start_up = (float(times[key]) for key in ("begun", "seconds", "start_up"))
    threads = int(times.get("threads", 1))
    wall = max(wall, seconds)
    kinds = {kind: times["kinds"][kind] for kind in (MD, SHOOTING, TRAINING, SEARCH)}
    own = {kind: float(spent["seconds"]) for kind, spent in kinds.items()}
    # Each thread of a job has a core, which may be idle.
    cores = {
        kind: min(max(own[kind], float(spent["cpu_seconds"])), threads * own[kind])
        for kind, spent in kinds.items()
    }
    rest = wall - start_up - own[SHOOTING] - own[TRAINING] - own[SEARCH]
    parts = {
        "md": cores[MD],
        "rest_of_shooting": max(0.0, cores[SHOOTING] - cores[MD]),
        "training": cores[TRAINING],
        "search": cores[SEARCH],
        "start_up": start_up,
        "other": max(0.0, rest),
    }
    work = tuple((float(one), float(two)) for one, two in times["spans"])
    cpu = max(cpu, float(times["cpu_seconds"]))
    return Job(stage, number, wall, cpu, memory, (begun, begun + wall), parts, work)


def _number(row: Row, column: str) -> float:
    """A field of a benchmark; jobs too short to be measured have ``-`` or ``NA``."""
    text = row.get(column) or ""
    return float(text) if re.fullmatch(r"[0-9.]+(e[+-]?\d+)?", text) else 0.0


def _benchmark(path: Path) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and MiB of one job, the last row if it was run repeatedly."""
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            rows = list(csv.DictReader(handle, delimiter="\t"))
    except (OSError, UnicodeDecodeError, csv.Error):
        rows = []
    if not rows:
        return 0.0, 0.0, 0.0
    row = rows[-1]
    return _number(row, "s"), _number(row, "cpu_time"), _number(row, "max_rss")


def stage_costs(jobs: list[Job]) -> list[StageCost]:
    """Cost by stage, in the order of the first job of each."""
    stages: dict[str, list[Job]] = {}
    for job in jobs:
        stages.setdefault(job.stage, []).append(job)
    return [_total(stage, group) for stage, group in stages.items()]


def _total(stage: str, jobs: list[Job]) -> StageCost:
    rounds: dict[int | None, float] = {}
    parts = dict.fromkeys(PARTS, 0.0)
    for job in jobs:
        rounds[job.round] = max(rounds.get(job.round, 0.0), job.wall)
        for name, seconds in (job.parts or {"other": job.wall}).items():
            parts[name] += seconds
    return StageCost(
        stage,
        jobs=len(jobs),
        wall=sum(job.wall for job in jobs),
        cpu=sum(job.cpu for job in jobs),
        longest=sum(rounds.values()),
        memory=max(job.memory for job in jobs),
        parts=parts,
    )
