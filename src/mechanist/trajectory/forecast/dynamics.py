"""The base of our forecaster: learned dynamics from the state fitted to the history."""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import DataError
from mechanist.trajectory.forecast.state import Dynamics, corrections, linearised
from mechanist.trajectory.forecast.windows import History
from mechanist.trajectory.superres.bridge import Bridge
from mechanist.trajectory.superres.forcefield import KernelForces
from mechanist.trajectory.trajectory import GAS

BATCH = 16
"""Windows per batch."""

LINEARISED, ITERATIONS = 2, 3
"""Gauss-Newton iterations with fresh derivatives, and in total."""

PRIOR_K = 1000.0
"""Temperature in K of the prior on corrections of velocities; weak by its width."""


TORN = 3.0
"""Growth factor of the extent at which a molecule counts as torn apart."""


def extent(x: Array) -> Array:
    """Largest distance (...) of an atom from the centroid of the molecule (..., N, 3)."""
    away = x - x.mean(axis=-2, keepdims=True)
    return np.asarray(np.sqrt((away**2).sum(axis=-1)).max(axis=-1))


@dataclass(frozen=True)
class LearnedDynamics:
    """Velocity Verlet with learned forces, and the statistics of their error."""

    dynamics: Dynamics

    def __call__(self, history: History, ahead: int) -> Array:
        """Frames (B, ahead, N, 3) in nm.

        Windows in which the learned forces tear the molecule apart stay at the last frame.

        Raises
        ------
        DataError
            If the time between frames is not a whole number of steps.
        """
        steps = self.steps(history)
        frames = self.motion(history, ahead * steps)[0][:, steps::steps]
        with np.errstate(over="ignore", invalid="ignore"):
            whole = extent(frames).max(axis=1) < TORN * extent(history.last)
        frames[~whole] = history.last[~whole, None]
        return frames

    def steps(self, history: History) -> int:
        """Steps of the integrator between two frames of a history.

        Raises
        ------
        DataError
            If it is not a whole number.
        """
        steps = round(history.spacing_ps / self.dynamics.dt_ps)
        if steps < 2 or not np.isclose(steps * self.dynamics.dt_ps, history.spacing_ps, rtol=1e-6):
            raise DataError("history", f"{history.spacing_ps} ps are not a whole number of steps")
        return steps

    def motion(self, history: History, steps: int) -> tuple[Array, Array]:
        """Positions and velocities (B, steps + 1, N, 3) at every step, the last frame first."""
        parts = []
        with np.errstate(over="ignore", invalid="ignore"):
            for i in range(0, len(history), BATCH):
                some = history.rows(slice(i, i + BATCH))
                parts.append(self.dynamics.run(some.last, self.velocities(some), steps))
        return np.concatenate([x for x, _ in parts]), np.concatenate([v for _, v in parts])

    def velocities(self, history: History) -> Array:
        """Velocities (B, N, 3) in nm/ps at the last frame."""
        return fit_velocities(self.dynamics, history, self.steps(history))[:, -1]


def fit_velocities(dynamics: Dynamics, history: History, steps: int) -> Array:
    """Velocities (B, K, N, 3) in nm/ps at the known frames, fitted to the dynamics.

    The first guess is a cubic spline; a failed iteration keeps the previous velocities.
    """
    from scipy.interpolate import CubicSpline

    x, h = history.positions, dynamics.dt_ps
    count, known, atoms = x.shape[:3]
    times = history.spacing_ps * np.arange(known)
    v = np.asarray(CubicSpline(times, x, axis=1)(times, 1))
    slopes = dynamics.slopes(x)
    prior = np.repeat(dynamics.masses, 3) / (GAS * PRIOR_K * h**2)
    starts = x[:, :-1].reshape(-1, atoms, 3)
    segments = None
    for iteration in range(ITERATIONS):
        path, speed = dynamics.run(starts, v[:, :-1].reshape(-1, atoms, 3), steps)
        path = path.reshape(count, known - 1, steps + 1, atoms, 3)
        speed = speed.reshape(path.shape)
        lack = (x[:, 1:] - path[:, :, -1], h * (v[:, 1:] - speed[:, :, -1]))
        missed = np.concatenate([part.reshape(count, known - 1, -1) for part in lack], axis=2)
        if segments is None or iteration < LINEARISED:
            segments = linearised(dynamics, slopes, path)
        change = corrections(segments, missed, prior).reshape(v.shape) / h
        v = np.where(np.isfinite(change), v + change, v)
    return v


def learned_dynamics(bridge: Bridge, dt_ps: float) -> LearnedDynamics:
    """Dynamics with the learned forces of a bridge.

    Raises
    ------
    DataError
        If its forces are not `KernelForces`.
    """
    if not isinstance(bridge.forces, KernelForces):
        raise DataError("dynamics", "forces are not learned ones")
    parts = bridge.forces, bridge.masses, bridge.errors, bridge.memory, dt_ps
    return LearnedDynamics(Dynamics(*parts))
