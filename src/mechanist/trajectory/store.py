"""Trajectories as npz files without pickle, each with a receipt beside it (`bookkeeping.files`)."""

import json
import struct
import zipfile
import zlib
from dataclasses import asdict
from io import BytesIO
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.bookkeeping.files import GONE, WRONG, atomic, damage_reported, parse_json, read_bytes
from mechanist.errors import DataError
from mechanist.trajectory.trajectory import Meta, Trajectory

FORMAT = 1
OPTIONAL = ("velocities", "forces", "energy", "box")
LIMIT = 2**34
"""Bytes of all arrays of a file together; a file that says more is not read."""

SQUEEZED = 100
"""How many times larger than the file its arrays may be."""

HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}

FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    NotImplementedError,
    RuntimeError,
    struct.error,
    EOFError,
    OSError,
    *WRONG,
)
"""What readers of damaged archives and arrays raise."""


def save(trajectory: Trajectory, path: Path) -> None:
    """Write a trajectory; the file is complete or absent."""
    content: dict[str, NDArray[Any]] = {
        "format": np.array(FORMAT),
        "positions": trajectory.positions,
        "dt_ps": np.array(trajectory.dt_ps),
        "numbers": trajectory.numbers,
        "masses": trajectory.masses,
        "meta": np.array(json.dumps(asdict(trajectory.meta))),
    }
    for name in OPTIONAL:
        if getattr(trajectory, name) is not None:
            content[name] = getattr(trajectory, name)
    with atomic(path) as temporary, temporary.open("wb") as handle:
        np.savez(handle, allow_pickle=False, **content)


def load(path: Path) -> Trajectory:
    """Read a trajectory that `save` has written.

    Raises
    ------
    DataError
        If the file is missing, damaged, or no such file.
    """
    content = read_arrays(path)
    if "format" not in content or content["format"].shape != () or content["format"] != FORMAT:
        raise DataError(path, f"not a trajectory of format {FORMAT}")
    with damage_reported(path):
        card = parse_json(str(content["meta"]))
        arrays = {name: content[name].astype(np.float64) for name in OPTIONAL if name in content}
        return Trajectory(
            positions=content["positions"].astype(np.float64),
            dt_ps=float(content["dt_ps"]),
            numbers=content["numbers"].astype(np.int64),
            masses=content["masses"].astype(np.float64),
            meta=Meta(**card),
            **arrays,
        )


def read_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of an npz file; objects, which would need pickle, are refused.

    Raises
    ------
    DataError
        If the file is missing, is no npz, is damaged or holds objects or too much.
    """
    if not path.is_file():
        raise DataError(path, GONE)
    content = read_bytes(path)
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = archive.infolist()
            size = sum(member.file_size for member in members)
            if size > LIMIT or size > SQUEEZED * len(content):
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
    """An array of an npy file, once it is sure that the bytes of its numbers are there."""
    handle = BytesIO(content)
    version = np.lib.format.read_magic(handle)
    if version not in HEADERS:
        raise ValueError(f"format {version}")
    shape, _, kind = HEADERS[version](handle)
    if kind.hasobject or prod(shape) * kind.itemsize != len(content) - handle.tell():
        raise ValueError(f"its head promises {shape} of {kind}")
    handle.seek(0)
    return np.asarray(np.lib.format.read_array(handle, allow_pickle=False))
