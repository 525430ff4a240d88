"""How far a run is, from its files: shots of the open round, criteria, stages that are done."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mechanist.analysis.convergence.criterion import with_limit
from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from mechanist.settings.config import Config

DONE = re.compile(r"\] ([\d,]+) of ([\d,]+) shots")
FINISHED = re.compile(r"\] ([\d,]+) shots, ")


@dataclass(frozen=True)
class CriterionState:
    """A criterion of the last assessment.

    Parameters
    ----------
    name
        As in assessment.json, with blanks.
    text
        Value and limit, such as ``1.5, at most 1.1``.
    share
        How close it is to its limit, 0 to 1; 1 where it has passed.
    passed
        Whether it has passed.
    """

    name: str
    text: str
    share: float
    passed: bool


@dataclass(frozen=True)
class RunState:
    """How far a run is.

    Parameters
    ----------
    round, rounds_max
        Number of the open round from 1, and the budget.
    converged
        Whether the rounds have ended with convergence.
    shots, shots_planned
        Of the open round.
    criteria
        Of the last assessment.
    stages
        What is done: ``("system", True)``, in the order of the run.
    """

    round: int
    rounds_max: int
    converged: bool
    shots: int
    shots_planned: int
    criteria: tuple[CriterionState, ...]
    stages: tuple[tuple[str, bool], ...]

    @property
    def sampling(self) -> bool:
        """Whether rounds are still to be made."""
        return not self.converged and self.round <= self.rounds_max


def run_state(layout: Layout, config: Config, since: float = 0.0) -> RunState:
    """State of a run, finished or not.

    Files that are being written, and assessments that cannot be read, do not count.

    Parameters
    ----------
    layout, config
        Files and settings of the run.
    since
        Unix time; stages whose files are older are not done, as a run that is continued may make
        them again.
    """
    limit = config.sampling.rounds_max
    assessments = [_assessment(layout.round(number).assessment) for number in range(limit)]
    known = [one for one in assessments if one is not None]
    converged = any(one.get("converged") is True for one in known)
    number = min(next((i for i, one in enumerate(assessments) if one is None), limit), limit)
    last = known[-1] if known else {}
    stages = (
        ("system", layout.dynamics, 0.0),
        ("first paths", layout.initial.index, 0.0),
        ("relevance", layout.relevance, since),
        ("formula", layout.formula, since),
        ("validation", layout.verdict, since),
        *([("rates", layout.kinetics, since)] if config.kinetics.rates else []),
        ("report", layout.report, since),
    )
    return RunState(
        round=number + 1,
        rounds_max=limit,
        converged=converged,
        shots=_shots(layout, number),
        shots_planned=config.sampling.shots(number),
        criteria=tuple(_criterion(*item) for item in last.get("criteria", {}).items()),
        stages=tuple((name, _newer(file, begun)) for name, file, begun in stages),
    )


def _newer(file: Path, since: float) -> bool:
    try:
        return file.stat().st_mtime >= since
    except OSError:
        return False


def _assessment(file: Path) -> dict[str, Any] | None:
    try:
        content = read_json(file)
    except DataError:
        return None
    return content if isinstance(content, dict) else None


def _shots(layout: Layout, number: int) -> int:
    """Shots of a round, as the logs of its jobs count them."""
    total = 0
    for log in (layout.root / "logs").glob(f"shoot_{number:03d}_*.log"):
        try:
            text = log.read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        ended, under_way = FINISHED.findall(text), DONE.findall(text)
        found = ended[-1] if ended else under_way[-1][0] if under_way else "0"
        total += int(found.replace(",", ""))
    return total


def _criterion(name: str, criterion: dict[str, Any]) -> CriterionState:
    value, limit, passed = criterion["value"], criterion["limit"], bool(criterion["passed"])
    direction = criterion.get("direction", "")
    share = 0.0
    if passed:
        share = 1.0
    elif value is not None and direction == "at most":
        share = 1.0 if value <= limit else max(limit / value, 0.0)
    elif value is not None and direction == "at least" and limit > 0:
        share = min(max(value, 0.0) / limit, 1.0)
    texts = with_limit(value, limit)
    # Within its limit, but on too few data to have seen a deviation.
    more = "" if passed or share < 1 else ", needs more shots"
    return CriterionState(
        name.replace("_", " "), f"{texts[0]}, {direction} {texts[1]}{more}", share, passed
    )
