"""Rows of tables T1 and T2: models, costs and errors."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.trajectory.measure.likeness import similarity
from benchmarks.trajectory.measure.sizes import Size
from benchmarks.trajectory.measure.superres_errors import errors
from benchmarks.trajectory.models.polynomials import hermite_with_accelerations, linear, spline
from benchmarks.trajectory.names import HERMITE, HERMITE_A, LINEAR, RIDGE, RIDGE_A, SPLINE
from mechanist.arrays import Array
from mechanist.trajectory.dataset import Dataset, Windows, windows
from mechanist.trajectory.spectrum import Spectrum, density_of_states
from mechanist.trajectory.superres.polynomials import hermite
from mechanist.trajectory.superres.protocol import Filled
from mechanist.trajectory.superres.ridge import fit_ridge
from mechanist.trajectory.trajectory import Trajectory

Fill = Callable[[Windows], Filled]

X_H = (2500.0, 4000.0)
"""Range of stretching vibrations of hydrogen in 1/cm."""


@dataclass(frozen=True)
class Fitted:
    """A fitted model for one length of gap.

    Parameters
    ----------
    name
        Row of the table.
    fill
        The model.
    parameters
        Number of parameters.
    wall, cpu
        Seconds of training; training for several gaps counts for each.
    """

    name: str
    fill: Fill
    parameters: int
    wall: float
    cpu: float


class Stopwatch:
    """Wall and processor seconds since it was made."""

    def __init__(self) -> None:
        self._begun = time.perf_counter(), time.process_time()

    def read(self) -> tuple[float, float]:
        """Wall and processor seconds."""
        wall, cpu = self._begun
        return time.perf_counter() - wall, time.process_time() - cpu


def learning_windows(dataset: Dataset, gap: int, most: int) -> tuple[Windows, Windows]:
    """At most about ``most`` gaps of the training block, and of the validation block."""
    every = max(3, -(-len(dataset.train) // most))
    return windows(dataset.train, gap, every), windows(dataset.validate, gap, every)


def plain_models(dataset: Dataset, gap: int, size: Size) -> list[Fitted]:
    """Models in closed form."""
    train, validate = learning_windows(dataset, gap, size.gaps)
    masses = dataset.train.masses
    models = [
        Fitted(LINEAR, lambda gaps: linear(gaps.ends), 0, 0.0, 0.0),
        Fitted(SPLINE, lambda gaps: spline(gaps.ends), 0, 0.0, 0.0),
        Fitted(HERMITE, lambda gaps: hermite(gaps.ends), 0, 0.0, 0.0),
        Fitted(HERMITE_A, _quintic, 0, 0.0, 0.0),
    ]
    clock = Stopwatch()
    plain = fit_ridge(train, validate, masses)
    models.append(Fitted(RIDGE, lambda w: plain(w.ends), plain.linear.weights.size, *clock.read()))
    clock = Stopwatch()
    more = fit_ridge(train, validate, masses, accelerations=True)
    models.append(
        Fitted(
            RIDGE_A,
            lambda w: more(w.ends, w.accelerations),
            more.linear.weights.size,
            *clock.read(),
        )
    )
    return models


def _quintic(gaps: Windows) -> Filled:
    assert gaps.accelerations is not None
    return hermite_with_accelerations(gaps.ends, gaps.accelerations)


def row_of(model: Fitted, gap: int, test: Windows, trajectory: Trajectory) -> dict[str, Any]:
    """Errors, similarity of the spectrum, and costs of one model at one length of gap."""
    clock = Stopwatch()
    filled = model.fill(test)
    wall, cpu = clock.read()
    found = asdict(errors(filled, test, trajectory.numbers))
    true = spectrum_of(test, None, trajectory.masses)
    made = spectrum_of(test, filled, trajectory.masses)
    return {
        "model": model.name,
        "gap": gap,
        **found,
        "spectrum": similarity(true, made),
        "shift": made.peak(*X_H) - true.peak(*X_H),
        "parameters": model.parameters,
        "fit_wall": model.wall,
        "fit_cpu": model.cpu,
        "fill_wall": wall / (len(test) * gap),
        "fill_cpu": cpu / (len(test) * gap),
    }


def tiled(test: Windows, filled: Filled | None) -> tuple[Array, Array]:
    """Positions and velocities (T, N, 3) of gaps that tile a trajectory, true or filled."""
    x, v = test.positions[:, :-1].copy(), test.velocities[:, :-1].copy()
    if filled is not None:
        x[:, 1:], v[:, 1:] = filled.positions, filled.velocities
    shape = (-1, *x.shape[2:])
    return x.reshape(shape), v.reshape(shape)


def spectrum_of(test: Windows, filled: Filled | None, masses: Array) -> Spectrum:
    """Density of states of gaps that tile a trajectory, true or filled."""
    return density_of_states(tiled(test, filled)[1], masses, test.dt_ps)
