"""CSV files of a run, read and written."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mechanist.bookkeeping.files import read_bytes
from mechanist.errors import DataError

Row = dict[str, str]


def read_csv(path: Path, columns: Sequence[str]) -> list[Row]:
    """Rows of a CSV file with a header.

    Raises
    ------
    DataError
        If the file is missing, unreadable or lacks one of ``columns``.
    """
    content = read_bytes(path)
    try:
        reader = csv.DictReader(io.StringIO(content.decode(), newline=""))
        rows, header = list(reader), reader.fieldnames or []
    except (UnicodeDecodeError, csv.Error) as error:
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


def csv_text(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A header and rows as CSV."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return buffer.getvalue()
