"""Which frame of a path to shoot from.

p(x | path) = f(x) / sum of f over the frames of the path between the states. With a model,
f(x) = L(q(x)) / rho(p_B(x)): a Lorentzian L = gamma / (gamma^2 + q^2) centred on the transition
state, divided by the density rho of candidate frames in p_B, so that plateaus do not take most of
the shots (Jung et al., Nat. Comput. Sci. 3, 334 (2023)). Any f > 0 leaves the path ensemble
invariant, because the acceptance rule accounts for it; f only affects the efficiency.

Half-shots have a maximum length; longer ones are rejected. The reverse move is a shot as well, so a
frame from which one half of the old path is too long must not be chosen either: f = 0 there, in all
sums. The ensemble is then that of paths with a frame from which both ends are within the limit.

States are checked at every frame; candidates may be every k-th only, counted from the shooting
point (`sampling.candidates`). Old and new path share that point, so also the grid of candidates:
the way back picks x among the candidates of the new path, and the grid through x in the old path is
the old one. A path then occurs with each of the k grids that has a candidate in it. With F frames
that may be shot from these are min(k, F), so that paths shorter than k would be too rare; the
weight 1 / min(k, F) of each of its grids gives every path its weight in the ensemble
(`Candidates.grids`, `mechanist.sampling.chains.chain.Chains.acceptance`).

==========  ===================================================
f           `Candidates.weights`
sum of f    `Candidates.total`
min(k, F)   `Candidates.grids`
gamma       `Lorentzian.gamma`
rho         `Lorentzian.density`, by bins with `Lorentzian.edges`
==========  ===================================================
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Frames, Q
from mechanist.errors import SamplingError
from mechanist.statistics.logistic import q_to_p


@dataclass(frozen=True, slots=True)
class Candidates:
    """Frames of a path between the states.

    Parameters
    ----------
    weights
        (F,) the weights f.
    p_predicted
        (F,) predicted p_B, or NaN.
    total
        Sum of the weights.
    grids
        Grids of candidates that the path may have.
    """

    weights: Array
    p_predicted: Array
    total: float
    grids: int = 1


@dataclass(frozen=True, slots=True)
class Grid:
    """Which frames of a path are its candidates, if not all between the states.

    Parameters
    ----------
    places
        (F,) numbers of the candidates in the path, whose first frame has the number 0.
    length
        All frames of the path, ends included.
    every
        Distance of two candidates in frames.
    """

    places: NDArray[np.int64]
    length: int
    every: int

    def allowed(self, longest: int | None) -> NDArray[np.bool_]:
        """Which candidates (F,) leave halves of at most ``longest`` frames."""
        if longest is None:
            return np.ones(len(self.places), dtype=np.bool_)
        return (self.places <= longest) & (self.length - 1 - self.places <= longest)

    def grids(self, longest: int | None) -> int:
        """Number of different grids of which some candidate leaves such halves; at least 1."""
        inner = self.length - 2
        if longest is not None and self.length - 1 > longest:
            inner = min(inner, longest) - max(1, self.length - 1 - longest) + 1
        return max(1, min(self.every, inner))


Grids = Sequence[Grid] | None
"""Of some paths; None: all frames between the states are candidates."""


def lengths_of(paths: Sequence[Array | Frames]) -> NDArray[np.int64]:
    """Lengths of some arrays, (K,)."""
    return np.fromiter(map(len, paths), dtype=np.int64, count=len(paths))


def candidates_of(
    paths: Sequence[Frames],
    weights: Array,
    p_predicted: Array,
    longest: int | None,
    grids: Grids = None,
) -> list[Candidates]:
    """Candidates of each path, from weights and p_B of all frames, one path after the other.

    Parameters
    ----------
    paths
        (K) frames between the states.
    weights, p_predicted
        (F,) of all frames.
    longest
        Most frames of a half-shot; None: no limit. If no frame of a path is within the limit, all
        are candidates: such a first path is not in the ensemble, and any move into it is valid.
    grids
        Of each path, if not all frames between the states are given.

    Raises
    ------
    SamplingError
        If weights are not finite, negative, or all zero.
    """
    if not paths:
        return []
    stops = np.cumsum(lengths_of(paths))
    starts = stops - lengths_of(paths)
    whole = stops - starts if grids is None else np.array([one.length - 2 for one in grids])
    if longest is not None and int(whole.max()) > longest:
        # Shorter paths cannot have a half beyond the limit.
        weights = weights.copy()
        for i, (start, stop) in enumerate(zip(starts.tolist(), stops.tolist(), strict=True)):
            allowed = shootable(stop - start, longest)
            if grids is not None:
                allowed = grids[i].allowed(longest)
            if allowed.any():
                weights[start:stop] *= allowed
    totals = np.add.reduceat(weights, starts)
    if not (np.isfinite(weights).all() and (weights >= 0).all() and (totals > 0).all()):
        raise SamplingError("selection", "weights are not finite, negative, or all zero")
    counts = [1] * len(paths) if grids is None else [one.grids(longest) for one in grids]
    bounds = zip(starts.tolist(), stops.tolist(), totals.tolist(), counts, strict=True)
    return [Candidates(weights[a:b], p_predicted[a:b], total, n) for a, b, total, n in bounds]


def pick(candidates: Sequence[Candidates], u: Array) -> NDArray[np.int64]:
    """Draw a frame of each path with probability f / sum f by uniform numbers u (K,): (K,)."""
    lengths = lengths_of([c.weights for c in candidates])
    totals = np.array([c.total for c in candidates])
    shares = np.concatenate([c.weights for c in candidates]) / np.repeat(totals, lengths)
    sums = np.cumsum(shares)
    stops = np.cumsum(lengths)
    starts = stops - lengths
    ends = sums[stops - 1]
    before = np.where(starts > 0, sums[starts - 1], 0.0)
    found = np.searchsorted(sums, before + u * (ends - before), side="right")
    # Rounding must not lead beyond the path, nor to a frame of zero weight at its end.
    last = np.searchsorted(sums, ends, side="left")
    return np.asarray(np.clip(found, starts, last) - starts)


def one_after_another(paths: Sequence[Frames]) -> Frames:
    """Frames of all paths; a single one is not copied."""
    return paths[0] if len(paths) == 1 else np.concatenate(paths)


def shootable(frames: int, longest: int) -> NDArray[np.bool_]:
    """Which of the ``frames`` between the states leave halves of at most ``longest`` frames."""
    number = np.arange(frames)
    return (number + 1 <= longest) & (frames - number <= longest)


class Selection(Protocol):
    """Weighs the frames of paths."""

    @property
    def model(self) -> str:
        """Name of the model, empty without one."""

    def candidates(self, paths: Sequence[Frames], grids: Grids = None) -> Sequence[Candidates]:
        """Weigh the frames (F, N, 3) of each path that lie between the states, or on its grid."""


@dataclass(frozen=True)
class Uniform:
    """The same weight for all frames.

    Parameters
    ----------
    longest
        Most frames of a half-shot; None: no limit.
    """

    longest: int | None = None
    model: str = ""

    def candidates(self, paths: Sequence[Frames], grids: Grids = None) -> list[Candidates]:
        """See `Selection`."""
        count = int(lengths_of(paths).sum())
        return candidates_of(paths, np.ones(count), np.full(count, np.nan), self.longest, grids)


@dataclass(frozen=True)
class Lorentzian:
    """A Lorentzian in q, flattened by the density of candidate frames in p_B.

    Parameters
    ----------
    q
        From positions (F, N, 3) in nm to q (F,).
    gamma
        Width in q.
    edges, density
        Histogram of candidate frames in p_B, (K + 1,) and (K,), positive; None: not flattened.
    model
        Name of the model.
    uniform
        Give all frames the same weight and use the model for predictions only.
    longest
        Most frames of a half-shot; None: no limit.
    """

    q: Callable[[Frames], Q]
    gamma: float
    edges: Array | None
    density: Array | None
    model: str
    uniform: bool = False
    longest: int | None = None

    def candidates(self, paths: Sequence[Frames], grids: Grids = None) -> list[Candidates]:
        """See `Selection`."""
        if not paths:
            return []
        q = self.q(one_after_another(paths))
        p = q_to_p(q)
        weights = np.ones(len(p)) if self.uniform else self._weights(q, p)
        return candidates_of(paths, weights, p, self.longest, grids)

    def _weights(self, q: Array, p: Array) -> Array:
        weights = self.gamma / (self.gamma**2 + q**2)
        if self.edges is None or self.density is None:
            return np.asarray(weights)
        bins = np.searchsorted(self.edges, p, side="right") - 1
        return np.asarray(weights / self.density[np.clip(bins, 0, len(self.density) - 1)])
