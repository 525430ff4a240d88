"""Paths stored every so many-th frame: the frames between, and how far they are from the truth.

Paths of the sampling have positions only, and the noise of a thermostat. What is best then is the
mean of the missing frames given the known ones. Three candidates stand against each other on paths
that are stored in full: straight lines, a cubic spline, and a linear map from the two known frames
before and the two after, learned on other paths. The audit takes the best one for each factor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mechanist.errors import DataError
from mechanist.trajectory.superres.frame import Placement, rotations

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
Method = Literal["linear", "spline", "map"]
METHODS: tuple[Method, ...] = ("linear", "spline", "map")

PENALTY = 1e-4
"""Of the linear map, in parts of the largest eigenvalue of its inputs."""

MOST = 20_000
"""Gaps that a linear map is learned from, at most."""


@dataclass(frozen=True)
class GapMap:
    """A linear map from four known frames to those between the middle two.

    Parameters
    ----------
    factor
        Frames from one known frame to the next.
    reference
        (N, 3) in nm, the geometry on which gaps are laid.
    masses
        (N,) in Da.
    weights
        (12 N + 1, (factor - 1) x N x 3), the last row is the constant.
    """

    factor: int
    reference: Array
    masses: Array
    weights: Array

    def __call__(self, knots: Array) -> Array:
        """Frames (B, factor - 1, N, 3) in nm between the middle two of (B, 4, N, 3)."""
        inputs, placement = _inputs(knots, self.reference, self.masses)
        frames = inputs @ self.weights[:-1] + self.weights[-1]
        return placement.back(frames.reshape(len(knots), self.factor - 1, -1, 3))


def _inputs(knots: Array, reference: Array, masses: Array) -> tuple[Array, Placement]:
    """Known frames (B, 12 N) on the reference, and the way back."""
    share = masses / masses.sum()
    middle = 0.5 * (knots[:, 1] + knots[:, 2])
    centre = share @ middle
    about = reference - share @ reference
    placement = Placement(rotations(middle - centre[:, None], about, masses), centre)
    return (placement.there(knots) - about).reshape(len(knots), -1), placement


def learn_map(paths: Sequence[Array], factor: int, masses: Array) -> GapMap:
    """Learn from paths (L, N, 3) that are stored in full.

    Raises
    ------
    DataError
        If there are too few frames.
    """
    reference = paths[0][0]
    windows = [
        path[np.arange(len(path) - 3 * factor)[:, None] + np.arange(3 * factor + 1)]
        for path in paths
        if len(path) > 3 * factor
    ]
    every = np.concatenate(windows) if windows else np.empty((0,))
    if len(every) < 2:
        raise DataError("paths", f"none is longer than {3 * factor} frames")
    every = every[:: -(-len(every) // MOST)]
    inputs, placement = _inputs(every[:, ::factor], reference, masses)
    inner = placement.there(every[:, factor + 1 : 2 * factor]).reshape(len(every), -1)
    mean, offset = inputs.mean(axis=0), inner.mean(axis=0)
    inputs = inputs - mean
    values, vectors = np.linalg.eigh(inputs.T @ inputs)
    projected = vectors.T @ (inputs.T @ (inner - offset))
    weights = vectors @ (projected / (values + PENALTY * values[-1])[:, None])
    return GapMap(
        factor, reference, masses, np.concatenate([weights, (offset - mean @ weights)[None]])
    )


def stored_rows(length: int, factor: int) -> Rows:
    """Frames of a path that are kept: every ``factor``-th, and the last."""
    return np.unique(np.append(np.arange(0, length, factor), length - 1))


def restore(knots: Array, rows: Rows, method: Method, learned: GapMap | None = None) -> Array:
    """All frames of a path.

    Parameters
    ----------
    knots
        (K, N, 3) in nm, the frames that are stored.
    rows
        (K,) their numbers in the path, from 0, rising.
    method
        How to fill. Gaps that a map was not learned for, as those at the ends, take the spline.
    learned
        For the method map.

    Returns
    -------
    ndarray
        (L, N, 3) in nm; the stored frames are as they were.

    Raises
    ------
    DataError
        If rows do not rise from 0 or do not fit, or there is no map.
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
        if learned is None:
            raise DataError("path", "there is no map to fill it with")
        steps = np.diff(rows) == learned.factor
        first = np.flatnonzero(steps[:-2] & steps[1:-1] & steps[2:]) + 1
        if len(first) and learned.factor > 1:
            filled = learned(np.stack([knots[first + k] for k in range(-1, 3)], axis=1))
            frames[rows[first][:, None] + np.arange(1, learned.factor)] = filled
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


def distances(paths: Sequence[Array], factor: int, method: Method, learned: GapMap) -> Array:
    """Distances (F, N) in nm of restored frames from the true ones, missing frames only."""
    result = []
    for path in paths:
        rows = stored_rows(len(path), factor)
        away = restore(path[rows], rows, method, learned) - path
        missing = np.setdiff1d(np.arange(len(path)), rows)
        result.append(np.sqrt((away[missing] ** 2).sum(axis=-1)))
    return np.concatenate(result)


def audit(
    paths: Sequence[Array], factor: int, masses: Array, atoms: Rows | None = None
) -> tuple[Audit, GapMap]:
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
    Audit, GapMap
        Errors of the best method, and the map.

    Raises
    ------
    DataError
        If there are fewer than two paths, or they are too short.
    """
    if len(paths) < 2 or factor < 2:
        raise DataError("paths", f"{len(paths)} in full, factor {factor}; two of each are needed")
    learned = learn_map(paths[::2], factor, masses)
    best: Audit | None = None
    for method in METHODS:
        away = distances(paths[1::2], factor, method, learned)
        away = away if atoms is None else away[:, atoms]
        if not away.size:
            raise DataError("paths", f"too short to leave out frames by the factor {factor}")
        p50, p95, p99 = (float(np.quantile(away, level)) for level in (0.5, 0.95, 0.99))
        mean = float(away.mean())
        if best is None or mean < best.mean:
            best = Audit(factor, method, mean, p50, p95, p99, len(away))
    assert best is not None
    return best, learned


def largest(audits: Sequence[Audit], tolerance: float) -> int:
    """The largest factor whose 99th percentile is within ``tolerance`` in nm; 1 if none is."""
    return max((one.factor for one in audits if one.p99 <= tolerance), default=1)
