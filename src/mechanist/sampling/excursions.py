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
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.engine.protocol import HalfPath
from mechanist.sampling.chain import Chain, CurrentPath, Frames, join_halves
from mechanist.sampling.selection import Candidates

Array = NDArray[np.float64]

EXCURSION_COLUMNS = ("source", "chain", "move", "first_frame", "frames", "shooting_frame")
"""One row an excursion, in the order of its TRR, the frames in the states included. ``source`` is
A or B for an equilibrium run in that state and ``shot`` for a chain of excursions; ``chain`` is the
run or the chain; ``move`` and ``shooting_frame`` are -1 for runs."""


class ExcursionChain(Chain):
    """A chain whose state is an excursion; all that ends in states is accepted."""

    def decide(self, point: Frames, backward: HalfPath, forward: HalfPath) -> CurrentPath | None:
        """Join the halves unless one of them did not end in a state."""
        if not {backward.reason, forward.reason} <= {"A", "B"}:
            return None
        new = join_halves(point, backward, forward, self.move)
        self.take(new, self._selection.candidates(new.interior))
        return new


@dataclass(frozen=True)
class AlongQ:
    """Weighs frames by a table g(q), linear in ln g between its points and constant beyond.

    Parameters
    ----------
    logit
        From positions (F, N, 3) in nm to q (F,).
    points, log_weights
        (K,) ascending q and ln g there.
    model
        Name of the model.
    """

    logit: Callable[[Frames], Array]
    points: Array
    log_weights: Array
    model: str

    def candidates(self, frames: Frames) -> Candidates:
        """See `mechanist.sampling.selection.Selection`."""
        q = self.logit(frames)
        return Candidates(self.weigh(q), 0.5 * (1 + np.tanh(0.5 * q)))

    def weigh(self, q: Array) -> Array:
        """The weight g at each q."""
        return np.asarray(np.exp(np.interp(q, self.points, self.log_weights)))


def pieces(labels: NDArray[np.int8]) -> list[slice]:
    """Excursions of a labelled trajectory, as ranges of frames with both ends in states."""
    inside = np.flatnonzero(labels)
    gaps = np.flatnonzero(np.diff(inside) > 1)
    return [slice(int(inside[i]), int(inside[i + 1]) + 1) for i in gaps]
