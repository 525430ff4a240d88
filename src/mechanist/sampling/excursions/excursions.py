"""Excursions: the pieces of an equilibrium trajectory between two visits to a state.

An excursion P starts at a frame in A or B, goes through frames in neither and ends at the next
frame in A or B; mu(P) is the rate at which equilibrium makes it. A chain of excursions picks a
frame x of the current one with probability g(x) / G(P), G the sum of g over its frames, draws new
velocities, runs both halves until they end in a state, and takes the new excursion whatever its
ends. The chance to make P' from P by way of x is g(x) / G(P) * mu(P') / rho(x), so that the chain
has detailed balance with respect to mu(P) G(P) and nothing but a half that is too long or explodes
is rejected (Falkner, Coretti, Dellago, arXiv 2207.14530; Lazzeri, Jung, Bolhuis, Covino, J. Chem.
Theory Comput. 19, 9060 (2023)). Any g > 0 is exact; one that makes rho(x) g(x) even along q makes
the chain wander between A and B.

Shots alone do not lead from one exit of a state to another, because excursions end there. So each
move first offers the chain an excursion that an equilibrium run in the state has made, as replica
exchange with the interior of the state does (van Erp, Phys. Rev. Lett. 98, 268301 (2007)). A run in
A makes P with rate mu(P) b(P), b = 1 for both ends in A and 1/2 for one, and the offer P' is taken
with probability min(1, [G(P') b(P)] / [G(P) b(P')]). Only excursions that stay in windows which
many of the runs' excursions reach are exchanged, on both sides: the few that went further would be
offered again and again, and all chains would share their chance.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Frames, Mask, NamedArrays, Rows, Weights
from mechanist.engine.half_shots import END_NAMES, HalfShots, in_states
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.path_ensemble import TransitionPaths
from mechanist.sampling.chains.selection import Candidates, candidates_of, lengths_of
from mechanist.sampling.excursions.windows import windows_of
from mechanist.sampling.records.packing import packed, unpacked
from mechanist.sampling.streams import shot_seeds, uniforms
from mechanist.statistics.logistic import q_to_p

EXCURSION_COLUMNS = (
    "source",
    "start",
    "chain",
    "move",
    "first_frame",
    "frames",
    "shooting_frame",
)
"""One row an excursion, in the order of its TRR, the frames in the states included. ``source`` is
A or B for an equilibrium run, the state that the excursion leaves, and ``shot`` for a chain of
excursions; ``start`` says where the run began, A or B, or what the chain started from: an
excursion that leaves A or B, or a transition ``path``; ``chain`` is the run or the chain; ``move``
and ``shooting_frame`` are -1 for runs."""

EXCHANGE_STREAM = 2**38
"""Added to the number of a chain for the random numbers of its exchanges."""


@dataclass(frozen=True, slots=True)
class InWindows(Candidates):
    """Frames that can be shot from, and the window (F,) of each."""

    windows: NDArray[np.int64]


@dataclass(frozen=True)
class EvenWindows:
    """Weighs a frame by the window of q that it lies in.

    Parameters
    ----------
    q
        From positions (F, N, 3) in nm to q (F,).
    edges
        (W + 1,) of the windows; the outermost go on beyond them.
    log_weights
        (W,) ln g.
    longest
        Frames that a half may have at most.
    model
        Name of the model.
    """

    q: Callable[[Frames], Array]
    edges: Array
    log_weights: Array
    longest: int
    model: str

    def candidates(self, paths: Sequence[Frames]) -> list[InWindows]:
        """See `mechanist.sampling.chains.selection.Selection`."""
        if not paths:
            return []
        q = self.q(np.concatenate(paths))
        windows = windows_of(q, self.edges)
        weights = np.exp(self.log_weights[windows])
        found = candidates_of(paths, weights, q_to_p(q), self.longest)
        parts = np.split(windows, np.cumsum(lengths_of(paths))[:-1])
        return [
            InWindows(one.weights, one.p_predicted, one.total, part)
            for one, part in zip(found, parts, strict=True)
        ]


@dataclass(frozen=True)
class Reservoir:
    """Excursions of equilibrium runs in one state that stay in well known windows.

    Parameters
    ----------
    state
        ``A`` or ``B``.
    windows
        (W,) the windows that an excursion may have frames in to be exchanged.
    excursions
        (K) frames of each, with both ends.
    ends
        (K) reasons of their two ends.
    window_frames
        (K, W) frames of each in each window that can be shot from.
    """

    state: str
    windows: NDArray[np.bool_]
    excursions: Sequence[Frames]
    ends: Sequence[tuple[str, str]]
    window_frames: Array

    def share(self, ends: tuple[str, str]) -> float:
        """How many of the two ends lie in the state, in halves: b of an excursion."""
        return ends.count(self.state) / 2


COMMON = 100
"""Excursions of runs that reach a window, or one beyond it, for it to be well known."""


def make_reservoir(
    state: str,
    excursions: Sequence[Frames],
    ends: Sequence[tuple[str, str]],
    visited: NDArray[np.bool_],
    window_frames: Array,
) -> Reservoir:
    """Keep the excursions (K) that stay in windows which at least `COMMON` of them reach.

    ``visited`` (K, W) says in which windows each has frames, ``window_frames`` (K, W) how many of
    them can be shot from; excursions without such a frame are left out.
    """
    toward = visited if state == "A" else visited[:, ::-1]
    # An excursion out of A reaches all windows up to its highest, one out of B down to its lowest.
    reached = np.flip(np.maximum.accumulate(np.flip(toward, axis=1), axis=1), axis=1)
    known = reached.sum(axis=0) >= COMMON
    known = known if state == "A" else known[::-1]
    kept = [
        int(i) for i in np.flatnonzero(window_frames.any(axis=1) & ~visited[:, ~known].any(axis=1))
    ]
    return Reservoir(
        state, known, [excursions[i] for i in kept], [ends[i] for i in kept], window_frames[kept]
    )


@dataclass(frozen=True)
class Excursions(TransitionPaths):
    """Paths between two visits to a state, whichever; all are accepted."""

    def joins(self, ends: NDArray[np.int8]) -> Mask:
        """See `mechanist.sampling.chains.path_ensemble.PathEnsemble`."""
        return np.asarray(in_states(ends).all(axis=1))

    def oriented(self, path: CurrentPath, ends: NDArray[np.int8]) -> CurrentPath:
        """See `mechanist.sampling.chains.path_ensemble.PathEnsemble`."""
        return path

    def acceptance(self, old: Weights, new: Weights) -> Array:
        """See `mechanist.sampling.chains.path_ensemble.PathEnsemble`."""
        return np.ones(len(old))


class ExcursionChains(Chains):
    """Chains whose states are excursions; all that ends in states is accepted.

    Parameters
    ----------
    numbers, paths, selection, seed, sigma
        As of `Chains`.
    ends
        (C, 2) states at the two ends of the paths, A or B.
    reservoirs
        What chains are offered before each move.
    """

    def __init__(
        self,
        numbers: NDArray[np.int64],
        paths: Sequence[CurrentPath],
        ends: Sequence[tuple[str, str]],
        selection: EvenWindows,
        reservoirs: Sequence[Reservoir],
        seed: int,
        sigma: Array,
    ) -> None:
        super().__init__(numbers, paths, Excursions(selection), seed, sigma)
        self._path_ends = list(ends)
        self._reservoirs = reservoirs
        self._windows = selection
        self.exchanges = 0

    def use(self, selection: EvenWindows) -> None:
        """Weigh frames anew from here on."""
        self._windows, self.ensemble = selection, Excursions(selection)
        self.candidates = list(selection.candidates([path.interior for path in self.paths]))

    def state(self) -> NamedArrays:
        """As of `Chains`, with the current excursions: those of runs are in no table of shots."""
        lengths, frames = packed([path.frames for path in self.paths], self.paths[0].frames)
        windows = [one.windows for one in self.candidates if isinstance(one, InWindows)]
        return super().state() | {
            "log_weights": self._windows.log_weights,
            "exchanges": np.array(self.exchanges),
            "windows": np.concatenate(windows),
            "path_ends": np.array(self._path_ends, dtype="U8"),
            "path_lengths": lengths,
            "path_frames": frames,
            "path_moves": np.array([path.move for path in self.paths]),
            "path_points": np.array([path.shooting_frame for path in self.paths]),
        }

    def restore(self, state: NamedArrays, paths: Sequence[CurrentPath]) -> None:
        """Go on from a `state`; ``paths`` are those in it."""
        columns = (state["path_moves"].tolist(), state["path_points"].tolist())
        frames = unpacked(state["path_lengths"], state["path_frames"])
        super().restore(state, [CurrentPath(*row) for row in zip(frames, *columns, strict=True)])
        windows = unpacked(state["candidates"], state["windows"])
        self.candidates = [
            InWindows(one.weights, one.p_predicted, one.total, window)
            for one, window in zip(self.candidates, windows, strict=True)
        ]
        self._windows = replace(self._windows, log_weights=state["log_weights"])
        self.ensemble = Excursions(self._windows)
        self._path_ends = [(str(first), str(last)) for first, last in state["path_ends"].tolist()]
        self.exchanges = int(state["exchanges"])

    @property
    def windows(self) -> EvenWindows:
        """What frames are weighed by now."""
        return self._windows

    def propose(self, rows: Rows) -> HalfShots:
        """Offer excursions of the reservoirs, then shoot from the current ones."""
        seeds = shot_seeds(self.seed, self.numbers[rows] + EXCHANGE_STREAM, self.moves[rows])
        for i, reservoir in enumerate(self._reservoirs):
            if reservoir.excursions:
                self._exchange(reservoir, rows, uniforms(seeds, 2 * i, 2))
        return super().propose(rows)

    def _exchange(self, reservoir: Reservoir, rows: Rows, u: Array) -> None:
        """Offer each chain one excursion, by two uniform numbers each (K, 2)."""
        drawn = (u[:, 0] * len(reservoir.excursions)).astype(np.int64)
        offered = np.array([reservoir.share(reservoir.ends[i]) for i in drawn.tolist()])
        now = np.array([reservoir.share(self._path_ends[row]) for row in rows.tolist()])
        old = np.array([self.candidates[row].total for row in rows.tolist()])
        new = reservoir.window_frames[drawn] @ np.exp(self._windows.log_weights)
        taken = np.flatnonzero((now > 0) & (u[:, 1] * old * offered < new * now))
        taken = taken[self._well_known(reservoir, rows[taken])]
        paths = [
            CurrentPath(reservoir.excursions[drawn[i]], int(self.moves[rows[i]]), 1)
            for i in taken.tolist()
        ]
        candidates = self.ensemble.candidates([path.interior for path in paths])
        for i, path, weighed in zip(taken.tolist(), paths, candidates, strict=True):
            row = int(rows[i])
            self._path_ends[row] = reservoir.ends[drawn[i]]
            super().accept(row, path, weighed)
        self.exchanges += len(taken)

    def _well_known(self, reservoir: Reservoir, rows: Rows) -> NDArray[np.bool_]:
        """Which chains' excursions (K,) stay in the windows of a reservoir."""
        current = [self.candidates[row] for row in rows.tolist()]
        inside = [
            isinstance(one, InWindows) and bool(reservoir.windows[one.windows].all())
            for one in current
        ]
        return np.array(inside, dtype=np.bool_)

    def accept(self, row: int, path: CurrentPath, candidates: Candidates) -> None:
        """Make an excursion the current one of a chain."""
        first, last = END_NAMES[self._ends[row]]
        self._path_ends[row] = (first, last)
        super().accept(row, path, candidates)


def pieces(labels: NDArray[np.int8]) -> list[slice]:
    """Excursions of a labelled trajectory, as ranges of frames with both ends in states."""
    inside = np.flatnonzero(labels)
    gaps = np.flatnonzero(np.diff(inside) > 1)
    return [slice(int(inside[i]), int(inside[i + 1]) + 1) for i in gaps]
