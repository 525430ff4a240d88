"""Small tables of a run: CSV files."""

import csv
from collections.abc import Sequence
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
