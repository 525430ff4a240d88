"""Forecasts without a network: windows, straight lines, linear maps, learned dynamics."""

from dataclasses import replace

import numpy as np
import pytest

from benchmarks.trajectory.measure.forecast_errors import errors
from benchmarks.trajectory.measure.forecast_setup import Setup, blocks
from benchmarks.trajectory.measure.forecast_sizes import ForecastSize
from benchmarks.trajectory.models.options import Options, Training
from benchmarks.trajectory.reference.molecules import molecule
from mechanist.errors import DataError
from mechanist.trajectory.dataset import by_time
from mechanist.trajectory.forecast.bases import fit_linear, last_frame, straight
from mechanist.trajectory.forecast.dynamics import LearnedDynamics
from mechanist.trajectory.forecast.state import fit_velocities
from mechanist.trajectory.forecast.windows import History, Task, cases, spread
from mechanist.trajectory.superres.learned import learn_bridge
from mechanist.trajectory.superres.stiffness import stiffness
from tests.trajectory.conftest import turn

TINY = ForecastSize(
    Options(width=16, heads=2, blocks=1),
    Training(steps=60, batch=16, rate=1e-2, checks=6),
    400,
    24,
    12,
    2,
    40,
)


@pytest.fixture(scope="module")
def bridge(motion):
    return learn_bridge(by_time(motion, 82), molecule("ethanol").permutations, 30)


@pytest.fixture(scope="module")
def ready(motion):
    dataset = blocks(motion, by_time(motion, 82, 0.4, 0.2), Task())
    return Setup(dataset, Task(), TINY, motion.numbers, motion.masses)


def moved(history, rotation, shift):
    return History(history.positions @ rotation + shift, history.spacing_ps)


def test_windows_are_frames_of_the_trajectory(motion):
    task = Task(3, 2, 7)
    some = cases(motion, task, np.array([5, 11]))
    np.testing.assert_array_equal(some.history.positions[1], motion.positions[[11, 18, 25]])
    np.testing.assert_array_equal(some.future[1], motion.positions[[32, 39]])
    assert spread(motion, task, 10, later=7).max() + task.span + 7 == len(motion)
    with pytest.raises(DataError, match="window"):
        cases(motion[:20], task, np.array([0]))


def test_straight_lines_and_linear_maps(ready, motion):
    history = ready.test.history
    made = straight(history, 3)
    step = history.positions[:, -1] - history.positions[:, -2]
    np.testing.assert_allclose(made[:, 2], history.last + 3 * step)
    linear = fit_linear(ready.many, ready.validate, ready.pose())
    rest = errors(last_frame(history, 20), ready.test.future, motion.numbers)
    assert errors(linear(history, 20), ready.test.future, motion.numbers).ade < 0.8 * rest.ade
    long = linear(history, 25)
    np.testing.assert_allclose(long[:, 20:], linear(history.after(long[:, :20]), 5), atol=1e-12)


def test_stiffness_is_the_derivative_of_forces(bridge, motion):
    x = motion.positions[5000:5001]
    exact = stiffness(bridge.forces, x)[0]
    step = 1e-6
    shifts = step * np.eye(27).reshape(27, 9, 3)
    slopes = (bridge.forces(x + shifts) - bridge.forces(x - shifts)).reshape(27, 27) / (2 * step)
    np.testing.assert_allclose(exact, slopes.T, atol=1e-5 * np.abs(exact).max())
    np.testing.assert_allclose(exact, exact.T, atol=1e-9 * np.abs(exact).max())
    np.testing.assert_allclose(
        stiffness(lambda x: bridge.forces(x), x)[0], exact, atol=1e-4 * np.abs(exact).max()
    )
    # At a learned geometry, where the distance from it vanishes.
    assert np.isfinite(stiffness(bridge.forces, motion.positions[1:2])).all()


def test_state_behind_positions_of_known_dynamics(bridge, ready, motion):
    """Motion by the learned forces themselves: its velocities are found from positions."""
    base = LearnedDynamics(bridge, motion.dt_ps)
    x, v = bridge.run(motion.positions[5000:5002], motion.velocities[5000:5002], motion.dt_ps, 90)
    history = History(x[:, ::10], 10 * motion.dt_ps)
    found = fit_velocities(bridge, history, 10)[:, -1]
    # Gauss and Newton start from a spline that is off by the size of the velocities.
    assert np.abs(found - v[:, -1]).max() < 0.02 * np.abs(v[:, -1]).max()
    with pytest.raises(DataError, match="whole number"):
        base(History(history.positions, 0.00123), 1)


def test_a_torn_molecule_is_not_forecast(bridge, ready, motion):
    forces = replace(bridge.forces, weights=-100 * bridge.forces.weights)
    base = LearnedDynamics(replace(bridge, forces=forces), motion.dt_ps)
    some = ready.test.history.rows(slice(1))
    np.testing.assert_array_equal(base(some, 5), last_frame(some, 5))


def test_learned_dynamics_is_far_ahead_and_turns_with_the_molecule(bridge, ready, motion):
    base = LearnedDynamics(bridge, motion.dt_ps)
    some, truth = ready.test.history.rows(slice(3)), ready.test.future[:3]
    made = base(some, 20)
    assert made.shape == truth.shape
    rest = errors(last_frame(some, 20), truth, motion.numbers).ade
    assert errors(made, truth, motion.numbers).ade < 0.3 * rest
    rotation = turn(np.random.default_rng(1))
    # Rounding grows over 200 steps and three solves.
    again = base(moved(some, rotation, 0.3), 20)
    np.testing.assert_allclose(again, made @ rotation + 0.3, atol=1e-6)
