"""Which paths a chain samples, and the probability to accept a new one.

A shot from frame x of the current path o gives a new path n through x. With the probability
f(x) / sum_o f to choose x, and velocities from equilibrium, whose part cancels, detailed balance
with respect to the equilibrium weight of transition paths demands

    p_acc(o -> n) = h(n) min(1, [f(x) / sum_n f] / [f(x) / sum_o f])
                  = h(n) min(1, sum_o f / sum_n f),

where h(n) is 1 if n joins A and B, else 0, and the sums run over the frames between the states.
With f = 1 this is the ratio of lengths for two-way shooting with paths of flexible length
(Dellago, Bolhuis, Chandler, J. Chem. Phys. 108, 1964 (1998), aimless shooting from any frame; Jung,
Okazaki, Hummer, J. Chem. Phys. 147, 152716 (2017)); with f from a committor model it is the rule of
Jung et al., Nat. Comput. Sci. 3, 334 (2023). Shooting point and model are the same on both sides.

====================  ==============================================
f(x)                  `Candidates.weights`
sum_o f, sum_n f      ``old``, ``new``: `Candidates.total`
h(n)                  `PathEnsemble.joins`
====================  ==============================================
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Frames, Mask, NamedArrays, Rows, Weights
from mechanist.engine.half_shots import IN_B, in_states
from mechanist.sampling.chains.current_path import CurrentPath, reversed_path
from mechanist.sampling.chains.selection import Candidates, Grids, Selection


class ChainStates(Protocol):
    """What an ensemble needs of `mechanist.sampling.chains.chain.Chains`."""

    seed: int
    numbers: Rows
    moves: Rows
    paths: list[CurrentPath]
    candidates: list[Candidates]

    def accept(self, row: int, path: CurrentPath, candidates: Candidates) -> None:
        """Make a path the current one of the chain in ``row``."""


class PathEnsemble(Protocol):
    """The rules by which chains sample one kind of paths."""

    def candidates(self, paths: Sequence[Frames], grids: Grids = None) -> Sequence[Candidates]:
        """Weigh the frames (F, N, 3) of each path between the states, or on its grid.

        Frames of weight 0 are not to be shot from.
        """

    def joins(self, ends: NDArray[np.int8]) -> Mask:
        """Which pairs of ends (K, 2), backward and forward, make a path of the ensemble: (K,)."""

    def oriented(self, path: CurrentPath, ends: NDArray[np.int8]) -> CurrentPath:
        """The path in the direction of the ensemble; ``ends`` (2,) backward and forward."""

    def acceptance(self, old: Weights, new: Weights) -> Array:
        """Ratio (K,) whose minimum with 1 is the probability to accept; summed weights (K,)."""

    def before_shooting(self, chains: ChainStates, rows: Rows) -> None:
        """Make other moves that leave the ensemble invariant, by `ChainStates.accept`."""

    def on_accepted(self, row: int, ends: NDArray[np.int8]) -> None:
        """Note that a shot of the chain in ``row`` with these ends (2,) was accepted."""

    def state(self, chains: ChainStates) -> NamedArrays:
        """All that changes beside the state of the chains, for a checkpoint."""

    def restore(self, state: NamedArrays, chains: ChainStates) -> None:
        """Inverse of `state`, called when ``chains`` are restored otherwise."""


@dataclass(frozen=True)
class TransitionPaths:
    """Paths from A to B.

    Parameters
    ----------
    selection
        Weighs frames; fixed while chains move, which keeps detailed balance exact.
    """

    selection: Selection

    def candidates(self, paths: Sequence[Frames], grids: Grids = None) -> Sequence[Candidates]:
        """See `PathEnsemble`."""
        return self.selection.candidates(paths, grids)

    def joins(self, ends: NDArray[np.int8]) -> Mask:
        """See `PathEnsemble`: one end in A, the other in B."""
        return np.asarray(in_states(ends).all(axis=1) & (ends[:, 0] != ends[:, 1]))

    def oriented(self, path: CurrentPath, ends: NDArray[np.int8]) -> CurrentPath:
        """See `PathEnsemble`: from A to B."""
        return reversed_path(path) if ends[0] == IN_B else path

    def acceptance(self, old: Weights, new: Weights) -> Array:
        """See `PathEnsemble`: sum_o f / sum_n f."""
        return np.asarray(old / new)

    def before_shooting(self, chains: ChainStates, rows: Rows) -> None:
        """See `PathEnsemble`: nothing."""

    def on_accepted(self, row: int, ends: NDArray[np.int8]) -> None:
        """See `PathEnsemble`: nothing."""

    def state(self, chains: ChainStates) -> NamedArrays:
        """See `PathEnsemble`: nothing changes."""
        return {}

    def restore(self, state: NamedArrays, chains: ChainStates) -> None:
        """See `PathEnsemble`: nothing changes."""
