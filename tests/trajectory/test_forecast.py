"""Forecasts: bases, the state behind a history, the network, and its symmetries."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmarks.trajectory.measure.forecast_learning import baseline, forecaster, ground
from benchmarks.trajectory.measure.forecast_setup import Setup
from benchmarks.trajectory.measure.forecast_sizes import ForecastSize
from benchmarks.trajectory.measure.rollout import band_of, likeness, rmsd
from benchmarks.trajectory.reference.molecules import molecule
from mechanist.errors import DataError
from mechanist.trajectory.dataset import by_time
from mechanist.trajectory.forecast import sti, store
from mechanist.trajectory.forecast.bases import LastFrame, Straight, fit_linear
from mechanist.trajectory.forecast.bonds import bonds, hops
from mechanist.trajectory.forecast.corrected import Corrected
from mechanist.trajectory.forecast.dynamics import LearnedDynamics, fit_velocities, learned_dynamics
from mechanist.trajectory.forecast.errors import errors
from mechanist.trajectory.forecast.network import Forecast
from mechanist.trajectory.forecast.options import Options, Training
from mechanist.trajectory.forecast.stiffness import stiffness
from mechanist.trajectory.forecast.windows import Cases, History, Task, blocks, cases, spread
from mechanist.trajectory.superres.learned import learn_bridge
from tests.trajectory.conftest import turn

TINY = ForecastSize(
    Options(width=16, heads=2, blocks=1),
    Training(windows=24, steps=60, batch=16, rate=1e-2, checks=6, longer=1),
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


@pytest.fixture(scope="module")
def still(ready):
    return ground(LastFrame(), ready, costly=False)


@pytest.fixture(scope="module")
def learned(ready, still):
    return forecaster(TINY.options, still, ready, 1, "cpu")


def moved(history, rotation, shift):
    return History(history.positions @ rotation + shift, history.spacing_ps)


def test_errors_by_hand():
    truth = np.zeros((1, 2, 2, 3))
    made = truth.copy()
    made[0, 0, 0] = [3, 4, 0]
    made[0, 1, 1] = [0, 0, 2]
    found = errors(made, truth, np.array([1, 6]))
    # Distances are 5 and 0, then 0 and 2.
    assert found.ade == pytest.approx(7 / 4)
    assert found.fde == pytest.approx(1.0)
    assert found.horizon == pytest.approx((2.5, 1.0))
    assert found.hydrogen == pytest.approx(2.5)
    assert found.heavy == pytest.approx(1.0)


def test_bonds_of_ethanol():
    start = molecule("ethanol")
    bound = bonds(start.numbers, start.positions)
    assert len(bound) == 8
    far = hops(9, bound)
    np.testing.assert_array_equal(far, far.T)
    assert far[0, 2] == 2
    assert far.max() == 4
    with pytest.raises(DataError, match="radius"):
        bonds(np.array([79]), np.zeros((1, 3)))


def test_windows_are_frames_of_the_trajectory(motion):
    task = Task(3, 2, 7)
    some = cases(motion, task, np.array([5, 11]))
    np.testing.assert_array_equal(some.history.positions[1], motion.positions[[11, 18, 25]])
    np.testing.assert_array_equal(some.future[1], motion.positions[[32, 39]])
    np.testing.assert_array_equal(some.history.velocities[1], motion.velocities[25])
    assert spread(motion, task, 10, later=7).max() + task.span + 7 == len(motion)
    with pytest.raises(DataError, match="window"):
        cases(motion[:20], task, np.array([0]))


def test_blocks_are_two_windows_apart(ready):
    dataset, purge = ready.dataset, 2 * ready.task.span
    times = [part[0].positions[[0, -1]] for part in (dataset.train, dataset.validate, dataset.test)]
    assert len(dataset.train[0]) + len(dataset.validate[0]) + len(dataset.test[0]) <= 6000 - purge
    assert not np.array_equal(times[0][1], times[1][0])


def test_straight_lines_and_linear_maps(ready, motion):
    history = ready.test.history
    made = Straight()(history, 3)
    step = history.positions[:, -1] - history.positions[:, -2]
    np.testing.assert_allclose(made[:, 2], history.last + 3 * step)
    with pytest.raises(DataError, match="velocities"):
        Straight(velocity_known=True)(History(history.positions, history.spacing_ps), 3)
    linear = fit_linear(ready.many, ready.validate, ready.pose())
    rest = errors(LastFrame()(history, 20), ready.test.future, motion.numbers)
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
    # At a learned geometry, where the distance from it vanishes.
    assert np.isfinite(stiffness(bridge.forces, motion.positions[1:2])).all()


def test_state_behind_positions_of_known_dynamics(bridge, ready, motion):
    """Motion by the learned forces themselves: its velocities are found from positions."""
    base = learned_dynamics(bridge, motion.dt_ps)
    start = ready.test.history.rows(slice(2))
    x, v = base.dynamics.run(start.last, start.velocities, 90)
    history = History(x[:, ::10], 10 * motion.dt_ps)
    found = fit_velocities(base.dynamics, history, 10)[:, -1]
    # Gauss and Newton start from a spline that is off by the size of the velocities.
    assert np.abs(found - v[:, -1]).max() < 0.02 * np.abs(v[:, -1]).max()
    told = LearnedDynamics(base.dynamics, velocity_known=True)
    with pytest.raises(DataError, match="velocities"):
        told(history, 1)
    with pytest.raises(DataError, match="whole number"):
        base(History(history.positions, 0.00123), 1)


def test_a_torn_molecule_is_not_forecast(bridge, ready, motion):
    forces = replace(bridge.forces, weights=-100 * bridge.forces.weights)
    base = learned_dynamics(replace(bridge, forces=forces), motion.dt_ps)
    some = ready.test.history.rows(slice(1))
    np.testing.assert_array_equal(base(some, 5), LastFrame()(some, 5))


def test_learned_dynamics_is_far_ahead_and_turns_with_the_molecule(bridge, ready, motion):
    base = learned_dynamics(bridge, motion.dt_ps)
    some, truth = ready.test.history.rows(slice(3)), ready.test.future[:3]
    made = base(some, 20)
    assert made.shape == truth.shape
    rest = errors(LastFrame()(some, 20), truth, motion.numbers).ade
    assert errors(made, truth, motion.numbers).ade < 0.3 * rest
    rotation = turn(np.random.default_rng(1))
    # Rounding grows over 200 steps and three solves.
    again = base(moved(some, rotation, 0.3), 20)
    np.testing.assert_allclose(again, made @ rotation + 0.3, atol=1e-6)


def test_training_lowers_the_loss_on_held_out_blocks(learned, still, ready, motion):
    model, found = learned
    assert found[0] == pytest.approx(1.0, abs=1e-5)
    assert min(found) < 0.95
    made = model(ready.test.history, 20)
    rest = errors(LastFrame()(ready.test.history, 20), ready.test.future, motion.numbers)
    assert errors(made, ready.test.future, motion.numbers).ade < rest.ade
    for kind in ("LSTM", "EGNN", "transformer"):
        other, course = baseline(kind, still, ready, 1, "cpu")
        assert course[0] == pytest.approx(1.0, abs=1e-5)
        assert min(course) < 1, kind
        assert other.parameters > 1000


def test_symmetries(learned, still, ready):
    model = learned[0]
    history = ready.test.history.rows(slice(3))
    made, code = model(history, 20), model.encode(history)
    rotation = turn(np.random.default_rng(2))
    again = moved(history, rotation, 1.0)
    # Single precision of displacements of 0.05 nm.
    np.testing.assert_allclose(model(again, 20), made @ rotation + 1.0, atol=2e-6)
    np.testing.assert_allclose(model.encode(again), code, atol=2e-4)
    assert code.shape == (3, 32)
    for order in molecule("ethanol").permutations:
        swapped = History(history.positions[:, :, order], history.spacing_ps)
        np.testing.assert_allclose(model(swapped, 20), made[:, :, order], atol=2e-6)
        np.testing.assert_allclose(model.encode(swapped), code, atol=2e-4)
    graph, _ = baseline("EGNN", still, ready, 1, "cpu")
    np.testing.assert_allclose(graph(again, 20), graph(history, 20) @ rotation + 1.0, atol=5e-6)
    mirrored = moved(history, -np.eye(3), 0.0)
    np.testing.assert_allclose(graph(mirrored, 20), -graph(history, 20), atol=5e-6)


@pytest.mark.parametrize(
    "change",
    [
        {"near": False},
        {"far": False},
        {"near": False, "far": False},
        {"softmax": False},
        {"delays": False},
        {"decoder": False},
        {"ahead": 5},
    ],
)
def test_parts_can_be_switched_off(change):
    """Every variant runs, gives the base at first, and its weights all learn something."""
    torch.manual_seed(3)
    options = Options(width=8, heads=2, blocks=1, **change)
    start = molecule("ethanol")
    far = torch.from_numpy(hops(9, bonds(start.numbers, start.positions)))
    net = Forecast(options, 10, torch.from_numpy(start.numbers), far)
    history, base = torch.randn(2, 10, 9, 3), torch.randn(2, options.ahead, 9, 3)
    last = torch.from_numpy(start.positions).float().expand(2, -1, -1)
    made = net(history, last, base)
    assert made.shape == base.shape
    assert (made == 0).all()
    net.head.weight.data.normal_()
    net(history, last, base).square().sum().backward()
    blind = {"near", "far"} <= change.keys()
    for name, weight in net.named_parameters():
        if not name.startswith("conjugate") and not (blind and "bias." in name):
            assert weight.grad is not None, name


def test_spatial_attention_sees_as_far_as_it_should():
    start = molecule("ethanol")
    far = torch.from_numpy(hops(9, bonds(start.numbers, start.positions)))
    last = torch.from_numpy(start.positions).float()[None]
    for options, reach in (
        (Options(width=8, heads=2, blocks=1, near=False, far=False), 0),
        (Options(width=8, heads=2, blocks=1, far=False), 2),
        (Options(width=8, heads=2, blocks=1), 4),
    ):
        torch.manual_seed(4)
        net = Forecast(options, 10, torch.from_numpy(start.numbers), far)
        history = torch.randn(1, 10, 9, 3)
        other = history.clone()
        other[:, :, 0] += 1
        changed = (net.encode(history, last) - net.encode(other, last)).abs().sum((0, 1, 3)) > 1e-6
        assert changed.tolist() == (far[0] <= reach).tolist()


def test_long_forecasts_go_on_from_what_was_forecast(learned, ready):
    model = learned[0]
    history = ready.test.history.rows(slice(2))
    long = model(history, 50)
    assert long.shape == (2, 50, 9, 3)
    np.testing.assert_allclose(long[:, :20], model(history, 20), atol=1e-12)
    np.testing.assert_allclose(long[:, 20:40], model(history.after(long[:, :20]), 20), atol=1e-12)


def test_losses_of_consistency_vanish_where_forecasts_agree():
    rng = np.random.default_rng(5)
    path = torch.from_numpy(rng.normal(size=(3, 9, 4, 3)))
    early, late = path[:, :-1], path[:, 1:]
    # The square root is rounded up by 1e-8, so that it has a slope at 0.
    assert float(sti.hankel(early, late)) < 2e-8
    assert float(sti.hankel(early, late + torch.tensor([0.0, 0.3, 0.4]))) == pytest.approx(0.5)
    assert float(sti.conjugate(path[:, 0], path[:, 0])) == 0
    assert float(sti.conjugate(path[:, 0], path[:, 0] + 2)) == pytest.approx(4.0)


def test_pairs_overlap_where_the_loss_compares_them(still, ready):
    """True futures of a pair agree once they are turned to the common place."""
    from mechanist.trajectory.forecast.training import lessons, scales_of

    scales = scales_of(still.train, ready.numbers, 20, False)
    some = lessons(still.train, ready.pose(), scales, "cpu")
    truth = some.base * some.unit + some.wrong
    there = torch.einsum("sbhnx,sbxy->sbhny", truth, some.turn) + some.start
    # Single precision of places up to 0.3 nm from the middle.
    assert float(sti.hankel(there[0], there[1])) < 5e-7


def test_long_motion_is_measured(motion):
    start = molecule("ethanol")
    bound = bonds(start.numbers, start.positions)
    band = band_of(motion.positions, bound)
    assert band.share(motion.positions[None, :50]).min() == 1
    far = motion.positions[None, :2].copy()
    far[:, 1] *= 2
    np.testing.assert_allclose(band.share(far), [1, 0])
    np.testing.assert_allclose(rmsd(far, motion.positions[None, :2])[0], 0)
    one = motion.positions[None, :2000:10]
    assert likeness(one, one, motion.masses, 0.005) == pytest.approx(1.0)
    rest = np.repeat(one[:, :1], 200, axis=1) + 1e-4 * np.arange(200)[:, None, None] % 7e-4
    assert likeness(rest, one, motion.masses, 0.005) < 0.9
    assert likeness(np.full_like(one, np.nan), one, motion.masses, 0.005) == 0
    assert likeness(np.repeat(one[:, :1], 200, axis=1), one, motion.masses, 0.005) == 0


def test_forecaster_on_disk(learned, ready, tmp_path):
    model = learned[0]
    paths = tmp_path / "f.safetensors", tmp_path / "f.json"
    store.save(model, 10, *paths)
    again = store.load(*paths, LastFrame())
    history = ready.test.history.rows(slice(2))
    np.testing.assert_array_equal(again(history, 25), model(history, 25))
    np.testing.assert_array_equal(again.encode(history), model.encode(history))
    with pytest.raises(DataError, match="base"):
        store.load(*paths, Straight())
    other = Corrected(model.net, model.base, model.pose, model.scales, 20, 20)
    other.net.head.bias.data += 1
    store.save(other, 10, tmp_path / "o.safetensors", tmp_path / "o.json")
    with pytest.raises(DataError, match="is not the file"):
        store.load(paths[0], tmp_path / "o.json", LastFrame())
    text = paths[1].read_text(encoding="utf-8")
    (tmp_path / "wide.json").write_text(text.replace('"width": 16', '"width": 8'), encoding="utf-8")
    with pytest.raises(DataError, match="shapes"):
        store.load(paths[0], tmp_path / "wide.json", LastFrame())
    (tmp_path / "huge.json").write_text(
        text.replace('"known": 10', '"known": 1000000000'), encoding="utf-8"
    )
    with pytest.raises(DataError, match="shapes"):
        store.load(paths[0], tmp_path / "huge.json", LastFrame())
    (tmp_path / "what.json").write_text(text.replace('"heads"', '"hands"'), encoding="utf-8")
    with pytest.raises(DataError, match=r"what\.json"):
        store.load(paths[0], tmp_path / "what.json", LastFrame())
    paths[0].write_bytes(b"no")
    with pytest.raises(DataError) as error:
        store.load(*paths, LastFrame())
    assert "\n" not in str(error.value)


def test_cases_know_their_number(ready):
    assert len(ready.test) == len(ready.test.history) == 12
    assert isinstance(ready.many, Cases)
