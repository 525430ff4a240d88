"""Paths stored every so many-th frame: the frames between, and how far they are from the truth.

Paths of the sampling have positions only, and the noise of a thermostat. What is nearest then is
the mean of the missing frames given the known ones. Three candidates stand against each other on
paths that are stored in full: straight lines, a cubic spline, and linear maps from the known frames
around each gap (`mechanist.trajectory.gap_map`), learned on other paths. The audit takes the best
one for each factor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mechanist.errors import DataError
from mechanist.trajectory.gap_map import GapMaps, Rows, gaps_of, length_of

Array = NDArray[np.float64]
Method = Literal["linear", "spline", "map"]
METHODS: tuple[Method, ...] = ("linear", "spline", "map")


def stored_rows(length: int, factor: int) -> Rows:
    """Frames of a path that are kept: every ``factor``-th, and the last."""
    return np.unique(np.append(np.arange(0, length, factor), length - 1))


def restore(
    knots: Array,
    rows: Rows,
    method: Method,
    maps: GapMaps | None = None,
    rng: np.random.Generator | None = None,
) -> Array:
    """All frames of a path.

    Parameters
    ----------
    knots
        (K, N, 3) in nm, the frames that are stored.
    rows
        (K,) their numbers in the path, from 0, rising.
    method
        How to fill. Gaps of a kind that no map could be learned for take the spline.
    maps
        For the method map.
    rng
        Draws what maps leave over; None: the mean, which is nearest to the truth.

    Returns
    -------
    ndarray
        (L, N, 3) in nm; the stored frames are as they were.

    Raises
    ------
    DataError
        If rows do not rise from 0 or do not fit, or there are no maps.
    """
    from scipy.interpolate import CubicSpline, make_interp_spline

    if len(rows) != len(knots) or rows[0] != 0 or (np.diff(rows) < 1).any():
        raise DataError("path", "numbers of its stored frames do not rise from 0, one for each")
    times = np.arange(int(rows[-1]) + 1)
    if method == "linear" or len(rows) < 4:
        frames = make_interp_spline(rows, knots, k=1)(times) if len(rows) > 1 else knots.copy()
    else:
        frames = CubicSpline(rows, knots)(times)
    if method == "map":
        if maps is None:
            raise DataError("path", "there is no map to fill it with")
        for known, first in gaps_of(rows).items():
            learned = maps.of(known)
            if learned is not None:
                begin = np.array(first)
                place = rows[begin][:, None]
                missing = np.arange(1, length_of(known))
                around = begin[:, None] + np.arange(len(known)) - known.index(0)
                frames[place + missing] = learned(knots[around], rng)
    frames[rows] = knots
    return np.asarray(frames)


@dataclass(frozen=True)
class Audit:
    """How far restored frames are from the true ones.

    The best method is that of the smallest mean distance; what is missing now and then by far
    counts when `largest` asks for the 99th percentile.

    Parameters
    ----------
    factor
        Frames from one stored frame to the next.
    method
        The best one.
    mean, p50, p95, p99
        Mean and quantiles of the distance from the true place in nm, over atoms and missing frames.
    frames
        Missing frames that were compared.
    """

    factor: int
    method: Method
    mean: float
    p50: float
    p95: float
    p99: float
    frames: int


def distances(paths: Sequence[Array], factor: int, method: Method, maps: GapMaps) -> Array:
    """Distances (F, N) in nm of restored frames from the true ones, missing frames only."""
    result = []
    for path in paths:
        rows = stored_rows(len(path), factor)
        away = restore(path[rows], rows, method, maps) - path
        missing = np.setdiff1d(np.arange(len(path)), rows)
        result.append(np.sqrt((away[missing] ** 2).sum(axis=-1)))
    return np.concatenate(result)


def audit(
    paths: Sequence[Array], factor: int, masses: Array, atoms: Rows | None = None
) -> tuple[Audit, GapMaps]:
    """Learn on every second path, judge on the others, and take the best method.

    Parameters
    ----------
    paths
        (L, N, 3) each in nm, stored in full.
    factor
        Frames from one stored frame to the next, at least 2.
    masses
        (N,) in Da.
    atoms
        Those that count; all if None.

    Returns
    -------
    Audit, GapMaps
        Errors of the best method, and the maps.

    Raises
    ------
    DataError
        If there are fewer than two paths, or they are too short.
    """
    if len(paths) < 2 or factor < 2:
        raise DataError("paths", f"{len(paths)} in full, factor {factor}; two of each are needed")
    maps = GapMaps(paths[::2], masses)
    best: Audit | None = None
    for method in METHODS:
        away = distances(paths[1::2], factor, method, maps)
        away = away if atoms is None else away[:, atoms]
        if not away.size:
            raise DataError("paths", f"too short to leave out frames by the factor {factor}")
        p50, p95, p99 = (float(np.quantile(away, level)) for level in (0.5, 0.95, 0.99))
        mean = float(away.mean())
        if best is None or mean < best.mean:
            best = Audit(factor, method, mean, p50, p95, p99, len(away))
    assert best is not None
    return best, maps


def largest(audits: Sequence[Audit], tolerance: float) -> int:
    """The largest factor whose 99th percentile is within ``tolerance`` in nm; 1 if none is."""
    return max((one.factor for one in audits if one.p99 <= tolerance), default=1)
