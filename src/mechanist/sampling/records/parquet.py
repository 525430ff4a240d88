"""Tables as Parquet: flat columns of numbers, booleans and strings, each page with a checksum.

Files are untrusted: the claimed size is checked before memory is allocated.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from mechanist.bookkeeping.files import read_bytes
from mechanist.errors import DataError
from mechanist.sampling.records.columns import Column, to_arrow, to_numpy

ROWS = 2**31
"""Largest number of rows."""

BYTES = 2**35
"""Largest size of all columns in bytes."""

EXPANSION = 1000
"""Largest ratio of column bytes to file bytes, beyond `SMALL`; tables of runs stay below 100."""

SMALL = 2**24
"""Bytes allowed for any table."""


def encode(columns: Mapping[str, Column], notes: Mapping[str, str] | None = None) -> bytes:
    """A table as the bytes of a file; ``notes`` go into its header."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({name: to_arrow(column) for name, column in columns.items()})
    sink = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata(notes), sink, compression="zstd", write_page_checksum=True
    )
    return bytes(sink.getvalue())


def decode(path: Path, names: Sequence[str]) -> dict[str, Column]:
    """The columns ``names`` of a file.

    Raises
    ------
    DataError
        If the file is missing, damaged, claims more than it can contain, or lacks a column.
    """
    import pyarrow as pa

    content = read_bytes(path)
    try:
        with _open(content) as file:
            _weigh(path, file, names, len(content))
            table = file.read(columns=list(names))
        # Also checks the indices of dictionaries: numpy would accept negative ones.
        table.validate(full=True)
        if any(column.null_count for column in table.columns):
            raise ValueError("a value is missing")
        return {name: to_numpy(table[name]) for name in names}
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, MemoryError) as error:
        raise _damaged(path, error) from None


def notes(path: Path) -> dict[str, str]:
    """Notes in the header of a file; errors as of `decode`."""
    import pyarrow as pa

    content = read_bytes(path)
    try:
        with _open(content) as file:
            found = file.schema_arrow.metadata or {}
        return {name.decode(): note.decode() for name, note in found.items()}
    except (pa.ArrowException, OSError, ValueError) as error:
        raise _damaged(path, error) from None


def _open(content: bytes) -> Any:
    """The file, with strings as dictionaries: a repeated long string takes little memory."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = pa.py_buffer(content)
    with pq.ParquetFile(pa.BufferReader(buffer)) as file:
        metadata = file.metadata
        texts = [field.name for field in file.schema_arrow if pa.types.is_string(field.type)]
    return pq.ParquetFile(
        pa.BufferReader(buffer),
        metadata=metadata,
        read_dictionary=texts,
        page_checksum_verification=True,
    )


def _weigh(path: Path, file: Any, names: Sequence[str], size: int) -> None:
    """Refuse a table that lacks a column, has nested ones, or claims more than it can contain."""
    import pyarrow as pa

    metadata, schema = file.metadata, file.schema_arrow
    missing = [name for name in names if schema.names.count(name) != 1]
    if missing:
        raise DataError(path, f"lacks the column {missing[0]!r}; delete it and run again")
    for name in names:
        kind = schema.field(name).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        if not (pa.types.is_primitive(kind) or pa.types.is_string(kind)):
            raise DataError(path, f"column {name!r} is of the type {str(kind)[:40]}; delete it")
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    rows = max(metadata.num_rows, sum(group.num_rows for group in groups))
    claimed = max(8 * len(names) * rows, sum(group.total_byte_size for group in groups))
    allowed = min(BYTES, SMALL + EXPANSION * size)
    if not (0 <= rows < ROWS and claimed <= allowed and min(metadata.num_rows, claimed) >= 0):
        raise DataError(
            path,
            f"claims {rows:,} rows and {claimed:,} bytes in a file of {size:,}; delete it",
        )


def _damaged(path: Path, error: Exception) -> DataError:
    reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
    return DataError(path, f"damaged Parquet ({reason}); delete it and run again")
