"""Markdown parsed into headings with prose, tables and figures, for a page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.trajectory.page.readable import readable


@dataclass(frozen=True)
class Prose:
    """Anything that is no table and no figure, as safe HTML."""

    html: str
    kind: str = "prose"


@dataclass(frozen=True)
class Table:
    """A pipe table; cells are plain text.

    Parameters
    ----------
    head
        Names of the columns.
    rows
        One tuple a row, as long as the head.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    kind: str = "table"


@dataclass(frozen=True)
class Figure:
    """An image that stands alone: ``![title](file "how to read it")``."""

    file: str
    title: str
    how: str
    kind: str = "figure"


Block = Prose | Table | Figure


@dataclass(frozen=True)
class Section:
    """A heading and what follows up to the next one.

    Parameters
    ----------
    level
        1 for the largest heading.
    title
        Plain text.
    blocks
        In their order.
    """

    level: int
    title: str
    blocks: tuple[Block, ...]


def sections(text: str) -> list[Section]:
    """Sections in their order; what stands before the first heading has an empty title."""
    from markdown_it import MarkdownIt
    from markdown_it.tree import SyntaxTreeNode

    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    # Images and links inside of text lose their addresses: a page loads nothing from outside.
    for name in ("link_open", "link_close"):
        parser.add_render_rule(name, _nothing)
    parser.add_render_rule("image", _alone)
    parser.add_render_rule("text", _escaped)
    found: list[tuple[int, str, list[Block]]] = [(1, "", [])]
    for node in SyntaxTreeNode(parser.parse(text)).children:
        if node.type == "heading":
            found.append((int(node.tag[1:]), _plain(node), []))
        else:
            found[-1][2].append(_block(node, parser))
    return [
        Section(level, title, tuple(blocks)) for level, title, blocks in found if title or blocks
    ]


def _block(node: Any, parser: Any) -> Block:
    if node.type == "table":
        head, *rows = (
            tuple(_plain(cell) for cell in row.children)
            for part in node.children
            for row in part.children
        )
        return Table(head, tuple(rows))
    alone = node.children[0].children if node.type == "paragraph" else []
    if len(alone) == 1 and alone[0].type == "image":
        image = alone[0]
        return Figure(str(image.attrs["src"]), image.content, str(image.attrs.get("title", "")))
    return Prose(parser.renderer.render(node.to_tokens(), parser.options, {}))


def _plain(node: Any) -> str:
    """Text of a heading or a cell, without what makes it bold."""
    pieces = (one.content for one in node.walk() if one.type in ("text", "code_inline"))
    return "".join(pieces)


def _nothing(*_: Any) -> str:
    return ""


def _alone(renderer: Any, tokens: Sequence[Any], at: int, *_: Any) -> str:
    return _html(tokens[at].content)


def _escaped(renderer: Any, tokens: Sequence[Any], at: int, *_: Any) -> str:
    return _html(readable(tokens[at].content))


def _html(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))
