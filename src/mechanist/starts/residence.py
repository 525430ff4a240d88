"""How long runs stay in a basin: each frame belongs to the core that was visited last.

Frames between the cores thus belong to the basin that they come from (Schuette et al., J. Chem.
Phys. 134, 204105 (2011)).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Mask, Rows


@dataclass(frozen=True)
class Residence:
    """Basins of the frames of all runs.

    Parameters
    ----------
    basins
        (R, F) 0 for A, 1 for B.
    leaves
        How often A and B were left for the other.
    lifetimes
        Mean time in A and B until then, in frames; infinite if they were never left.
    """

    basins: Rows
    leaves: tuple[int, int]
    lifetimes: tuple[float, float]


def residence(cores: tuple[Mask, Mask], begin: Rows) -> Residence:
    """Assign frames to basins.

    Parameters
    ----------
    cores
        (R, F) whether a frame lies in the core of A, and in that of B.
    begin
        (R,) basin that each run starts in.
    """
    visited = np.where(cores[0], 0, np.where(cores[1], 1, -1))
    visited = np.concatenate([begin[:, None], visited], axis=1)
    places = np.where(visited >= 0, np.arange(visited.shape[1])[None], 0)
    latest = np.maximum.accumulate(places, axis=1)
    basins = np.take_along_axis(visited, latest, axis=1)
    left = [((basins[:, :-1] == side) & (basins[:, 1:] != side)).sum() for side in (0, 1)]
    frames = [(basins[:, 1:] == side).sum() for side in (0, 1)]
    times = [float(f) / n if n else float("inf") for f, n in zip(frames, left, strict=True)]
    return Residence(basins[:, 1:], (int(left[0]), int(left[1])), (times[0], times[1]))


def pieces(values: Array, basins: Rows, side: int) -> list[Array]:
    """Values (R, F) of one descriptor, cut into visits (K,) of one basin."""
    found = []
    for run, where in zip(values, basins, strict=True):
        edges = np.flatnonzero(np.diff((where == side).astype(np.int8), prepend=0, append=0))
        found += [run[a:b] for a, b in zip(edges[::2], edges[1::2], strict=True)]
    return found


def correlation_time(visits: Sequence[Array]) -> float:
    """Frames until a descriptor has lost its memory of where it was in its basin.

    Parameters
    ----------
    visits
        Values (K,) of the descriptor in rad or nm, one array a visit.

    Returns
    -------
    float
        Lag at which the autocorrelation of its sine and cosine about their means, over all visits,
        falls below 1/e; nm are small enough for a distance to be its own sine.
    """
    if not visits:
        return 0.0
    parts = [np.stack([np.sin(visit), np.cos(visit)]) for visit in visits]
    every = np.concatenate(parts, axis=1)
    mean, variance = every.mean(axis=1, keepdims=True), float(every.var(axis=1).sum())
    parts = [part - mean for part in parts]
    longest = max(part.shape[1] for part in parts)
    for lag in range(1, longest):
        pairs = [(p[:, lag:] * p[:, :-lag]).sum(axis=0) for p in parts if p.shape[1] > lag]
        if np.concatenate(pairs).mean() < variance / np.e:
            return float(lag)
    return float(longest)
