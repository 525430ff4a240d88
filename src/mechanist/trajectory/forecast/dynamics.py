"""Forecasts by learned dynamics, from the state fitted to the history."""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.trajectory.forecast.state import fit_velocities
from mechanist.trajectory.forecast.windows import History
from mechanist.trajectory.superres.dynamics import Dynamics

BATCH = 16
"""Windows per batch."""

TORN = 3.0
"""Growth factor of the extent at which a molecule counts as torn apart."""


def extent(x: Array) -> Array:
    """Largest distance (...) of an atom from the centroid of the molecule (..., N, 3)."""
    away = x - x.mean(axis=-2, keepdims=True)
    return np.asarray(np.sqrt((away**2).sum(axis=-1)).max(axis=-1))


@dataclass(frozen=True)
class LearnedDynamics:
    """Velocity Verlet with learned forces, in steps of ``dt_ps``, and the size of their error."""

    dynamics: Dynamics
    dt_ps: float

    def __call__(self, history: History, ahead: int) -> Array:
        """Frames (B, ahead, N, 3) in nm.

        Windows in which the learned forces tear the molecule apart stay at the last frame.

        Raises
        ------
        DataError
            If the time between frames is not a whole number of steps.
        """
        steps = round(history.spacing_ps / self.dt_ps)
        if steps < 2 or not np.isclose(steps * self.dt_ps, history.spacing_ps, rtol=1e-6):
            raise DataError("history", f"{history.spacing_ps} ps are not a whole number of steps")
        frames = self.motion(history, steps, ahead * steps)[:, steps::steps]
        with np.errstate(over="ignore", invalid="ignore"):
            whole = extent(frames).max(axis=1) < TORN * extent(history.last)
        frames[~whole] = history.last[~whole, None]
        return frames

    def motion(self, history: History, between: int, steps: int) -> Array:
        """Positions (B, steps + 1, N, 3) at every step, the last frame first.

        ``between`` is the number of steps from one known frame to the next.
        """
        parts = []
        with np.errstate(over="ignore", invalid="ignore"):
            for i in range(0, len(history), BATCH):
                some = history.rows(slice(i, i + BATCH))
                v = fit_velocities(self.dynamics, some, between)[:, -1]
                parts.append(self.dynamics.run(some.last, v, self.dt_ps, steps)[0])
        return np.concatenate(parts)
