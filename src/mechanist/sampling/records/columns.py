"""Columns of tables, from numpy to Arrow and back.

``pyarrow.array`` and ``to_numpy`` do the same, but import pandas where it is installed, which takes
longer than most tables.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]


def to_arrow(column: Column) -> Any:
    """Arrow array of numbers, booleans or strings (an object array of str), without nulls."""
    import pyarrow as pa

    size = len(column)
    if column.dtype == object:
        texts = [text.encode() for text in column.tolist()]
        ends = np.zeros(size + 1, dtype=np.int32)
        np.cumsum([len(text) for text in texts], out=ends[1:])
        buffers = [None, pa.py_buffer(ends), pa.py_buffer(b"".join(texts))]
        return pa.Array.from_buffers(pa.string(), size, buffers)
    if column.dtype == np.bool_:
        bits = np.packbits(column, bitorder="little")
        return pa.Array.from_buffers(pa.bool_(), size, [None, pa.py_buffer(bits)])
    values = np.ascontiguousarray(column)
    kind = pa.from_numpy_dtype(values.dtype)
    return pa.Array.from_buffers(kind, size, [None, pa.py_buffer(values)])


def to_numpy(column: Any) -> Column:
    """Inverse of `to_arrow`, for an Arrow chunked array."""
    import pyarrow as pa

    chunks = [_chunk(chunk) for chunk in column.chunks or [pa.nulls(0, column.type)]]
    return chunks[0] if len(chunks) == 1 else np.concatenate(chunks)


def _chunk(chunk: Any) -> Column:
    import pyarrow as pa

    kind = chunk.type
    if chunk.null_count == 0:
        if pa.types.is_string(kind) or pa.types.is_dictionary(kind):
            coded = chunk.dictionary_encode()
            names = np.array(coded.dictionary.to_pylist(), dtype=object)
            return names[_chunk(coded.indices)]
        if pa.types.is_boolean(kind):
            return _chunk(chunk.cast(pa.uint8())).astype(np.bool_)
        if pa.types.is_integer(kind) or pa.types.is_floating(kind):
            return np.asarray(np.from_dlpack(chunk))
    # Other types are not written by runs; pyarrow converts them.
    return np.asarray(chunk.to_numpy(zero_copy_only=False))
