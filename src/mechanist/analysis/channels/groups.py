"""Groups of paths by two-way splits, one inside the other, where the density has a valley.

Coordinates that are tried are the features of `mechanist.analysis.channels.path_features`, scaled
to unit variance, and their first principal components; the one with the deepest valley that the
chains support splits the paths in two, and either part is looked at again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mechanist.analysis.channels.valley import WINDOWS, Valley, find_valley, significant
from mechanist.arrays import Array, Mask, Rows

DEPTH = 3
"""Splits one inside the other, at most."""

COMPONENTS = 5
"""Principal components that are tried beside single features."""

FINALISTS = 10
"""Coordinates with the deepest valleys that are tested."""


@dataclass(frozen=True)
class Scale:
    """Standardisation of features (P, K), NaN set to the mean."""

    mean: Array
    spread: Array

    @staticmethod
    def of(values: Array, weights: Array) -> "Scale":
        """Of paths with weights (P,)."""
        known = np.isfinite(values)
        each = weights[:, None] * known
        total = np.maximum(each.sum(axis=0), 1e-300)
        filled = np.where(known, values, 0.0)
        mean = (each * filled).sum(axis=0) / total
        variance = (each * (filled - mean) ** 2).sum(axis=0) / total
        return Scale(mean, np.sqrt(variance))

    def scaled(self, values: Array) -> Array:
        """Features (P, K) with mean 0 and unit variance; 0 where nothing varies or is known."""
        spread = np.where(self.spread > 1e-12, self.spread, np.inf)
        return np.nan_to_num((values - self.mean) / spread)


@dataclass(frozen=True)
class Split:
    """A hyperplane in scaled features, and what lies on either side of it."""

    direction: Array
    at: float
    below: "Split | None" = None
    above: "Split | None" = None

    @property
    def groups(self) -> int:
        """Number of groups."""
        return sum(1 if side is None else side.groups for side in (self.below, self.above))

    def assign(self, scaled: Array) -> Rows:
        """Group (P,) of each path by its scaled features (P, K)."""
        over = scaled @ self.direction > self.at
        first = 1 if self.below is None else self.below.groups
        result = np.where(over, first, 0)
        for side, rows, offset in ((self.below, ~over, 0), (self.above, over, first)):
            if side is not None:
                result[rows] = offset + side.assign(scaled[rows])
        return result

    def to_json(self, names: Sequence[str]) -> dict[str, Any]:
        """Plain data; features without weight are left out."""
        rows = np.flatnonzero(self.direction)
        return {
            "direction": {names[i]: float(self.direction[i]) for i in rows.tolist()},
            "at": self.at,
            "below": None if self.below is None else self.below.to_json(names),
            "above": None if self.above is None else self.above.to_json(names),
        }

    @staticmethod
    def from_json(content: dict[str, Any] | None, names: Sequence[str]) -> "Split | None":
        """Inverse of `to_json`."""
        if content is None:
            return None
        direction = np.zeros(len(names))
        for name, value in content["direction"].items():
            direction[names.index(name)] = value
        below, above = (Split.from_json(content[key], names) for key in ("below", "above"))
        return Split(direction, float(content["at"]), below, above)


@dataclass(frozen=True)
class Draws:
    """Paths as draws of Markov chains.

    Parameters
    ----------
    weights
        (P,) moves in the later half of its chain for which a path was current.
    series
        Series (moves,) along each chain of values (P,) of paths.
    family
        (C,) of these chains.
    """

    weights: Array
    series: Callable[[Array, Array], list[Array]] = field(repr=False)
    family: Rows

    def within(self, rows: Mask) -> "Draws":
        """Of the paths of some ``rows`` (P,) only."""
        return Draws(self.weights * rows, self.series, self.family)


def find_split(scaled: Array, draws: Draws, depth: int = DEPTH) -> Split | None:
    """Groups of paths by scaled features (P, K); None if they are one."""
    if depth == 0 or not draws.weights.any():
        return None
    candidates: list[tuple[Valley, Array]] = []
    directions = _directions(scaled, draws.weights)
    used = draws.weights > 0
    for direction in directions:
        for window in WINDOWS:
            valley = find_valley(scaled[used] @ direction, draws.weights[used], window)
            if valley is not None:
                candidates.append((valley, direction))
                break
    candidates.sort(key=lambda one: one[0].depth)
    for valley, direction in candidates[:FINALISTS]:
        series = draws.series(scaled @ direction, draws.weights)
        if significant(valley, series, draws.family, len(WINDOWS) * len(directions)):
            over = scaled @ direction > valley.at
            below, above = (find_split(scaled, draws.within(r), depth - 1) for r in (~over, over))
            return Split(direction, valley.at, below, above)
    return None


def _directions(scaled: Array, weights: Array) -> list[Array]:
    """Unit vectors of single features that vary, and of their first principal components."""
    used = weights > 0
    part, each = scaled[used], weights[used] / weights.sum()
    centred = part - each @ part
    variance = each @ centred**2
    varies = np.flatnonzero(variance > 1e-6)
    single = list(np.eye(scaled.shape[1])[varies])
    if len(varies) < 2:
        return single
    some = centred[:, varies] / np.sqrt(variance[varies])
    _, vectors = np.linalg.eigh((some * each[:, None]).T @ some)
    for vector in vectors[:, ::-1][:, :COMPONENTS].T:
        direction = np.zeros(scaled.shape[1])
        direction[varies] = vector / np.sqrt(variance[varies])
        single.append(direction)
    return single
