"""The page of the trajectory models: tables.md and its figures as one file."""

import base64
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.trajectory.page.best import best
from benchmarks.trajectory.page.readable import measured, readable
from benchmarks.trajectory.page.sections import Figure, Prose, Section, Table, sections
from mechanist.bookkeeping.files import read_bytes
from mechanist.errors import DataError
from mechanist.report.page import page as shared

SHARED = Path(shared.__file__).parent
"""Where the style sheet of all pages is."""

TARGETS = ("target", "found", "met")
"""Head of the tables of targets."""

LATER = re.compile(
    r"percentile|velocit|hydrogen|heavy|shift|parameters|\btime\b|positions, root",
    re.IGNORECASE,
)
"""Words of the titles of tables, and of the columns of wide ones, that are folded."""

WIDE = 8
"""Columns of a table that stand side by side."""

NAMED = re.compile(r"^(?:Table )?(T\d+):? ")
"""How a heading, or the text below it, names its table."""

REST = "Further numbers"
"""Title of tables without a heading of their own."""


@dataclass(frozen=True)
class Cell:
    """A cell to show."""

    text: str
    number: bool
    best: bool


@dataclass(frozen=True)
class Row:
    """A row to show; ``span`` rows share the name, and 0 stands for those after the first."""

    name: str
    span: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Shown:
    """A table to show, with a title of its own where it is not the first below its heading.

    Parameters
    ----------
    title
        With its unit.
    head
        Names of columns.
    rows
        Names and cells.
    folded
        Whether it is to be opened.
    anchor
        Name for links.
    """

    title: str
    head: tuple[str, ...]
    rows: tuple[Row, ...]
    folded: bool
    anchor: str
    kind: str = "table"

    def numeric(self, column: int) -> bool:
        """Whether a column, from 0 after the names, holds numbers."""
        return any(row.cells[column].number for row in self.rows)


@dataclass(frozen=True)
class Embedded:
    """A figure with its bytes."""

    title: str
    how: str
    data: str
    kind: str = "figure"


@dataclass(frozen=True)
class Part:
    """A section to show: ``label`` is T1 and so on, for those of the first level."""

    level: int
    label: str
    title: str
    anchor: str
    blocks: tuple[Prose | Shown | Embedded, ...]


@dataclass(frozen=True)
class Aims:
    """Targets of one section: text, what was found, whether it is met."""

    label: str
    title: str
    anchor: str
    rows: tuple[tuple[str, str, bool], ...]

    @property
    def met(self) -> int:
        """How many are."""
        return sum(met for _, _, met in self.rows)


def trajectory_page(
    text: str,
    folder: Path,
    facts: Sequence[tuple[str, str]],
    numbers: Sequence[Mapping[str, Any]],
) -> str:
    """The page as HTML.

    Parameters
    ----------
    text
        Content of tables.md. Its first heading is the title, the text below it the lead.
    folder
        Where its figures are.
    facts
        Value and what it is, for the head of the page.
    numbers
        Entries of tables.json; their tables are listed at the end.

    Raises
    ------
    DataError
        If a figure is missing, damaged or not of this folder.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    here = Path(__file__).parent
    environment = Environment(
        loader=FileSystemLoader(here), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    first, *rest = sections(text)
    parts, aims = arranged(rest, folder)
    listed: dict[str, int] = {}
    for entry in numbers:
        listed[entry["table"]] = listed.get(entry["table"], 0) + 1
    return environment.get_template("page.html").render(
        css=[path.read_text("utf-8") for path in (SHARED / "page.css", here / "page.css")],
        title=first.title,
        lead=[block for block in first.blocks if isinstance(block, Prose)],
        facts=facts,
        aims=aims,
        met=sum(one.met for one in aims),
        wanted=sum(len(one.rows) for one in aims),
        parts=parts,
        listed=sorted(listed.items()),
    )


def arranged(found: Sequence[Section], folder: Path) -> tuple[list[Part], list[Aims]]:
    """Sections to show and, apart from them, the targets in the order of the sections."""
    parts: list[Part] = []
    aims: list[Aims] = []
    top, names = Part(1, "", "", "", ()), _Anchors()
    for section in found:
        label, title, blocks = _labelled(section)
        anchor = names(f"{label} {title}" if section.level == 1 else section.title)
        shown = tuple(_blocks(replace(section, title=title, blocks=blocks), folder, names))
        part = Part(section.level, label, title, anchor, shown)
        if part.level == 1:
            top = part
        parts.append(part)
        rows = tuple(_aims(section))
        if rows and aims and aims[-1].anchor == top.anchor:
            aims[-1] = replace(aims[-1], rows=aims[-1].rows + rows)
        elif rows:
            aims.append(Aims(top.label, top.title, top.anchor, rows))
    return parts, aims


class _Anchors:
    """Names for links, each given once."""

    def __init__(self) -> None:
        self._given = {"targets", "files", "contents"}

    def __call__(self, title: str) -> str:
        """A name made of the letters of a title."""
        plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-") or "section"
        name, count = plain, 1
        while name in self._given:
            count += 1
            name = f"{plain}-{count}"
        self._given.add(name)
        return name


def _labelled(section: Section) -> tuple[str, str, tuple[Any, ...]]:
    """Label such as T1, title without it, and blocks; the text below may have the label too."""
    title, blocks = section.title, section.blocks
    if section.level > 1:
        return "", readable(title), blocks
    found = NAMED.match(title)
    if found:
        title = title[found.end() :]
    elif blocks and isinstance(blocks[0], Prose):
        found = re.match(r"<p>Table (T\d+): ", blocks[0].html)
        if found:
            rest = blocks[0].html[found.end() :]
            blocks = (Prose(f"<p>{rest[:1].upper()}{rest[1:]}"), *blocks[1:])
    return found[1] if found else "", _capital(readable(title)), blocks


def _capital(title: str) -> str:
    return title[:1].upper() + title[1:]


def _aims(section: Section) -> Iterator[tuple[str, str, bool]]:
    for block in section.blocks:
        if isinstance(block, Table) and block.head == TARGETS:
            for text, found, met in block.rows:
                short = re.sub(r"^T\d+: ", "", text).replace("root mean square error", "RMSE")
                yield readable(short), readable(found), met == "yes"


def _blocks(section: Section, folder: Path, names: _Anchors) -> Iterator[Prose | Shown | Embedded]:
    count = 0
    for block in section.blocks:
        if isinstance(block, Prose):
            yield block
        elif isinstance(block, Figure):
            yield _embedded(block, folder)
        elif block.head != TARGETS and block.rows:
            title = section.title if section.level > 2 else ""
            # The molecule stands above.
            title = _capital(re.sub(r"^\w+: ", "", title))
            count += 1
            for one in _split(block, REST if count > 1 else title):
                yield replace(one, anchor=names(f"{section.title} {one.title}"))


def _split(table: Table, title: str) -> Iterator[Shown]:
    """A table; of a wide one what is folded is a table of its own."""
    later = [c for c, head in enumerate(table.head) if c and LATER.search(head)]
    if len(table.head) <= WIDE or len(later) in (0, len(table.head) - 1):
        yield _shown(table, title, bool(LATER.search(title)))
        return
    first = [c for c in range(len(table.head)) if c not in later]
    for columns, name, folded in (
        (first, title, False),
        ([0, *later], f"{title}, further columns", True),
    ):
        rows = tuple(tuple(row[c] for c in columns) for row in table.rows)
        yield _shown(Table(tuple(table.head[c] for c in columns), rows), name, folded)


def _shown(table: Table, title: str, folded: bool) -> Shown:
    marked = best(title, table)
    names = [readable(row[0]) for row in table.rows]
    rows = []
    for r, name in enumerate(names):
        alike = [n for n in range(r, len(names)) if all(one == name for one in names[r : n + 1])]
        span = len(alike) if r == 0 or names[r - 1] != name else 0
        cells = (_cell(text, (r, c) in marked) for c, text in enumerate(table.rows[r]) if c)
        rows.append(Row(name, span, tuple(cells)))
    head = tuple(readable(one) or ("quantity" if c else "") for c, one in enumerate(table.head))
    return Shown(title, head, tuple(rows), folded, "")


def _cell(text: str, marked: bool) -> Cell:
    number = measured(text)
    return Cell(number.text if number else readable(text), number is not None, marked)


def _embedded(figure: Figure, folder: Path) -> Embedded:
    path = folder / figure.file
    if path.name != figure.file or path.suffix != ".png":
        raise DataError(
            path, "is not a figure of this folder: PNG files beside tables.md are allowed"
        )
    data = base64.b64encode(read_bytes(path)).decode("ascii")
    return Embedded(readable(figure.title), readable(figure.how), data)
