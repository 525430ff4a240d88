"""Windows of q that fall apart: regions that chains of excursions hardly exchange between.

The estimator takes the shooting points of a window to be at equilibrium within it. Where two
channels share a window and chains stay in one of them, their shares in the window are those of the
chains' starts. Such a window is divided, and each part counts as a window of its own, whose share
follows from the excursions that connect it with others and with the states.

In each window the features of the shooting points are reduced to their principal components, and
the direction is found in which the means of chains differ most, in units of the spread of all
points. If split R-hat over chains along it is above `APART`, the window is divided by two means,
and its parts are looked at again.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Features, Mask, Rows
from mechanist.statistics.rhat import split_rhat

APART = 1.2
"""R-hat over chains above which a window is divided."""

COMPONENTS = 5
"""Principal components that the direction is found in."""

LEAST_POINTS = 50
"""Shooting points that each part has at least."""

DEPTH = 3
"""Divisions one after another, at most."""


@dataclass(frozen=True)
class Cut:
    """A hyperplane: points whose features (P,) times ``direction`` exceed ``at`` are beyond it."""

    direction: Array
    at: float

    def beyond(self, features: Features) -> Mask:
        """Which points (F, P) lie beyond."""
        return np.asarray(features @ self.direction > self.at)


@dataclass(frozen=True)
class Parts:
    """The parts of one window: a binary tree of cuts, or None for a window that is not divided."""

    cut: Cut | None = None
    near: "Parts | None" = None
    far: "Parts | None" = None

    @property
    def count(self) -> int:
        """Number of parts."""
        if self.near is None or self.far is None:
            return 1
        return self.near.count + self.far.count

    def part(self, features: Features) -> Rows:
        """Part (F,) of each point (F, P)."""
        result = np.zeros(len(features), dtype=np.int64)
        if self.cut is not None and self.near is not None and self.far is not None:
            beyond = self.cut.beyond(features)
            result[~beyond] = self.near.part(features[~beyond])
            result[beyond] = self.near.count + self.far.part(features[beyond])
        return result


def parts_of_windows(features: Features, window: Rows, chain: Rows, windows: int) -> list[Parts]:
    """Parts of each window.

    Parameters
    ----------
    features
        (S, P) of the shooting points, in the order of the moves of each chain.
    window, chain
        (S,) of each.
    windows
        Number of windows.
    """
    found = []
    for number in range(windows):
        mine = window == number
        found.append(_divided(features[mine], chain[mine], DEPTH))
    return found


def cells(parts: Sequence[Parts], window: Rows, features: Callable[[Rows], Features]) -> Rows:
    """Cell (F,) of frames: windows and parts numbered together.

    ``features`` gives those of some frames, by their rows (K,); it is asked for frames in divided
    windows only.
    """
    first = np.cumsum([0, *(one.count for one in parts)])
    result = first[window]
    for number, one in enumerate(parts):
        if one.count > 1:
            rows = np.flatnonzero(window == number)
            result[rows] += one.part(features(rows))
    return np.asarray(result)


def _divided(features: Features, chain: Rows, depth: int) -> Parts:
    """Divide points of one window along the component in which chains differ most."""
    if depth == 0 or len(features) < 2 * LEAST_POINTS:
        return Parts()
    order = [np.flatnonzero(chain == one) for one in np.unique(chain)]
    direction = _differs_most(features, order)
    values = features @ direction
    # Chains that each stay at one value give infinity; NaN says that none is long enough.
    if not split_rhat([values[rows] for rows in order]) > APART:
        return Parts()
    at = _between_two_means(values)
    beyond = values > at
    if min(beyond.sum(), (~beyond).sum()) < LEAST_POINTS:
        return Parts()
    near = _divided(features[~beyond], chain[~beyond], depth - 1)
    far = _divided(features[beyond], chain[beyond], depth - 1)
    return Parts(Cut(direction, at), near, far)


def _differs_most(features: Features, order: Sequence[Rows]) -> Array:
    """Direction (P,) in which the means of chains, of rows ``order``, differ most."""
    scale = features.std(axis=0)
    scale[scale == 0] = 1.0
    centred = (features - features.mean(axis=0)) / scale
    sizes, vectors = np.linalg.eigh(centred.T @ centred / len(centred))
    sizes, vectors = sizes[::-1][:COMPONENTS], vectors[:, ::-1][:, :COMPONENTS]
    whiten = vectors[:, sizes > 1e-9] / np.sqrt(sizes[sizes > 1e-9])
    if not whiten.shape[1]:
        return np.zeros(features.shape[1])
    white = centred @ whiten
    means = np.array([np.sqrt(len(rows)) * white[rows].mean(axis=0) for rows in order])
    _, turned = np.linalg.eigh(means.T @ means)
    return np.asarray(whiten @ turned[:, -1] / scale)


def _between_two_means(values: Array) -> float:
    """Where to cut values (S,) in two with the least sum of squares (the two means)."""
    ordered = np.sort(values)
    n = len(ordered)
    below = np.cumsum(ordered)[:-1]
    counts = np.arange(1, n)
    between = below**2 / counts + (ordered.sum() - below) ** 2 / (n - counts)
    cut = int(between.argmax())
    return float(0.5 * (ordered[cut] + ordered[cut + 1]))
