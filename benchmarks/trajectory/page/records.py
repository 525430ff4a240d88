"""Records that the steps have written, checked before tables are made of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mechanist.bookkeeping.files import damage_reported, read_json
from mechanist.errors import DataError

Record = Mapping[str, Any]


def read_record(
    path: Path, wanted: Mapping[str, Any], step: str, check: Callable[[Record], object]
) -> dict[str, Any]:
    """Read a record.

    Parameters
    ----------
    path
        JSON file.
    wanted
        Values that it must have, such as its molecule and size.
    step
        That writes it.
    check
        Uses what tables need of it; what it raises is reported as damage.

    Raises
    ------
    DataError
        If the record is missing, damaged or of other settings.
    """
    record = read_json(path)
    with damage_reported(path):
        found = {key: record[key] for key in wanted}
        check(record)
    if found != dict(wanted):
        differs = ", ".join(f"{key} {found[key]}" for key in wanted if found[key] != wanted[key])
        raise DataError(path, f"is of other settings ({differs}); repeat the step {step}")
    return dict(record)


def gathered(
    records: Sequence[Mapping[str, Any]], key: str, name: Callable[[Mapping[str, Any]], str]
) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """Rows of all records by name, in the order of the first."""
    for first in records[0][key]:
        label = name(first)
        yield label, [one for record in records for one in record[key] if name(one) == label]
