"""Tables of shooting points with outcomes: CSV or Parquet, with or without structures.

Columns of outcomes are ``n_A`` and ``n_B``, half-shots from each point that ended in a state, or
``end_backward`` and ``end_forward``, the state of each half-shot. ``chain`` and ``weight`` may
stand beside them; every other column is a descriptor, unless structures are given.
"""

from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array, Frames, Rows
from mechanist.errors import DataError
from mechanist.sampling.outside.outside_shots import OutsideShots, pairs
from mechanist.settings.names import checked_name

COUNTS, ENDS = ("n_A", "n_B"), ("end_backward", "end_forward")
OWN = (*COUNTS, *ENDS, "chain", "weight")
OTHER_ENDS = ("too_long", "exploded", "stopped", "not_shot")


def read_shot_table(path: Path, points: Frames | None = None) -> OutsideShots:
    """Read a table; with structures ``points`` (P, N, 3) of its rows in nm.

    Raises
    ------
    DataError
        In one line, if the file or a column is missing, a number is wrong, or there are not as many
        structures as rows.
    """
    table = _read(path)
    count = len(next(iter(table.values())))
    if points is not None and len(points) != count:
        raise DataError(path, f"has {count} rows for {len(points)} structures")
    chain = _whole(path, table, "chain") if "chain" in table else None
    weight = _numbers(path, table, "weight") if "weight" in table else np.ones(count)
    if all(name in table for name in COUNTS):
        rows, ends = pairs(*(_whole(path, table, name) for name in COUNTS))
    elif all(name in table for name in ENDS):
        ends = np.stack([table[name].astype(object) for name in ENDS], axis=1)
        rows = np.arange(count)
        strange = ~np.isin(ends, ["A", "B", *OTHER_ENDS])
        if strange.any():
            row, side = (int(number) for number in np.argwhere(strange)[0])
            known = "A, B, " + ", ".join(OTHER_ENDS)
            raise DataError(path, f"row {row + 1}: {ENDS[side]} {ends[row, side]!r} is not {known}")
    else:
        raise DataError(path, "lacks the columns n_A and n_B, or end_backward and end_forward")
    names = () if points is not None else tuple(name for name in table if name not in OWN)
    values = None
    if points is None:
        if not names:
            raise DataError(path, "has no descriptors, and no structures are given (--points)")
        for name in names:
            try:
                checked_name(name)
            except ValueError as error:
                raise DataError(path, str(error)) from None
        values = np.stack([_numbers(path, table, name) for name in names], axis=1)[rows]
    return OutsideShots(
        source=str(path),
        ends=ends,
        chain=None if chain is None else chain[rows],
        weight=weight[rows],
        accepted=np.zeros(len(rows), dtype=bool),
        points=None if points is None else points[rows],
        names=names,
        values=values,
    )


def read_structures(path: Path, topology: Path) -> Frames:
    """Structures (P, N, 3) in nm of any file that mdtraj reads.

    Raises
    ------
    DataError
        If it cannot be read, or has other atoms than ``topology``.
    """
    import mdtraj

    atoms = mdtraj.load_topology(str(topology))
    try:
        frames = mdtraj.load(str(path), top=atoms)
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise DataError(path, f"mdtraj cannot read it for {topology}: {said}") from None
    if frames.n_atoms != atoms.n_atoms:
        raise DataError(path, f"has {frames.n_atoms} atoms, the system {atoms.n_atoms}")
    return np.asarray(frames.xyz, dtype=np.float32)


def _read(path: Path) -> dict[str, Any]:
    import pandas as pd

    if not path.is_file():
        raise DataError(path, "there is no such file")
    try:
        if path.suffix == ".parquet":
            frame = pd.read_parquet(path)
        else:
            # Python's own floats are exact; those of the faster engine may be off by a digit.
            frame = pd.read_csv(path, engine="python", skipinitialspace=True)
    except Exception as error:
        said = " ".join(str(error).split())[:200]
        raise DataError(path, f"is no table in CSV or Parquet: {said}") from None
    if not len(frame):
        raise DataError(path, "has no rows")
    return {str(name): frame[name].to_numpy() for name in frame}


def _numbers(path: Path, table: dict[str, Any], name: str) -> Array:
    try:
        return np.asarray(table[name], dtype=np.float64)
    except (ValueError, TypeError):
        for row, value in enumerate(table[name]):
            try:
                float(value)
            except (ValueError, TypeError):
                raise DataError(path, f"row {row + 1}: {name} {value!r} is no number") from None
        raise


def _whole(path: Path, table: dict[str, Any], name: str) -> Rows:
    """Whole numbers that are not negative."""
    values = _numbers(path, table, name)
    bad = np.flatnonzero(~(np.isfinite(values) & (values >= 0) & (values == np.round(values))))
    if len(bad):
        row = int(bad[0])
        raise DataError(path, f"row {row + 1}: {name} {values[row]:g} is not a whole number")
    return np.asarray(values, dtype=np.int64)
