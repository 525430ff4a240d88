"""Linear maps from known frames to the missing ones between, learned on paths stored in full.

Thermal noise between known frames cannot be known. A map gives the mean of the missing frames,
which is nearest to the truth but too smooth: nothing vibrates. With a draw of what the map left
over in other paths, averages over restored frames come nearer. How much is left over differs from
place to place; so it is drawn from gaps with ends at like values of a coordinate, as is q. It is
that of a map which has not seen the gap (leave-one-out residuals of ridge regression: Golub, Heath
and Wahba, Technometrics 21, 215 (1979)); that of the map itself would be too small.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Rows
from mechanist.trajectory.restore.gap_coordinates import Coordinates, coordinates_of
from mechanist.trajectory.ridge import decomposed

Known = tuple[int, ...]
"""Numbers of the known frames of a gap that begins at 0: one or two before it, one or two after."""

Along = Callable[[Array], Array]
"""Positions (F, N, 3) in nm to values (F,) of a coordinate along which noise may differ."""

PENALTIES = (1e-4, 1e-3, 1e-2, 1e-1)
"""Of a map, in parts of the number of gaps; the one that leaves least over is taken."""

MOST = 10_000
"""Gaps that a map is learned from, at most."""

LEAST = 100
"""Gaps that it is learned from, at least."""

LEFT_OVER = 2000
"""Gaps of which it is looked at and kept what the map left over, at most."""

ALIKE = 50
"""Gaps with ends at like values from which what is left over is drawn, at most."""

SMALL = 1e-9
"""Standard deviation below which an input counts as constant, as rigid bonds do."""


def length_of(known: Known) -> int:
    """Frames from the known frame before the gap to the one after."""
    return known[known.index(0) + 1]


def wrapped(values: Array, turning: NDArray[np.bool_]) -> Array:
    """Differences (..., D) with angles between minus and plus half a turn."""
    turns = np.where(turning, np.round(values / (2 * np.pi)), 0)
    return np.asarray(values - 2 * np.pi * turns)


@dataclass(frozen=True)
class GapMap:
    """A linear map.

    Parameters
    ----------
    known
        Of the gap.
    turning
        (D,), which coordinates are angles that may go round.
    mean, spread
        (I,) of the inputs.
    weights
        (I + 1, (length - 1) D); the last row is the constant.
    left_over
        (R, length - 1, D), true coordinates less those of the map.
    places
        (R, 2), values of the coordinate along which noise differs, at both ends of these gaps.
    """

    known: Known
    turning: NDArray[np.bool_]
    mean: Array
    spread: Array
    weights: Array
    left_over: Array
    places: Array

    def __call__(self, knots: Array) -> Array:
        """Coordinates (B, length - 1, D) of gaps with known ones (B, K, D)."""
        x = (inputs_of(knots, self.turning) - self.mean) / self.spread
        line = straight(knots, self.known, self.turning)
        return np.asarray(line + (x @ self.weights[:-1] + self.weights[-1]).reshape(line.shape))

    def draw(self, places: Array, rng: np.random.Generator) -> Array:
        """What may be left over, (B, length - 1, D), in gaps whose ends have values (B, 2)."""
        if np.ptp(self.places) == 0:
            return self.left_over[rng.integers(len(self.left_over), size=len(places))]
        away = ((places[:, None] - self.places) ** 2).sum(axis=2)
        few = min(ALIKE, len(self.places))
        near = np.argpartition(away, few - 1, axis=1)[:, :few]
        chosen = near[np.arange(len(near)), rng.integers(few, size=len(near))]
        return self.left_over[chosen]


def inputs_of(knots: Array, turning: NDArray[np.bool_]) -> Array:
    """What a map sees (B, I) of known frames (B, K, D).

    Values; of angles that go round cosine, sine and their changes.
    """
    turns = knots[..., turning]
    changes = wrapped(np.diff(turns, axis=1), np.ones(turns.shape[-1], dtype=np.bool_))
    parts = (knots[..., ~turning], np.cos(turns), np.sin(turns), changes)
    return np.concatenate([part.reshape(len(knots), -1) for part in parts], axis=1)


def straight(knots: Array, known: Known, turning: NDArray[np.bool_]) -> Array:
    """Straight lines (B, length - 1, D) through a gap, the short way round."""
    before, length = known.index(0), length_of(known)
    change = wrapped(knots[:, before + 1] - knots[:, before], turning)
    share = (np.arange(1, length) / length)[:, None]
    return np.asarray(knots[:, before, None] + share * change[:, None])


def learn_map(
    paths: Array, lengths: Rows, places: Array, known: Known, turning: NDArray[np.bool_]
) -> GapMap | None:
    """Learn from paths in full; None if they have too few such gaps.

    Coordinates (F, D) and places (F,) are those of all paths one after the other, of ``lengths``.
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
    away = wrapped(every[:, missing] - straight(knots, known, turning), turning)
    y = away.reshape(len(away), -1)
    x = inputs_of(knots, turning)
    mean, spread = x.mean(axis=0), np.maximum(x.std(axis=0), SMALL)
    some = np.arange(0, len(x), -(-len(x) // LEFT_OVER))
    weights, rest = ridge((x - mean) / spread, y - y.mean(axis=0), some)
    begin = starts[some] - known[0]
    return GapMap(
        known,
        turning,
        mean,
        spread,
        np.concatenate([weights, y.mean(axis=0)[None]]),
        rest.reshape(len(some), *away.shape[1:]),
        places[begin[:, None] + [0, length_of(known)]],
    )


def ridge(x: Array, y: Array, some: Rows) -> tuple[Array, Array]:
    """Weights (I, O) of a linear map by the best penalty, and leave-one-out residuals (R, O).

    Inputs (B, I) and what is wanted (B, O) are centred; ``some`` (R,) rows are judged.
    """
    parts, scale = decomposed(x, y), np.maximum(y.std(axis=0), SMALL)
    turned = x[some] @ parts.vectors
    square = turned**2
    best: tuple[float, Array, Array] | None = None
    for penalty in PENALTIES:
        inverse = parts.inverse(penalty * len(x))
        # One of the numbers that are learned is the mean.
        own = square @ inverse + 1 / len(x)
        inner = inverse[:, None] * parts.projected
        left = (y[some] - turned @ inner) / np.maximum(1 - own, SMALL)[:, None]
        size = float(((left / scale) ** 2).mean())
        if best is None or size < best[0]:
            best = size, parts.vectors @ inner, left
    assert best is not None
    return best[1], best[2]


class GapMaps:
    """Maps for all kinds of gaps, each learned when it is first asked for.

    Parameters
    ----------
    paths
        (L, N, 3) each in nm, stored in full, that maps are learned from.
    masses
        (N,) in Da.
    along
        The coordinate along which noise may differ; None: it is taken to be alike everywhere.

    Raises
    ------
    DataError
        If no coordinates can be chosen.
    """

    def __init__(self, paths: Sequence[Array], masses: Array, along: Along | None = None) -> None:
        self.coordinates: Coordinates = coordinates_of(paths[0][0], masses)
        self._along = along
        every = np.concatenate(paths)
        self._values, self._places = self.coordinates.values(every), self.places(every)
        self._lengths = np.array([len(path) for path in paths])
        self._maps: dict[Known, GapMap | None] = {}

    def places(self, x: Array) -> Array:
        """Values (F,) of the coordinate along which noise differs, at frames (F, N, 3)."""
        return np.zeros(len(x)) if self._along is None else self._along(x)

    def of(self, known: Known) -> GapMap | None:
        """The map of a kind of gap; None where the paths have too few."""
        if known not in self._maps:
            self._maps[known] = learn_map(
                self._values, self._lengths, self._places, known, self.coordinates.turning
            )
        return self._maps[known]


def gaps_of(rows: Rows) -> dict[Known, list[int]]:
    """Gaps of a path by kind: numbers of the known frames before them, among ``rows`` (K,)."""
    result: dict[Known, list[int]] = {}
    for i in np.flatnonzero(np.diff(rows) > 1).tolist():
        near = rows[max(0, i - 1) : i + 3] - rows[i]
        result.setdefault(tuple(near.tolist()), []).append(i)
    return result
