"""Table T4: every forecaster on one trajectory, and forecasts of 1 ps."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from benchmarks.trajectory.measure.forecast_errors import errors
from benchmarks.trajectory.measure.forecast_learning import baseline, forecaster, ground
from benchmarks.trajectory.measure.forecast_setup import Setup
from benchmarks.trajectory.measure.rollout import band_of, likeness, rmsd
from benchmarks.trajectory.measure.rows import Stopwatch
from benchmarks.trajectory.names import (
    ALONE,
    DYNAMICS,
    LINEAR_RIDGE,
    NETWORKS,
    ON_RIDGE,
    PERSISTENCE,
    STRAIGHT,
)
from mechanist.arrays import Array
from mechanist.trajectory.forecast.bases import Base, fit_linear, last_frame, straight
from mechanist.trajectory.forecast.dynamics import LearnedDynamics
from mechanist.trajectory.superres.bridge import Bridge

Say = Callable[[str], None]


@dataclass(frozen=True)
class Made:
    """A fitted model.

    Parameters
    ----------
    name
        Row of the table.
    model
        What forecasts.
    frames
        (B, H, N, 3) what it forecasts for the test block, in nm.
    parameters
        Numbers that were learned.
    fit_cpu, fill_cpu
        Seconds of processor to learn, and for a window of the test block.
    """

    name: str
    model: Base
    frames: Array
    parameters: int
    fit_cpu: float
    fill_cpu: float


@dataclass(frozen=True)
class Measured:
    """Numbers of one trajectory.

    Parameters
    ----------
    rows, rolls
        Parts of table T4.
    """

    rows: list[dict[str, Any]]
    rolls: list[dict[str, Any]]


def asked(name: str, model: Base, setup: Setup, parameters: int, fit_cpu: float) -> Made:
    """Forecasts for the test block."""
    clock = Stopwatch()
    frames = model(setup.test.history, setup.task.ahead)
    return Made(name, model, frames, parameters, fit_cpu, clock.read()[1] / len(frames))


def row(made: Made, setup: Setup) -> dict[str, Any]:
    """Errors and costs of a model."""
    found = errors(made.frames, setup.test.future, setup.numbers)
    costs = {"fit_cpu": made.fit_cpu, "fill_cpu": made.fill_cpu}
    return {"model": made.name, **asdict(found), "parameters": made.parameters, **costs}


def measure(setup: Setup, bridge: Bridge, seed: int, say: Say, device: str = "cpu") -> Measured:
    """Learn every forecaster from the training block and test it on the test block.

    Parameters
    ----------
    setup
        Of one trajectory.
    bridge
        Super-resolution's model of it, for its forces.
    seed
        Of weights and batches.
    say
        Takes lines of progress.
    device
        Where networks are trained.
    """
    dt = setup.dataset.train.dt_ps
    dynamics = LearnedDynamics(bridge, dt)
    plain = _plain(setup, dynamics, int(getattr(bridge.forces, "parameters", 0)))
    still = ground(last_frame, setup)
    for kind in NETWORKS:
        clock = Stopwatch()
        net, _ = baseline(kind, still, setup, seed, device)
        plain[kind] = asked(kind, net, setup, net.parameters, clock.read()[1])
    for name, base in ((ALONE, still), (ON_RIDGE, ground(plain[LINEAR_RIDGE].model, setup))):
        clock = Stopwatch()
        net, _ = forecaster(setup.size.options, base, setup, seed, device)
        plain[name] = asked(name, net, setup, net.parameters, clock.read()[1])
    rows = [row(one, setup) for one in plain.values()]
    for one in rows:
        say(f"{one['model']}: ADE {one['ade']:.2e} nm, FDE {one['fde']:.2e} nm")
    return Measured(rows, _rolls([plain[name] for name in ROLLED], dynamics, setup, say))


ROLLED = (PERSISTENCE, LINEAR_RIDGE, *NETWORKS, ALONE, ON_RIDGE, DYNAMICS)
"""Models whose long forecasts are measured."""


FINEST = 4000.0
"""End in 1/cm of the range in which spectra of every step are compared."""


def _plain(setup: Setup, dynamics: LearnedDynamics, forces: int) -> dict[str, Made]:
    """Models without a network."""
    clock = Stopwatch()
    linear = fit_linear(setup.many, setup.validate, setup.pose())
    spent = clock.read()[1]
    models: tuple[tuple[str, Base, int, float], ...] = (
        (PERSISTENCE, last_frame, 0, 0.0),
        (STRAIGHT, straight, 0, 0.0),
        (LINEAR_RIDGE, linear, linear.linear.weights.size, spent),
        (DYNAMICS, dynamics, forces, 0.0),
    )
    return {name: asked(name, one, setup, count, cpu) for name, one, count, cpu in models}


def _rolls(
    models: list[Made], dynamics: LearnedDynamics, setup: Setup, say: Say
) -> list[dict[str, Any]]:
    """Long forecasts."""
    truth = setup.rolls.future
    history = setup.rolls.history
    band = band_of(setup.dataset.train.positions, setup.bound)
    spacing = history.spacing_ps
    with np.errstate(over="ignore", invalid="ignore"):
        made = {one.name: one.model(history, truth.shape[1]) for one in models}
        fine = dynamics.motion(history, setup.task.spacing, setup.fine.shape[1])[:, 1:]
    alike = likeness(fine, setup.fine, setup.masses, dynamics.dt_ps, FINEST)
    result: list[dict[str, Any]] = []
    for name, x in {"true": truth, **made}.items():
        lost = rmsd(x, truth)
        result.append(
            {
                "model": name,
                "valid": float(band.share(x).mean()),
                "valid_horizon": band.share(x).tolist(),
                "rmsd": np.where(np.isfinite(lost), lost, 1e3).tolist(),
                "spectrum": likeness(x, truth, setup.masses, spacing),
            }
        )
        if name == DYNAMICS:
            result[-1]["spectrum_fine"] = alike
        say(f"{truth.shape[1] * spacing:.2f} ps, {name}: bonds {result[-1]['valid']:.3f}")
    return result
