"""The ensemble of excursions, for `mechanist.sampling.chains.chain.Chains`.

An excursion P starts at a frame in A or B, passes through frames in neither and ends at the next
frame in A or B; mu(P) is the rate at which equilibrium produces it. A shot picks a frame x of the
current excursion with probability g(x) / G(P), where G(P) is the sum of g over its frames, draws
new velocities, and runs both half-shots until they end in a state. It makes P' from P through x
with probability g(x) / G(P) mu(P') / rho(x), so that a chain that accepts every P' has detailed
balance with respect to

    mu(P) G(P);

only a half-shot that is too long or explodes is a rejection (Falkner, Coretti, Dellago, arXiv
2207.14530; Lazzeri, Jung, Bolhuis, Covino, J. Chem. Theory Comput. 19, 9060 (2023)). Any g > 0 is
exact; with rho(x) g(x) even along q the chain diffuses between A and B.

Shots alone cannot lead from one exit of a state to another, because excursions end in the states.
Before each shot a chain is therefore offered an excursion of an equilibrium run in the state, as in
replica exchange with the interior of the state (van Erp, Phys. Rev. Lett. 98, 268301 (2007)). A run
in A produces P with rate mu(P) b(P), where b is the fraction of its ends that lie in A, and the
offer P' is accepted with probability

    min(1, [G(P') b(P)] / [G(P) b(P')]).

Only excursions that stay in windows reached by many of the runs' excursions are exchanged, in both
directions: the few that went further would be offered over and over, so that all chains would share
their statistical error.

    symbol   variable                      meaning
    g(x)     Candidates.weights            weight of a frame, constant in each window of q
    G(P)     Candidates.total, old, new    its sum over the possible shooting points
    b(P)     Reservoir.share, now, offered fraction of the ends in the state of a reservoir
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Frames, Mask, NamedArrays, Rows, Weights
from mechanist.engine.half_shots import END_NAMES, in_states
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.path_ensemble import ChainStates
from mechanist.sampling.chains.selection import Candidates, Grids
from mechanist.sampling.excursions.reservoir import Reservoir
from mechanist.sampling.excursions.window_weights import WindowSelection
from mechanist.sampling.records.packing import packed, unpacked
from mechanist.sampling.streams import shot_seeds, uniforms

EXCHANGE_STREAM = 2**38
"""Added to the number of a chain for the random numbers of its exchanges."""


class ExcursionEnsemble:
    """Paths between two visits to states; see `mechanist.sampling.chains.path_ensemble`.

    Parameters
    ----------
    selection
        Weighs frames by their window.
    ends
        (C) states at the two ends of the chains' current excursions, A or B.
    reservoirs
        Excursions of runs that chains are offered before each shot.

    Attributes
    ----------
    exchanges
        Accepted exchanges.
    descent
        By the number of a chain: the moves before which it took over an excursion of a run, and
        which run.
    """

    def __init__(
        self,
        selection: WindowSelection,
        ends: Sequence[tuple[str, str]],
        reservoirs: Sequence[Reservoir],
    ) -> None:
        self.selection = selection
        self._ends = list(ends)
        self._reservoirs = reservoirs
        self.exchanges = 0
        self.descent: dict[int, list[tuple[int, int]]] = {}

    def candidates(self, paths: Sequence[Frames], grids: Grids = None) -> Sequence[Candidates]:
        """Weigh the frames (F, N, 3) of each path between the states."""
        return self.selection.candidates(paths, grids)

    def joins(self, ends: NDArray[np.int8]) -> Mask:
        """Both ends in a state, whichever."""
        return np.asarray(in_states(ends).all(axis=1))

    def oriented(self, path: CurrentPath, ends: NDArray[np.int8]) -> CurrentPath:
        """In the direction of the shot."""
        return path

    def acceptance(self, old: Weights, new: Weights) -> Array:
        """All are accepted."""
        return np.ones(len(old))

    def before_shooting(self, chains: ChainStates, rows: Rows) -> None:
        """Offer each chain an excursion of each reservoir."""
        seeds = shot_seeds(chains.seed, chains.numbers[rows] + EXCHANGE_STREAM, chains.moves[rows])
        for i, reservoir in enumerate(self._reservoirs):
            if reservoir.excursions:
                self._exchange(reservoir, chains, rows, uniforms(seeds, 2 * i, 2))

    def on_accepted(self, row: int, ends: NDArray[np.int8]) -> None:
        """The excursion of the chain in ``row`` now ends in these states (2,)."""
        first, last = END_NAMES[ends]
        self._ends[row] = (first, last)

    def _exchange(self, reservoir: Reservoir, chains: ChainStates, rows: Rows, u: Array) -> None:
        """Offer one excursion to each chain (K,), by two uniform numbers each (K, 2)."""
        drawn = (u[:, 0] * len(reservoir.excursions)).astype(np.int64)
        offered = np.array([reservoir.share(reservoir.ends[i]) for i in drawn.tolist()])
        now = np.array([reservoir.share(self._ends[row]) for row in rows.tolist()])
        old = np.array([chains.candidates[row].total for row in rows.tolist()])
        new = reservoir.candidate_frames[drawn] @ np.exp(self.selection.log_weights)
        accepted = np.flatnonzero((now > 0) & (u[:, 1] * old * offered < new * now))
        accepted = accepted[self._well_sampled(reservoir, chains, rows[accepted])]
        paths = [
            CurrentPath(reservoir.excursions[drawn[i]][:], int(chains.moves[rows[i]]), 1)
            for i in accepted.tolist()
        ]
        candidates = self.candidates([path.interior for path in paths])
        for i, path, weighed in zip(accepted.tolist(), paths, candidates, strict=True):
            row = int(rows[i])
            self._ends[row] = reservoir.ends[drawn[i]]
            self.descend(int(chains.numbers[row]), path.move, int(reservoir.runs[drawn[i]]))
            chains.accept(row, path, weighed)
        self.exchanges += len(accepted)

    def descend(self, chain: int, move: int, run: int) -> None:
        """From this move on a chain descends from an excursion of a run."""
        self.descent.setdefault(chain, []).append((move, run))

    def _well_sampled(self, reservoir: Reservoir, chains: ChainStates, rows: Rows) -> Mask:
        """Which chains (K,) have a current excursion that stays in the reservoir's windows."""
        windows = [self.selection.windows(chains.candidates[row]) for row in rows.tolist()]
        return np.array([reservoir.windows[one].all() for one in windows], dtype=np.bool_)

    def reweigh(self, log_weights: Array, chains: ChainStates) -> None:
        """Use other window weights (W,) from here on."""
        self.selection = replace(self.selection, log_weights=log_weights)
        chains.candidates = list(self.candidates([path.interior for path in chains.paths]))

    def state(self, chains: ChainStates) -> NamedArrays:
        """For a checkpoint; current excursions included, as those of runs are in no shot table."""
        lengths, frames = packed(
            [path.frames[:] for path in chains.paths], chains.paths[0].frames[:0]
        )
        return {
            "log_weights": self.selection.log_weights,
            "exchanges": np.array(self.exchanges),
            "descent": np.array(
                [(chain, *one) for chain, taken in self.descent.items() for one in taken],
                dtype=np.int64,
            ).reshape(-1, 3),
            "path_ends": np.array(self._ends, dtype="U8"),
            "path_lengths": lengths,
            "path_frames": frames,
            "path_moves": np.array([path.move for path in chains.paths]),
            "path_points": np.array([path.shooting_frame for path in chains.paths]),
        }

    def restore(self, state: NamedArrays, chains: ChainStates) -> None:
        """Inverse of `state`."""
        columns = (state["path_moves"].tolist(), state["path_points"].tolist())
        frames = unpacked(state["path_lengths"], state["path_frames"])
        chains.paths = [CurrentPath(*row) for row in zip(frames, *columns, strict=True)]
        self.selection = replace(self.selection, log_weights=state["log_weights"])
        self._ends = [(str(first), str(last)) for first, last in state["path_ends"].tolist()]
        self.exchanges = int(state["exchanges"])
        self.descent = {}
        for chain, move, run in state["descent"].tolist():
            self.descend(chain, move, run)
