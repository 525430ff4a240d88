"""Small tables of a run: CSV files, and the cost of jobs that Snakemake's benchmarks hold."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mechanist.errors import DataError

Row = dict[str, str]


def read_csv(path: Path, columns: Sequence[str]) -> list[Row]:
    """Rows of a CSV file with a header.

    Raises
    ------
    DataError
        If the file is missing, unreadable or lacks one of ``columns``.
    """
    try:
        with path.open(encoding="utf-8", newline="") as handle:
            reader = csv.DictReader(handle)
            rows, header = list(reader), reader.fieldnames or []
    except FileNotFoundError:
        raise DataError(path, "the file is missing; run the stage that makes it again") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(path, f"damaged CSV ({error}); delete it and run again") from None
    missing = [name for name in columns if name not in header]
    if missing:
        raise DataError(path, f"lacks the column {missing[0]!r}; delete it and run again")
    if any(row.get(name) is None for row in rows for name in columns):
        raise DataError(path, "a row is cut short; delete it and run again")
    return rows


def numbers(rows: Sequence[Row], column: str, path: Path) -> list[float]:
    """One column as numbers; an empty field is NaN."""
    try:
        return [float(row[column]) if row[column] else float("nan") for row in rows]
    except ValueError as error:
        raise DataError(path, f"column {column!r}: {error}; delete it and run again") from None


ROUND_STAGES = ("learn", "assess")
"""Stages with one job a round."""


@dataclass(frozen=True)
class StageCost:
    """Cost of all jobs of one stage.

    Attributes
    ----------
    stage
        Name of the rule.
    jobs
        How many were run.
    wall, cpu
        Sums over jobs in s.
    longest
        Sum over rounds of the slowest job of each, in s: what the stage adds to a run whose jobs of
        a round run side by side.
    memory
        Largest resident memory of a job in MiB.
    """

    stage: str
    jobs: int
    wall: float
    cpu: float
    longest: float
    memory: float


def _number(row: Row, column: str) -> float:
    """A field of a benchmark; jobs too short to be looked at have ``-`` or ``NA``."""
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


def _place(name: str) -> tuple[str, int | None]:
    """Stage and round of a benchmark: ``shoot_003_001`` of worker 1, ``learn_003``, ``distil``.

    A single number is a round for the stages of `ROUND_STAGES` and a worker for all others.
    """
    match = re.fullmatch(r"(.*?)(?:_(\d+))?(?:_(\d+))?", name)
    if match is None or match[2] is None:
        return name, None
    is_round = match[3] is not None or match[1] in ROUND_STAGES
    return match[1], int(match[2]) if is_round else None


def read_costs(folder: Path, last: int) -> list[StageCost]:
    """Cost by stage up to round ``last``, in the order in which the stages were first run.

    A file that is empty or cut short counts as no time.
    """
    jobs: dict[str, dict[int | None, list[tuple[float, float, float]]]] = {}
    files = sorted(folder.rglob("*.tsv"), key=lambda path: (path.stat().st_mtime, path.name))
    for path in files:
        stage, number = _place(path.stem)
        if number is None or number <= last:
            jobs.setdefault(stage, {}).setdefault(number, []).append(_benchmark(path))
    return [_total(stage, rounds) for stage, rounds in jobs.items()]


def _total(stage: str, rounds: dict[int | None, list[tuple[float, float, float]]]) -> StageCost:
    every = [job for jobs in rounds.values() for job in jobs]
    return StageCost(
        stage,
        jobs=len(every),
        wall=sum(job[0] for job in every),
        cpu=sum(job[1] for job in every),
        longest=sum(max(job[0] for job in jobs) for jobs in rounds.values()),
        memory=max(job[2] for job in every),
    )
