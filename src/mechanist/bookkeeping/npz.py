"""Reading npz files that may be damaged or untrusted: no pickles, and no more than is there."""

import struct
import zipfile
import zlib
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import NamedArrays
from mechanist.bookkeeping.files import MISSING, WRONG, read_bytes
from mechanist.errors import DataError

SQUEEZED = 100
"""Largest ratio of the size of the arrays to that of the file."""

HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}

FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    RuntimeError,
    struct.error,
    EOFError,
    OSError,
    *WRONG,
)
"""Errors raised by readers of damaged archives and arrays."""


def read_npz(path: Path) -> NamedArrays:
    """All arrays of an npz file; objects, which would need pickle, are refused.

    Raises
    ------
    DataError
        If the file is missing, is no npz, is damaged or holds objects or too much.
    """
    if not path.is_file():
        raise DataError(path, MISSING)
    content = read_bytes(path)
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if size > SQUEEZED * len(content):
                raise ValueError(f"holds {size} bytes")
            return {
                member.filename.removesuffix(".npy"): _array(archive.read(member))
                for member in members
                if member.filename.endswith(".npy")
            }
    except FAULTS as error:
        reason = " ".join(str(error).split())[:120]
        raise DataError(path, f"damaged, or no npz file of plain arrays ({reason})") from None


def _array(content: bytes) -> NDArray[Any]:
    """An array of an npy file whose size has been checked against its header."""
    handle = BytesIO(content)
    version = np.lib.format.read_magic(handle)
    if version not in HEADERS:
        raise ValueError(f"format {version}")
    shape, _, kind = HEADERS[version](handle)
    if kind.hasobject or prod(shape) * kind.itemsize != len(content) - handle.tell():
        raise ValueError(f"its head promises {shape} of {kind}")
    handle.seek(0)
    return np.asarray(np.lib.format.read_array(handle, allow_pickle=False))
