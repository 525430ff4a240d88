"""Progress of a run as text: the output of ``mechanist status results/NAME``."""

from pathlib import Path
from typing import Any

from mechanist.analysis.convergence.verdict import combine
from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.job_files import RoundFiles
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from mechanist.report.load import read_rounds
from mechanist.report.text_table import text_table

HEADER = ("round", "shots", "accepted", "transitions", "held-out loss", "criteria", "state")


def status(root: Path) -> str:
    """Table of the rounds of a run, finished or not, and its results so far.

    Raises
    ------
    DataError
        If there is no such folder, or a file of a finished round is damaged.
    """
    layout = Layout(root)
    if not root.is_dir():
        raise DataError(root, "there is no such results folder; name one such as results/NAME")
    lines = [f"{root}: {_name(layout)}"]
    done = {int(entry["round"]): entry for entry in read_rounds(layout)}
    numbers = sorted(set(done) | set(layout.rounds()))
    if not numbers:
        return "\n".join([*lines, _before_rounds(layout)])
    rows = [
        round_row(done[number]) if number in done else _open_row(number, layout.round(number))
        for number in numbers
    ]
    lines += ["", *text_table(HEADER, rows), ""]
    if done:
        # Rounds after the first that ended the run were made under a stricter rule.
        ends = (entry for entry in done.values() if entry["converged"] or entry.get("ended"))
        last = next(ends, done[max(done)])
        files = (layout.verdict, layout.channels)
        told = [read_json(file) if file.is_file() else None for file in files]
        result = combine(last, *(one if isinstance(one, dict) else None for one in told))
        reason = "; ".join(result.reasons) or str(last.get("reason", ""))
        lines.append(f"{result.status} after round {last['round']}: {reason}")
    return "\n".join([*lines, *_answers(layout)])


def counted(number: int, noun: str) -> str:
    """``1 round``, ``1,200 shots``."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def _name(layout: Layout) -> str:
    if not layout.dynamics.is_file():
        return "not prepared yet"
    content = read_json(layout.dynamics)
    return str(content.get("name", "")) if isinstance(content, dict) else ""


def _before_rounds(layout: Layout) -> str:
    if layout.initial.index.is_file():
        return "first paths found; no round has begun"
    return "prepared; no first path yet" if layout.dynamics.is_file() else "empty"


def round_row(entry: dict[str, Any]) -> list[str]:
    """One line of the table from an assessment."""
    criteria = entry["criteria"]
    failed = [name for name, criterion in criteria.items() if not criterion["passed"]]
    loss, error = entry["heldout_loss"], entry.get("heldout_loss_se")
    text = "-" if loss is None else f"{loss:.4f}"
    if loss is not None and error is not None:
        text += f" ± {error:.4f}"
    return [
        str(entry["round"]),
        f"{entry['shots']:,}",
        f"{100 * entry['acceptance']:.1f} %",
        f"{entry['transitions']:,}" if "transitions" in entry else "-",
        text,
        f"{len(criteria) - len(failed)}/{len(criteria)} met",
        "converged" if entry["converged"] else "not yet: " + ", ".join(failed),
    ]


def _open_row(number: int, files: RoundFiles) -> list[str]:
    """One line for a round that has not been assessed."""
    jobs = sum(worker.shots.is_file() for worker in files.workers)
    state = "trained" if files.model.is_file() else f"shooting, {counted(jobs, 'job')} done"
    return [str(number), "-", "-", "-", "-", "-", state]


def _answers(layout: Layout) -> list[str]:
    lines = []
    if layout.formula.is_file():
        formula = read_json(layout.formula)
        doubt = " (not stable)" if formula.get("stable") is False else ""
        lines.append(f"formula{doubt}: q = {formula.get('text', '')}")
    if layout.verdict.is_file():
        lines.append(f"verdict: {read_json(layout.verdict).get('text', '')}")
    if layout.report.is_file():
        lines.append(f"report: {layout.report}")
    return lines
