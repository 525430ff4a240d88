"""Table T3: errors of propagators at some times, and their speed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from benchmarks.trajectory.measure.propagator_errors import FS, errors
from benchmarks.trajectory.measure.propagator_sizes import TIMES, PropagatorSize
from benchmarks.trajectory.measure.rows import Stopwatch
from benchmarks.trajectory.names import FORCES, FREE
from benchmarks.trajectory.reference.nve import Potential, constant_energy
from mechanist.arrays import Array
from mechanist.trajectory.dataset import Dataset
from mechanist.trajectory.propagator.gicnet import GicnetMotion
from mechanist.trajectory.propagator.learned import LearnedMotion
from mechanist.trajectory.propagator.motion import Motion, Propagator
from mechanist.trajectory.propagator.segments import follow_segments
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
    motion: LearnedMotion,
    networks: Mapping[str, GicnetMotion],
    potential: Potential,
    test: Trajectory,
) -> dict[str, float]:
    """Steps a second of processor: one chain, many at once, and the potential.

    By the names of networks, ps a second of many chains at once, and ``forces`` the same of learned
    forces.
    """
    x, v = test.positions, test.moving()
    masses, numbers, dt = test.masses, test.numbers, test.dt_ps
    rows = np.linspace(0, len(test) - 1, MANY).round().astype(np.int64)
    few = STEPS // 10
    motion.follow(x[:1], v[:1], few, few)
    many = _rate(lambda: motion.follow(x[rows], v[rows], few, few), few * MANY)
    chains = {
        name: net.reach_ps * _rate(partial(follow_segments, net, x[rows], v[rows], 2), 2 * MANY)
        for name, net in networks.items()
    }
    return {
        "one": _rate(lambda: motion.follow(x[:1], v[:1], STEPS, STEPS), STEPS),
        "many": many,
        "forces": motion.step_ps * many,
        **chains,
        "potential": _rate(
            lambda: constant_energy(potential, x[0], v[0], numbers, masses, STEPS, dt, Meta()),
            STEPS,
        ),
    }


def measure(
    dataset: Dataset,
    motion: LearnedMotion,
    networks: Mapping[str, GicnetMotion],
    potential: Potential,
    size: PropagatorSize,
) -> dict[str, Any]:
    """Rows of errors, and speeds."""
    models: dict[str, tuple[Propagator, float]] = {
        FORCES: (motion, np.inf),
        **{name: (net, net.reach_ps) for name, net in networks.items()},
        FREE: (Free(), np.inf),
    }
    test = dataset.test
    return {
        "rows": error_rows(models, test, size.every),
        "speed": speeds(motion, networks, potential, test),
    }
