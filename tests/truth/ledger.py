"""The table of truths: rows from tests, safe with several workers, written out at the end.

Rule of the verdict. ``low`` and ``high`` are the 95 % interval of ours, about two standard errors
to each side. A row passes if the truth is nearer to ours than

    sqrt((2 * the side of the interval that faces the truth)^2 + (4 * truth_error)^2),

about four standard errors of both together: by chance alone 1 row in 16,000 fails.

Each worker appends lines to its own file in one folder; the controller reads all of them.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from mechanist.bookkeeping.files import write_json, write_text

COMMAND = "make truth"

KINDS = {
    "mean path": "mean duration of transition paths, last frame in A to first frame in B",
    "median path": "their median duration",
    "path lengths": "whole distribution of durations, in ten bins",
    "density of frames": "where transition paths spend their time, in cells",
    "crossing of q = 0": "where paths first cross q = 0, in one dimension how fast they do",
    "k_AB": "rate out of A, of systems that were last in A; from 20 whole runs",
    "k_BA": "the same out of B",
    "p_B": "committor: share of half-shots from a point that reach B first",
    "p(transition)": "share of two-way shots from a point that join A and B",
}


@dataclass(frozen=True)
class Row:
    """A quantity with its truth (and standard error) and ours (with its 95 % interval)."""

    quantity: str
    truth: float
    truth_error: float
    ours: float
    low: float
    high: float
    passed: bool


@dataclass(frozen=True)
class BrokenRow:
    """A broken variant, the comparison that was farthest off, and whether that gave it away."""

    variant: str
    comparison: str
    worst_z: float
    found: bool


GUIDES = {
    "uniform": "nothing, all frames of a path alike",
    "good model": "the true q or one close to it, flattened in p_B, as in a run",
    "shifted model": "q + 2, the transition state in the wrong place",
    "flipped model": "-q and a lopsided density in p_B, A taken for B",
    "random model": "waves in x and y that know nothing",
    "tilted model": "a coordinate across the way from A to B, which prefers one of two valleys",
}


def verdict(truth: float, truth_error: float, ours: float, low: float, high: float) -> bool:
    """The rule above."""
    side = high - ours if truth > ours else ours - low
    return abs(truth - ours) <= math.hypot(2 * side, 4 * truth_error)


@dataclass(frozen=True)
class CostRow:
    """MD steps of ours, and of a plain run that gives an interval as narrow."""

    system: str
    ours: float
    plain: float


class Ledger:
    """Appends rows to one file of one worker; asserts nothing."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def row(
        self, quantity: str, truth: float, truth_error: float, ours: float, low: float, high: float
    ) -> Row:
        """Note a quantity; the part of its name before ': ' is its section in the table."""
        numbers = [float(x) for x in (truth, truth_error, ours, low, high)]
        row = Row(quantity, *numbers, verdict(*numbers))
        self._append({"row": asdict(row)})
        return row

    def broken(self, variant: str, comparison: str, worst_z: float, found: bool) -> None:
        """Note a broken variant."""
        row = BrokenRow(variant, comparison, float(worst_z), bool(found))
        self._append({"broken": asdict(row)})

    def cost(self, system: str, ours: float, plain: float) -> None:
        """Note what rates cost."""
        self._append({"cost": asdict(CostRow(system, float(ours), float(plain)))})

    def _append(self, content: dict[str, object]) -> None:
        with self._file.open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(content, allow_nan=False) + "\n")


@dataclass(frozen=True)
class Book:
    """All rows: sections together, in the order of their names."""

    rows: list[Row]
    broken: list[BrokenRow]
    costs: list[CostRow]


def collect(folder: Path) -> Book:
    """All rows of all workers."""
    lines = [
        json.loads(line)
        for file in sorted(folder.glob("*.jsonl"))
        for line in file.read_text(encoding="utf-8").splitlines()
    ]
    rows = [Row(**line["row"]) for line in lines if "row" in line]
    broken = [BrokenRow(**line["broken"]) for line in lines if "broken" in line]
    costs = [CostRow(**line["cost"]) for line in lines if "cost" in line]
    return Book(
        sorted(rows, key=lambda row: _section(row.quantity)),
        sorted(broken, key=lambda row: row.variant),
        sorted(costs, key=lambda row: row.system),
    )


def _section(quantity: str) -> str:
    return quantity.rpartition(": ")[0]


def write(book: Book, folder: Path, versions: str) -> None:
    """Write truth.json and TRUTH.md into ``folder``."""
    write_json(folder / "truth.json", [asdict(row) for row in book.rows], record=False)
    write_text(folder / "TRUTH.md", "\n".join(_page(book, versions)) + "\n", record=False)


def _page(book: Book, versions: str) -> Iterable[str]:
    rows, broken = book.rows, book.broken
    failed = sum(not row.passed for row in rows)
    yield "# Comparisons with known answers"
    yield ""
    yield f"Made by `{COMMAND}` with {versions}. {len(rows)} quantities, {failed} failed."
    yield ""
    yield "- *truth*: brute force or a numerical solution, with its standard error."
    yield "- *ours*: path sampling by Mechanist, with its 95 % interval."
    yield "- *verdict*: failed if the truth is farther from ours than four standard errors of both"
    yield "  together, which happens by chance to 1 row in 16,000."
    yield "- A quantity that ends in `z` compares whole distributions: 0 is expected, its standard"
    yield "  error is 1, and a large number means that they differ."
    yield ""
    for kind, meaning in KINDS.items():
        yield f"- `{kind}`: {meaning}."
    yield ""
    yield "What guided the choice of shooting points, which accepted paths must not depend on:"
    yield ""
    for name, meaning in GUIDES.items():
        yield f"- `{name}`: {meaning}."
    section = None
    for row in rows:
        if _section(row.quantity) != section:
            section = _section(row.quantity)
            yield from (
                "",
                f"## {section}",
                "",
                "| quantity | truth | ours | 95 % interval | verdict |",
            )
            yield "|---|---|---|---|---|"
        name = row.quantity.rpartition(": ")[2]
        error = f" ± {row.truth_error:.2g}" if row.truth_error else ""
        interval = f"{row.low:.4g} to {row.high:.4g}"
        word = "passed" if row.passed else "**FAILED**"
        yield f"| {name} | {row.truth:.4g}{error} | {row.ours:.4g} | {interval} | {word} |"
    yield from ("", "## Broken variants, which must be found", "")
    yield "The same comparisons, given code that was broken on purpose. `z` is the worst of them."
    yield from ("", "| variant | comparison | z | found |", "|---|---|---|---|")
    for item in broken:
        word = "yes" if item.found else "**NO**"
        yield f"| {item.variant} | {item.comparison} | {item.worst_z:.3g} | {word} |"
    yield from ("", "## What rates cost", "")
    yield "MD steps of runs and shots for the rates, and of one plain run whose interval for k_AB"
    yield "is as narrow: 1 / (variance of ln k_AB * k_AB * chance to have been last in A). Means of"
    yield "20 seeds. The shots that trained the network, a few percent more, are left out."
    yield from ("", "| system | ours | plain run | ratio |", "|---|---|---|---|")
    for cost in book.costs:
        ratio = cost.plain / cost.ours
        yield f"| {cost.system} | {cost.ours:.3g} | {cost.plain:.3g} | {ratio:.2g} |"
