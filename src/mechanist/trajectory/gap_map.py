"""Linear maps from known frames to the missing ones between, learned on paths stored in full.

Thermal noise between known frames cannot be known. A map gives the mean of the missing frames,
which is nearest to the truth but too smooth: bonds come out too short and nothing vibrates. With a
draw of what the map left over in other paths, averages over restored frames come nearer.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.trajectory.superres.frame import Placement, rotations

Array = NDArray[np.float64]
Rows = NDArray[np.int64]
Known = tuple[int, ...]
"""Numbers of the known frames of a gap that begins at 0: one or two before it, one or two after."""

PENALTY = 1e-4
"""Of a map, in parts of the largest eigenvalue of its inputs."""

MOST = 20_000
"""Gaps that a map is learned from, at most."""

LEAST = 100
"""Gaps that it is learned from, at least."""

LEFT_OVER = 1000
"""Gaps of which it is kept what the map left over, at most."""


def length_of(known: Known) -> int:
    """Frames from the known frame before the gap to the one after."""
    return known[known.index(0) + 1]


@dataclass(frozen=True)
class GapMap:
    """A linear map.

    Parameters
    ----------
    known
        Of the gap.
    reference
        (N, 3) in nm, the geometry on which gaps are laid.
    masses
        (N,) in Da.
    weights
        (3 N K + 1, (length - 1) x 3 N) for K known frames; the last row is the constant.
    left_over
        (R, length - 1, N, 3) in nm, true frames less those of the map, laid on the reference.
    """

    known: Known
    reference: Array
    masses: Array
    weights: Array
    left_over: Array

    def __call__(self, knots: Array, rng: np.random.Generator | None = None) -> Array:
        """Frames (B, length - 1, N, 3) in nm of gaps with known frames (B, K, N, 3).

        With ``rng`` what the map leaves over is drawn, without it is left out.
        """
        inputs, placement = _inputs(knots, self.known, self.reference, self.masses)
        frames = (inputs @ self.weights[:-1] + self.weights[-1]).reshape(
            len(knots), -1, *self.reference.shape
        )
        if rng is not None:
            frames = frames + self.left_over[rng.integers(len(self.left_over), size=len(knots))]
        return placement.back(frames)


def _inputs(knots: Array, known: Known, reference: Array, masses: Array) -> tuple[Array, Placement]:
    """Known frames (B, 3 N K) on the reference, and the way back."""
    share, before = masses / masses.sum(), known.index(0)
    middle = 0.5 * (knots[:, before] + knots[:, before + 1])
    centre = share @ middle
    about = reference - share @ reference
    placement = Placement(rotations(middle - centre[:, None], about, masses), centre)
    return (placement.there(knots) - about).reshape(len(knots), -1), placement


def learn_map(paths: Sequence[Array], known: Known, masses: Array) -> GapMap | None:
    """Learn from paths (L, N, 3) that are stored in full; None if they have too few such gaps."""
    offsets = np.array(known) - known[0]
    span = int(offsets[-1]) + 1
    windows = [
        path[np.arange(len(path) - span + 1)[:, None] + np.arange(span)]
        for path in paths
        if len(path) >= span
    ]
    if sum(map(len, windows)) < LEAST:
        return None
    every = np.concatenate(windows)
    every = every[:: -(-len(every) // MOST)]
    reference = paths[0][0]
    inputs, placement = _inputs(every[:, offsets], known, reference, masses)
    missing = np.arange(1, length_of(known)) - known[0]
    inner = placement.there(every[:, missing]).reshape(len(every), -1)
    mean, offset = inputs.mean(axis=0), inner.mean(axis=0)
    inputs, inner = inputs - mean, inner - offset
    values, vectors = np.linalg.eigh(inputs.T @ inputs)
    projected = vectors.T @ (inputs.T @ inner)
    weights = vectors @ (projected / (values + PENALTY * values[-1])[:, None])
    left = (inner - inputs @ weights)[:: -(-len(inner) // LEFT_OVER)]
    return GapMap(
        known,
        reference,
        masses,
        np.concatenate([weights, (offset - mean @ weights)[None]]),
        left.reshape(len(left), len(missing), *reference.shape),
    )


class GapMaps:
    """Maps for all kinds of gaps, each learned when it is first asked for.

    Parameters
    ----------
    paths
        (L, N, 3) each in nm, stored in full, that maps are learned from.
    masses
        (N,) in Da.
    """

    def __init__(self, paths: Sequence[Array], masses: Array) -> None:
        self._paths, self._masses = paths, masses
        self._maps: dict[Known, GapMap | None] = {}

    def of(self, known: Known) -> GapMap | None:
        """The map of a kind of gap; None where the paths have too few."""
        if known not in self._maps:
            self._maps[known] = learn_map(self._paths, known, self._masses)
        return self._maps[known]


def gaps_of(rows: Rows) -> dict[Known, list[int]]:
    """Gaps of a path by kind: numbers of the known frames before them, among ``rows`` (K,)."""
    result: dict[Known, list[int]] = {}
    for i in np.flatnonzero(np.diff(rows) > 1).tolist():
        near = rows[max(0, i - 1) : i + 3] - rows[i]
        result.setdefault(tuple(near.tolist()), []).append(i)
    return result
