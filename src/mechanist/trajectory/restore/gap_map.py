"""Linear maps from the known frames around a gap to its missing frames, learned on full paths.

A map gives the conditional mean of the missing frames, which is closest to the truth but lacks
thermal noise. With residuals of the map on other paths, drawn at random, averages over restored
frames are closer to those over true frames. The noise depends on the place; residuals are therefore
drawn from gaps whose ends have similar values of a coordinate, such as q. They are leave-one-out
residuals of ridge regression (Golub, Heath and Wahba, Technometrics 21, 215 (1979)), since those of
the training data would be too small.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Rows
from mechanist.trajectory.restore.gap_coordinates import Coordinates, coordinates_of
from mechanist.trajectory.ridge import LinearMap, decomposed

Known = tuple[int, ...]
"""Known frames of a gap, counted from the last frame before it: one or two on either side."""

Along = Callable[[Array], Array]
"""Positions (F, N, 3) in nm to values (F,) of a coordinate on which the noise may depend."""

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
"""Penalties of a map per gap; the one with the smallest residuals is chosen."""

MOST = 10_000
"""Largest number of gaps that a map is learned from."""

LEAST = 100
"""Smallest number of gaps that a map is learned from."""

RESIDUALS = 2000
"""Largest number of gaps whose residuals are stored."""

NEIGHBOURS = 50
"""Number of gaps with similar ends from which residuals are drawn."""

SMALL = 1e-9
"""Standard deviation below which an input is constant, as for rigid bonds."""


def length_of(known: Known) -> int:
    """Number of steps from the last known frame before the gap to the first one after it."""
    return known[known.index(0) + 1]


def wrapped(values: Array, periodic: NDArray[np.bool_]) -> Array:
    """Differences (..., D) with periodic ones between -pi and pi."""
    turns = np.where(periodic, np.round(values / (2 * np.pi)), 0)
    return np.asarray(values - 2 * np.pi * turns)


@dataclass(frozen=True)
class GapMap:
    """A linear map.

    Parameters
    ----------
    known
        Of the gap.
    periodic
        (D,), which coordinates are periodic.
    linear
        From `inputs_of` the known frames to what is missing on straight lines, (length - 1) D.
    residuals
        (R, length - 1, D), true coordinates less those of the map; none for maps on disk.
    places
        (R, 2), values of the coordinate on which the noise depends, at both ends of these gaps.
    """

    known: Known
    periodic: NDArray[np.bool_]
    linear: LinearMap
    residuals: Array = field(default_factory=lambda: np.zeros((0, 0, 0)))
    places: Array = field(default_factory=lambda: np.zeros((0, 2)))

    def __call__(self, knots: Array) -> Array:
        """Coordinates (B, length - 1, D) of gaps with known ones (B, K, D)."""
        line = straight(knots, self.known, self.periodic)
        return line + self.linear(inputs_of(knots, self.periodic)).reshape(line.shape)

    def draw(self, places: Array, rng: np.random.Generator) -> Array:
        """Residuals (B, length - 1, D) drawn for gaps whose ends have values (B, 2)."""
        if np.ptp(self.places) == 0:
            return self.residuals[rng.integers(len(self.residuals), size=len(places))]
        away = ((places[:, None] - self.places) ** 2).sum(axis=2)
        few = min(NEIGHBOURS, len(self.places))
        near = np.argpartition(away, few - 1, axis=1)[:, :few]
        chosen = near[np.arange(len(near)), rng.integers(few, size=len(near))]
        return self.residuals[chosen]


def inputs_of(knots: Array, periodic: NDArray[np.bool_]) -> Array:
    """Inputs (B, I) of a map for known frames (B, K, D).

    Values; of periodic coordinates cosines, sines and changes.
    """
    turns = knots[..., periodic]
    changes = wrapped(np.diff(turns, axis=1), np.ones(turns.shape[-1], dtype=np.bool_))
    parts = (knots[..., ~periodic], np.cos(turns), np.sin(turns), changes)
    return np.concatenate([part.reshape(len(knots), -1) for part in parts], axis=1)


def straight(knots: Array, known: Known, periodic: NDArray[np.bool_]) -> Array:
    """Straight lines (B, length - 1, D) through a gap, the short way for periodic coordinates."""
    before, length = known.index(0), length_of(known)
    change = wrapped(knots[:, before + 1] - knots[:, before], periodic)
    share = (np.arange(1, length) / length)[:, None]
    return np.asarray(knots[:, before, None] + share * change[:, None])


def learn_map(
    paths: Array, lengths: Rows, places: Array, known: Known, periodic: NDArray[np.bool_]
) -> GapMap | None:
    """Learn from full paths; None if they have too few such gaps.

    Coordinates (F, D) and places (F,) are of all paths one after the other, with ``lengths``.
    """
    offsets = np.array(known) - known[0]
    span = int(offsets[-1]) + 1
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(paths))
    starts = np.flatnonzero(left >= span)
    if len(starts) < LEAST:
        return None
    starts = starts[:: -(-len(starts) // MOST)]
    every = paths[starts[:, None] + np.arange(span)]
    knots, missing = every[:, offsets], np.arange(1, length_of(known)) - known[0]
    away = wrapped(every[:, missing] - straight(knots, known, periodic), periodic)
    y = away.reshape(len(away), -1)
    x = inputs_of(knots, periodic)
    mean, spread = x.mean(axis=0), np.maximum(x.std(axis=0), SMALL)
    some = np.arange(0, len(x), -(-len(x) // RESIDUALS))
    weights, rest = ridge((x - mean) / spread, y - y.mean(axis=0), some)
    begin = starts[some] - known[0]
    return GapMap(
        known,
        periodic,
        LinearMap(mean, spread, np.concatenate([weights, y.mean(axis=0)[None]])),
        rest.reshape(len(some), *away.shape[1:]),
        places[begin[:, None] + [0, length_of(known)]],
    )


def ridge(x: Array, y: Array, some: Rows) -> tuple[Array, Array]:
    """Weights (I, O) of a linear map with the best penalty, and leave-one-out residuals (R, O).

    Inputs (B, I) and targets (B, O) are centred; residuals are computed for the rows ``some`` (R,).
    """
    parts, scale = decomposed(x, y), np.maximum(y.std(axis=0), SMALL)
    turned = x[some] @ parts.vectors
    square = turned**2
    best: tuple[float, Array, Array] | None = None
    for penalty in PENALTIES:
        inverse = parts.inverse(penalty * len(x))
        # The mean has been learned too.
        own = square @ inverse + 1 / len(x)
        inner = inverse[:, None] * parts.projected
        left = (y[some] - turned @ inner) / np.maximum(1 - own, SMALL)[:, None]
        size = float(((left / scale) ** 2).mean())
        if best is None or size < best[0]:
            best = size, parts.vectors @ inner, left
    assert best is not None
    return best[1], best[2]


@dataclass
class Maps:
    """Maps by kind of gap, in some coordinates; None where the paths had too few gaps."""

    coordinates: Coordinates
    found: dict[Known, GapMap | None] = field(default_factory=dict)

    def places(self, x: Array) -> Array:
        """Values (F,) of the coordinate on which the noise depends, at frames (F, N, 3)."""
        return np.zeros(len(x))

    def of(self, known: Known) -> GapMap | None:
        """The map for a kind of gap, if there is one."""
        return self.found.get(known)


class GapMaps(Maps):
    """Maps for all kinds of gaps, each learned on first use.

    Parameters
    ----------
    paths
        (L, N, 3) each in nm, stored in full; the training data.
    masses
        (N,) in Da.
    along
        The coordinate on which the noise depends; None: the noise is the same everywhere.

    Raises
    ------
    DataError
        If no coordinates can be chosen.
    """

    def __init__(self, paths: Sequence[Array], masses: Array, along: Along | None = None) -> None:
        self.reference, self.masses, self._along = paths[0][0], masses, along
        super().__init__(coordinates_of(self.reference, masses))
        every = np.concatenate(paths)
        self._values, self._places = self.coordinates.values(every), self.places(every)
        self._lengths = np.array([len(path) for path in paths])

    def places(self, x: Array) -> Array:
        """Values (F,) of the coordinate on which the noise depends, at frames (F, N, 3)."""
        return np.zeros(len(x)) if self._along is None else self._along(x)

    def of(self, known: Known) -> GapMap | None:
        """The map for a kind of gap; None where the paths have too few."""
        if known not in self.found:
            self.found[known] = learn_map(
                self._values, self._lengths, self._places, known, self.coordinates.periodic
            )
        return self.found[known]


def gaps_of(rows: Rows) -> dict[Known, list[int]]:
    """Gaps of a path by kind: indices into ``rows`` (K,) of the last known frames before them."""
    result: dict[Known, list[int]] = {}
    for i in np.flatnonzero(np.diff(rows) > 1).tolist():
        near = rows[max(0, i - 1) : i + 3] - rows[i]
        result.setdefault(tuple(near.tolist()), []).append(i)
    return result
