"""Paths of which every n-th frame is stored: restore the missing frames, and measure the errors.

Sampled paths have positions only, and thermal noise. The best estimate of a missing frame is then
its mean given the stored frames. Three methods are compared on paths that are stored in full:
straight lines, a cubic spline, and linear maps of distances, angles and dihedrals from the stored
frames around each gap (`restore.gap_map`), learned on other paths. The audit chooses the best
method for each stride.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Rows
from mechanist.errors import DataError
from mechanist.trajectory.restore.gap_map import Along, GapMaps, Maps, gaps_of, length_of

Method = Literal["linear", "spline", "map"]
METHODS: tuple[Method, ...] = ("linear", "spline", "map")

Stored = Callable[[int, int], Rows]
"""Frames that are stored of a path, from its length and its number."""

Inside = Callable[[Array], NDArray[np.bool_]]
"""Positions (F, N, 3) in nm to whether they are inside a state, (F,)."""

REDRAWS = 50
"""Largest number of draws for a gap."""

HYDROGEN = 2.5
"""Largest mass in Da of an atom that counts as hydrogen."""

MOST_ATOMS = 100
"""Largest number of atoms that maps are learned for; the cost grows with their cube."""


def restore(
    knots: Array,
    rows: Rows,
    method: Method,
    maps: Maps | None = None,
    rng: np.random.Generator | None = None,
    inside: Inside | None = None,
) -> Array:
    """All frames of a path.

    Parameters
    ----------
    knots
        (K, N, 3) in nm, the frames that are stored.
    rows
        (K,) their numbers in the path, increasing from 0.
    method
        How to fill gaps. Kinds of gaps without a map get the spline.
    maps
        For the method map.
    rng
        For residuals of maps; None: the conditional mean, which is closest to the truth.
    inside
        Which frames are inside a state. A path has left one state and not yet reached the other,
        so gaps with such frames are drawn again, up to `REDRAWS` times.

    Returns
    -------
    ndarray
        (L, N, 3) in nm; stored frames are unchanged.

    Raises
    ------
    DataError
        If rows do not increase from 0 or do not match, or maps are missing.
    """
    from scipy.interpolate import CubicSpline, make_interp_spline

    if len(rows) != len(knots) or rows[0] != 0 or (np.diff(rows) < 1).any():
        raise DataError(
            "path", "numbers of its stored frames must increase from 0, one for each frame"
        )
    times = np.arange(int(rows[-1]) + 1)
    if method == "linear" or len(rows) < 4:
        frames = make_interp_spline(rows, knots, k=1)(times) if len(rows) > 1 else knots.copy()
    else:
        frames = CubicSpline(rows, knots)(times)
    if method == "map":
        if maps is None:
            raise DataError("path", "the method map needs maps")
        _fill(frames, knots, rows, maps, rng, inside)
    frames[rows] = knots
    return np.asarray(frames)


def _fill(
    frames: Array,
    knots: Array,
    rows: Rows,
    maps: Maps,
    rng: np.random.Generator | None,
    inside: Inside | None,
) -> None:
    """Replace missing frames by those of maps, in place, where there is a map."""
    shapes = maps.coordinates.values(knots)
    # Places are needed for draws only, and q(x) costs more than everything else.
    places = None if rng is None else maps.places(knots)
    for known, first in gaps_of(rows).items():
        learned, begin = maps.of(known), np.array(first)
        if learned is None:
            continue
        around = begin[:, None] + np.arange(len(known)) - known.index(0)
        mean = learned(shapes[around])
        missing = rows[begin][:, None] + np.arange(1, length_of(known))
        near, left = frames[missing], np.arange(len(begin))
        for _ in range(REDRAWS):
            filled = mean[left]
            if rng is not None and places is not None:
                filled = filled + learned.draw(places[begin[left, None] + [0, 1]], rng)
            shape = filled.shape[:2]
            lies = near[left].reshape(-1, *knots.shape[1:])
            made = maps.coordinates.frames(filled.reshape(len(lies), -1), lies)
            frames[missing[left]] = made.reshape(*shape, *knots.shape[1:])
            left = left[:0] if inside is None else left[inside(made).reshape(shape).any(axis=1)]
            if rng is None or not len(left):
                break


@dataclass(frozen=True)
class Audit:
    """How far restored frames are from the true ones.

    The best method has the smallest mean distance; rare large errors count in `largest`, by the
    99th percentile.

    Parameters
    ----------
    factor
        Frames from one stored frame to the next.
    method
        The best one.
    mean, p50, p95, p99
        Mean and quantiles of the distance from the true position in nm, over atoms and missing
        frames.
    frames
        Number of missing frames that were compared.
    """

    factor: int
    method: Method
    mean: float
    p50: float
    p95: float
    p99: float
    frames: int


def distances(paths: Sequence[Array], stored: Stored, method: Method, maps: Maps | None) -> Array:
    """Distances (F, N) in nm of restored frames from the true ones, missing frames only."""
    result = []
    for i, path in enumerate(paths):
        rows = np.unique(stored(len(path), i))
        away = restore(path[rows], rows, method, maps) - path
        missing = np.setdiff1d(np.arange(len(path)), rows)
        result.append(np.sqrt((away[missing] ** 2).sum(axis=-1)))
    return np.concatenate(result)


def audit(
    paths: Sequence[Array],
    factor: int,
    stored: Stored,
    masses: Array,
    along: Along | None = None,
) -> tuple[Audit, GapMaps | None]:
    """Learn on every second path, test on the others, and choose the best method.

    Parameters
    ----------
    paths
        (L, N, 3) each in nm, stored in full.
    factor
        Frames from one stored frame to the next, at least 2.
    stored
        Frames that are stored.
    masses
        (N,) in Da. Hydrogens do not count, unless there are no other atoms.
    along
        The coordinate on which the noise depends.

    Returns
    -------
    Audit, GapMaps
        Errors of the best method, and the maps; None for molecules that are too large or whose
        internal coordinates are not always defined.

    Raises
    ------
    DataError
        If there are fewer than two paths, they are too short, or there are virtual sites.
    """
    if (masses <= 0).any():
        raise DataError("system", "has virtual sites; its paths cannot be restored")
    if len(paths) < 2 or factor < 2:
        raise DataError("paths", f"{len(paths)} in full, factor {factor}; two of each are needed")
    maps = maps_of(paths[::2], masses, along)
    heavy = masses > HYDROGEN
    atoms = heavy if heavy.any() else ~heavy
    best: Audit | None = None
    for method in METHODS:
        if method == "map" and maps is None:
            continue
        away = distances(paths[1::2], stored, method, maps)[:, atoms]
        if not away.size:
            raise DataError("paths", f"too short to leave out frames with factor {factor}")
        p50, p95, p99 = (float(np.quantile(away, level)) for level in (0.5, 0.95, 0.99))
        mean = float(away.mean())
        if best is None or mean < best.mean:
            best = Audit(factor, method, mean, p50, p95, p99, len(away))
    assert best is not None
    return best, maps


def maps_of(paths: Sequence[Array], masses: Array, along: Along | None = None) -> GapMaps | None:
    """Maps; None for too many atoms, or where no coordinates can be chosen."""
    if len(masses) > MOST_ATOMS:
        return None
    try:
        return GapMaps(paths, masses, along)
    except DataError:
        return None


def largest(audits: Sequence[Audit], tolerance: float) -> int:
    """The largest factor whose 99th percentile is within ``tolerance`` in nm; 1 if none is."""
    return max((one.factor for one in audits if one.p99 <= tolerance), default=1)
