"""The best cells in each column of a table."""

import re
from collections.abc import Iterator

from benchmarks.trajectory.page.readable import measured
from benchmarks.trajectory.page.sections import Table

HIGH = re.compile(r"similarity|likeness|bonds in the band", re.IGNORECASE)
LOW = re.compile(
    r"error|percentile|shift|distance (?:at|of)|deviation|\bADE\b|\bFDE\b|\bRMSD\b", re.IGNORECASE
)
NEITHER = re.compile(r"parameters|\btime\b|published|number of|apart|\bvalue\b", re.IGNORECASE)
"""Words of headings that say whether larger or smaller is better; without one, no cell is best."""

APART = re.compile(r"published|different data|^true$|halves of the truth")
"""Rows that are not compared: other data, and the reference itself."""

EXTRA = re.compile(r"\(x, v, a\)")
"""Rows with more input than the others; they are compared among themselves."""

FORCES = re.compile(r"^learned forces|^bridge")
"""Rows of models with learned forces, which are compared among themselves too."""


def best(title: str, table: Table) -> set[tuple[int, int]]:
    """Row and column of the best cells.

    Rows ``base: variant`` are compared on the same base only. Cells with the same text as the best
    are marked too; where all have it, none is marked.
    """
    marked: set[tuple[int, int]] = set()
    for column, head in enumerate(table.head[1:], start=1):
        sign = _sign(head) or (0 if NEITHER.search(head) else _sign(title))
        for rows in _groups(table) if sign else ():
            cells = [(row, measured(table.rows[row][column])) for row in rows]
            known = [(row, cell) for row, cell in cells if cell is not None]
            if known:
                top = min((sign * abs(cell.value), cell.shown) for _, cell in known)[1]
                equal = [row for row, cell in known if _same(cell.shown, top)]
                marked |= {(row, column) for row in equal if len(equal) < len(known)}
    return marked


def _sign(words: str) -> int:
    """1 where less is better, -1 where more is, 0 where neither."""
    if NEITHER.search(words):
        return 0
    return -1 if HIGH.search(words) else int(bool(LOW.search(words)))


def _same(one: str, other: str) -> bool:
    """Whether two values read the same, whatever their spreads."""
    return re.split(r"\s±[^×]*", one) == re.split(r"\s±[^×]*", other)


def _groups(table: Table) -> Iterator[list[int]]:
    """Rows that are compared with each other."""
    groups: dict[tuple[bool, bool, str], list[int]] = {}
    for number, (name, *_) in enumerate(table.rows):
        if not APART.search(name):
            base = name.split(": ")[0] if ": " in name else ""
            groups.setdefault(
                (bool(EXTRA.search(name)), bool(FORCES.search(name)), base), []
            ).append(number)
    yield from groups.values()
