"""Trajectories as npz files without pickle; the receipt of `mechanist.files` lies beside each."""

import json
import zipfile
from dataclasses import asdict
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.errors import DataError
from mechanist.files import GONE, atomic, read_bytes, sound
from mechanist.trajectory.trajectory import Meta, Trajectory

FORMAT = 1
OPTIONAL = ("velocities", "forces", "energy", "box")
LIMIT = 2**33
"""Bytes of all arrays of a file together; a file that says more is not read."""


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
    with sound(path):
        card = json.loads(str(content["meta"]))
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
    try:
        with zipfile.ZipFile(BytesIO(read_bytes(path))) as archive:
            size = sum(member.file_size for member in archive.infolist())
            if size > LIMIT:
                raise DataError(path, f"holds {size} bytes, more than {LIMIT}")
            return {
                member.filename.removesuffix(".npy"): _array(archive, member)
                for member in archive.infolist()
                if member.filename.endswith(".npy")
            }
    except (zipfile.BadZipFile, NotImplementedError, ValueError, EOFError, OSError) as error:
        reason = str(error)[:120]
        raise DataError(path, f"damaged, or no npz file of plain arrays ({reason})") from None


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> NDArray[Any]:
    with archive.open(member) as handle:
        array = np.lib.format.read_array(handle, allow_pickle=False)
    return np.asarray(array)
