"""Tables in plain text."""

from collections.abc import Sequence

from tabulate import tabulate


def text_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table; the last column is left-aligned, the others are right-aligned."""
    align = ("right",) * (len(header) - 1) + ("left",)
    text: str = tabulate(rows, header, "simple", colalign=align, disable_numparse=True)
    return text.splitlines()


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of left-aligned columns without a header, indented by two spaces."""
    text = tabulate(rows, tablefmt="plain", disable_numparse=True)
    return [f"  {line.rstrip()}" for line in text.splitlines()]
