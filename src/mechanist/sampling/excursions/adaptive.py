"""Shots of excursion chains: first with window weights that adapt to the visits, then fixed."""

from collections.abc import Callable

import numpy as np

from mechanist.arrays import NamedArrays
from mechanist.bookkeeping.progress import Progress
from mechanist.engine.plan import Plan
from mechanist.engine.protocol import Engine
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.moves import Moves
from mechanist.sampling.chains.shoot import finish_job, finished_shots
from mechanist.sampling.chains.shots import Shots
from mechanist.sampling.excursions.excursions import ExcursionEnsemble
from mechanist.sampling.excursions.window_weights import flattened, windows_of
from mechanist.sampling.records.checkpoint import Checkpoint
from mechanist.sampling.records.frame_log import JobFrames

CORRECTIONS = (0.25, 0.5, 1.0)
"""Fractions of the burn-in after which the window weights are corrected by the visits."""


class AdaptiveShots:
    """Shots with adaptive window weights in burn-in and fixed ones after it.

    The visits since the last correction correct the weights of the windows; the shots after burn-in
    count. See `mechanist.sampling.records.checkpoint.Resumable`.

    Parameters
    ----------
    chains, ensemble
        At their start.
    moves, burn_in
        Moves of each chain in all, and those before the ones that count.
    frames
        Logs of each part of the moves by its number; in memory if None.
    """

    def __init__(
        self,
        chains: Chains,
        ensemble: ExcursionEnsemble,
        moves: int,
        burn_in: int,
        frames: Callable[[int], JobFrames] | None = None,
    ) -> None:
        self._chains, self._ensemble = chains, ensemble
        until = [0]
        for part in CORRECTIONS:
            until.append(max(until[-1] + 1, round(part * burn_in)))
        self._counts = [*np.diff(until).tolist(), moves - burn_in]
        self._corrected = 0
        self._frames = frames
        self._moves = self._next()
        self.rejected = 0

    def _next(self) -> Moves:
        """The moves until the next correction."""
        frames = None if self._frames is None else self._frames(self._corrected)
        return Moves(self._chains, self._counts[self._corrected], frames=frames)

    def run(self, engine: Engine, progress: Progress, checkpoint: Checkpoint, plan: Plan) -> Shots:
        """Make all moves, or those that are left; the shots that count."""
        begun = checkpoint.begin(self, plan.notes())
        while True:
            shots = finish_job(
                self._moves, finished_shots(self._moves, engine, checkpoint, begun), progress
            ).shots
            if self._corrected == len(CORRECTIONS):
                return shots
            self._correct(shots)
            begun = None

    def _correct(self, shots: Shots) -> None:
        """Correct the weights by the visits, and begin the next part of the moves."""
        windows = self._ensemble.selection
        q = windows.q(shots.points)
        visits = np.bincount(windows_of(q, windows.edges), minlength=windows.count)
        self._ensemble.reweigh(flattened(windows.log_weights, visits), self._chains)
        self.rejected += int((~shots.accepted).sum())
        self._corrected += 1
        self._moves = self._next()

    def progress(self) -> str:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        left = len(CORRECTIONS) - self._corrected
        after = f"burn-in, {left} corrections of the weights to come" if left else "production"
        return f"{self._moves.progress()} of {after}"

    def finished(self) -> NamedArrays:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        arrays = self._moves.finished()
        return arrays and arrays | {"corrected": np.array(self._corrected)}

    def state(self) -> NamedArrays:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        own = {"corrected": np.array(self._corrected), "rejected": np.array(self.rejected)}
        return self._moves.state() | own | {"last": self._moves.last}

    def restore(self, parts: list[NamedArrays], state: NamedArrays) -> None:
        """See `mechanist.sampling.records.checkpoint.Resumable`."""
        self._corrected, self.rejected = int(state["corrected"]), int(state["rejected"])
        self._moves = self._next()
        self._moves.last = state["last"].copy()
        # Shots before the last correction are not needed any more.
        mine = [part for part in parts if int(part["corrected"]) == self._corrected]
        self._moves.restore(mine, state)
