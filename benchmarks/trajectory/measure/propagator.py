"""Table T3: errors of propagators at some times, and their speed."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.trajectory.measure.propagator_sizes import TIMES, PropagatorSize
from benchmarks.trajectory.measure.rows import Stopwatch
from benchmarks.trajectory.names import FORCES, FREE, GICNET
from benchmarks.trajectory.reference.nve import Potential, constant_energy
from mechanist.arrays import Array
from mechanist.trajectory.dataset import Dataset
from mechanist.trajectory.propagator.chain import follow
from mechanist.trajectory.propagator.errors import FS, errors
from mechanist.trajectory.propagator.gicnet import GicnetMotion
from mechanist.trajectory.propagator.learned import LearnedMotion
from mechanist.trajectory.propagator.motion import Motion, Propagator
from mechanist.trajectory.propagator.zmatrix import zmatrix_of
from mechanist.trajectory.trajectory import Meta, Trajectory

MANY = 256
"""Origins of the batch whose speed is measured."""

STEPS = 300
"""Of chains whose speed is measured."""


@dataclass(frozen=True)
class Free:
    """Motion without forces."""

    def __call__(self, x0: Array, v0: Array, times: Array) -> Motion:
        """States at ``times`` (T,) in ps after positions and velocities (B, N, 3)."""
        x = x0[:, None] + v0[:, None] * times[:, None, None]
        return Motion(x, np.broadcast_to(v0[:, None], x.shape))


def origins(test: Trajectory, every: int) -> tuple[Array, Array, Motion]:
    """Positions and velocities (B, N, 3) of origins, and what follows at `TIMES`."""
    later = np.round(np.array(TIMES) * FS / test.dt_ps).astype(np.int64)
    first = np.arange(0, len(test) - later.max(), every)
    rows = first[:, None] + later
    x, v = test.positions, test.moving()
    return x[first], v[first], Motion(x[rows], v[rows])


def error_rows(
    models: dict[str, tuple[Propagator, float]], test: Trajectory, every: int
) -> list[dict[str, Any]]:
    """One row a model and time, as far as it reaches; models with their reach in ps, by name."""
    x0, v0, true = origins(test, every)
    zmatrix = zmatrix_of(test.positions[0])
    rows = []
    for name, (model, reach) in models.items():
        times = np.array([time for time in TIMES if time * FS <= reach * (1 + 1e-9)]) * FS
        made = model(x0, v0, times)
        for at, time in enumerate(TIMES[: len(times)]):
            rows.append({"model": name, "time": time, **errors(zmatrix, made, true, at)})
    return rows


def _rate(work: Callable[[], object], steps: int) -> float:
    """Steps in a second of processor."""
    clock = Stopwatch()
    work()
    return steps / max(clock.read()[1], 1e-9)


def speeds(
    motion: LearnedMotion, gicnet: GicnetMotion, potential: Potential, test: Trajectory
) -> dict[str, float]:
    """Steps a second of processor: one chain, many at once, GICnet's states, and the potential."""
    x, v = test.positions, test.moving()
    masses, numbers, dt = test.masses, test.numbers, test.dt_ps
    rows = np.linspace(0, len(test) - 1, MANY).round().astype(np.int64)
    times = np.linspace(0, gicnet.reach_ps, 21)[1:]
    few = STEPS // 10
    follow(motion, x[:1], v[:1], few, few)
    return {
        "one": _rate(lambda: follow(motion, x[:1], v[:1], STEPS, STEPS), STEPS),
        "many": _rate(lambda: follow(motion, x[rows], v[rows], few, few), few * MANY),
        "gicnet": _rate(lambda: gicnet(x[rows], v[rows], times), len(times) * MANY),
        "potential": _rate(
            lambda: constant_energy(potential, x[0], v[0], numbers, masses, STEPS, dt, Meta()),
            STEPS,
        ),
    }


def measure(
    dataset: Dataset,
    motion: LearnedMotion,
    gicnet: GicnetMotion,
    potential: Potential,
    size: PropagatorSize,
) -> dict[str, Any]:
    """Rows of errors, and speeds."""
    models: dict[str, tuple[Propagator, float]] = {
        FORCES: (motion, np.inf),
        GICNET: (gicnet, gicnet.reach_ps),
        FREE: (Free(), np.inf),
    }
    test = dataset.test[0]
    return {
        "rows": error_rows(models, test, size.every),
        "speed": speeds(motion, gicnet, potential, test),
    }
