"""Trajectories as npz files without pickle, each with a receipt beside it (`bookkeeping.files`)."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.bookkeeping.files import atomic, damage_reported, parse_json
from mechanist.bookkeeping.npz import read_npz
from mechanist.errors import DataError
from mechanist.trajectory.trajectory import Meta, Trajectory

FORMAT = 1
OPTIONAL = ("velocities", "forces", "energy", "box")


def save(trajectory: Trajectory, path: Path) -> None:
    """Write a trajectory; the file is renamed when complete."""
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
    """Read a trajectory written by `save`.

    Raises
    ------
    DataError
        If the file is missing, damaged or of another format.
    """
    content = read_npz(path)
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
