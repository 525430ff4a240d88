"""Shots of infretis: the folder of a simulation with infretis.toml and its accepted paths.

Each path has a folder below load/ with order.txt, whose first line says how the path was made, such
as ``# Cycle: 7, status: ACC, move: ('sh', 0.31, 12, 34)``: a shooting move from a point of that
order parameter, frame 34 of this path. infretis keeps accepted paths alone, so the outcome of the
backward half is given (the path begins in A), and below the interface of its ensemble a point
counts only if a half crosses it. What is left that nothing selects is the forward half of shots
from points beyond the last interface before B; all others are left out. Without ``allowmaxlength``
paths are also rejected by their length, which depends on where they end: these are refused.

The backward half has ended in A with the same velocity reversed, so the velocities of these shots
come from A more often than random ones do: they end in B more often than p_B says. At the top of a
double well of 2 kT the share is 0.84, 0.61 and 0.50 in place of 0.50 for frictions of 0.3, 2 and
10 in units of the well. No selection of accepted paths undoes this, and the report says so.
"""

import re
from pathlib import Path

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.sampling.outside.outside_shots import NOT_SHOT, OutsideShots
from mechanist.settings.names import checked_name

MADE = re.compile(r"# Cycle: (\d+), status: (\w+), move: \('sh', \S+, -?\d+, (\d+)\)")

REMARK = (
    "of the accepted paths of infretis only forward half-shots from points beyond the last"
    " interface before B are used: elsewhere the outcome has decided which paths are kept. Their"
    " velocities come from A, so where motion is inertial more of them end in B than of random"
    " velocities: the committor of this run is too high beyond the transition state"
)


def read_infretis(folder: Path, names: tuple[str, ...]) -> OutsideShots:
    """Read the paths of a simulation; without ``names`` descriptors are orderp, cv1, cv2, ...

    Raises
    ------
    DataError
        In one line, if infretis.toml or paths are missing, or a file is damaged.
    """
    low, last, high = _interfaces(folder / "infretis.toml")
    files = sorted(folder.glob("load/*/order.txt"), key=lambda file: _number(file.parent.name))
    if not files:
        raise DataError(folder / "load", "has no folder with an order.txt")
    values, ends = [], []
    for file in files:
        with file.open(encoding="utf-8") as handle:
            made = MADE.match(handle.readline())
        if made is None or made[2] != "ACC":
            continue
        table, frame = _table(file), int(made[3])
        if frame >= len(table):
            raise DataError(file, f"has {len(table)} frames, and was shot from frame {frame}")
        if table[frame, 0] < last:
            continue
        end = table[-1, 0]
        values.append(table[frame])
        ends.append((NOT_SHOT, "A" if end <= low else "B" if end >= high else "too_long"))
    if not values:
        raise DataError(folder, f"no accepted shooting move begins beyond the interface {last:g}")
    widths = {len(row) for row in values}
    if len(widths) > 1:
        raise DataError(folder, f"paths have {min(widths)} to {max(widths)} order parameters")
    count = widths.pop()
    if names and len(names) != count:
        raise DataError(folder, f"has {count} order parameters, {len(names)} names are given")
    try:
        labels = tuple(checked_name(name) for name in names)
    except ValueError as error:
        raise DataError(folder, str(error)) from None
    return OutsideShots(
        source=str(folder),
        ends=np.array(ends, dtype=object),
        chain=None,
        weight=np.ones(len(values)),
        accepted=np.ones(len(values), dtype=bool),
        names=labels or ("orderp", *(f"cv{i}" for i in range(1, count))),
        values=np.array(values),
        remarks=(REMARK,),
    )


def _number(text: str) -> int:
    return int(text) if text.isdigit() else -1


def _interfaces(file: Path) -> tuple[float, float, float]:
    """The first interface, the last one before B, and that of B."""
    import tomllib

    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))["simulation"]
        found = [float(number) for number in content["interfaces"]]
        free = content.get("tis_set", {}).get("allowmaxlength", False)
    except FileNotFoundError:
        raise DataError(file, "there is no such file; it names the interfaces") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(file, f"names no simulation.interfaces: {error}") from None
    if not free:
        raise DataError(
            file,
            "simulation.tis_set.allowmaxlength is not true: paths were also rejected for their"
            " length, so the outcomes of those that are left are not those of all shots",
        )
    if len(found) < 2:
        raise DataError(file, f"names {len(found)} interfaces")
    return found[0], found[-2], found[-1]


def _table(file: Path) -> Array:
    """Order parameters (F, D) of a path, without the time."""
    try:
        table = np.loadtxt(file, comments="#", ndmin=2)
    except ValueError as error:
        raise DataError(file, f"damaged: {str(error)[:200]}") from None
    if table.shape[1] < 2 or not len(table):
        raise DataError(file, "has no order parameter")
    return np.asarray(table[:, 1:], dtype=np.float64)
