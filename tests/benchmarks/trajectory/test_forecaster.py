"""Networks that forecast: training, symmetries, losses, and their windows."""

import numpy as np
import pytest
import torch

from benchmarks.trajectory.measure.bonds import bonds, hops
from benchmarks.trajectory.measure.forecast_errors import errors
from benchmarks.trajectory.measure.forecast_learning import baseline, forecaster, ground
from benchmarks.trajectory.measure.forecast_setup import Setup, blocks
from benchmarks.trajectory.measure.forecast_sizes import ForecastSize
from benchmarks.trajectory.measure.rollout import band_of, likeness, rmsd
from benchmarks.trajectory.models import sti
from benchmarks.trajectory.models.network import Forecast
from benchmarks.trajectory.models.options import Options, Training
from benchmarks.trajectory.reference.molecules import molecule
from mechanist.trajectory.dataset import by_time
from mechanist.trajectory.forecast.bases import last_frame
from mechanist.trajectory.forecast.windows import Cases, History, Task
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
def ready(motion):
    dataset = blocks(motion, by_time(motion, 82, 0.4, 0.2), Task())
    return Setup(dataset, Task(), TINY, motion.numbers, motion.masses)


@pytest.fixture(scope="module")
def still(ready):
    return ground(last_frame, ready)


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


def test_blocks_are_two_windows_apart(ready):
    dataset, purge = ready.dataset, 2 * ready.task.span
    times = [part.positions[[0, -1]] for part in (dataset.train, dataset.validate, dataset.test)]
    assert len(dataset.train) + len(dataset.validate) + len(dataset.test) <= 6000 - purge
    assert not np.array_equal(times[0][1], times[1][0])


def test_training_lowers_the_loss_on_held_out_blocks(learned, still, ready, motion):
    model, found = learned
    assert found[0] == pytest.approx(1.0, abs=1e-5)
    assert min(found) < 0.95
    made = model(ready.test.history, 20)
    rest = errors(last_frame(ready.test.history, 20), ready.test.future, motion.numbers)
    assert errors(made, ready.test.future, motion.numbers).ade < rest.ade
    for kind in ("LSTM", "EGNN", "transformer"):
        other, course = baseline(kind, still, ready, 1, "cpu")
        assert course[0] == pytest.approx(1.0, abs=1e-5)
        assert min(course) < 1, kind
        assert other.parameters > 1000


def test_symmetries(learned, still, ready):
    model = learned[0]
    history = ready.test.history.rows(slice(3))
    made = model(history, 20)
    rotation = turn(np.random.default_rng(2))
    again = moved(history, rotation, 1.0)
    # Single precision of displacements of 0.05 nm.
    np.testing.assert_allclose(model(again, 20), made @ rotation + 1.0, atol=2e-6)
    for order in molecule("ethanol").permutations:
        swapped = History(history.positions[:, :, order], history.spacing_ps)
        np.testing.assert_allclose(model(swapped, 20), made[:, :, order], atol=2e-6)
    graph, _ = baseline("EGNN", still, ready, 1, "cpu")
    np.testing.assert_allclose(graph(again, 20), graph(history, 20) @ rotation + 1.0, atol=5e-6)
    mirrored = moved(history, -np.eye(3), 0.0)
    np.testing.assert_allclose(graph(mirrored, 20), -graph(history, 20), atol=5e-6)


def test_spatial_attention_sees_as_far_as_it_should():
    """At first the network gives the base; one block reaches all atoms, and two bonds if local."""
    start = molecule("ethanol")
    far = torch.from_numpy(hops(9, bonds(start.numbers, start.positions)))
    torch.manual_seed(4)
    net = Forecast(Options(width=8, heads=2, blocks=1), 10, torch.from_numpy(start.numbers), far)
    last = torch.from_numpy(start.positions).float().expand(2, -1, -1)
    history, base = torch.randn(2, 10, 9, 3), torch.randn(2, 20, 9, 3)
    assert (net(history, last, base) == 0).all()
    net.head.weight.data.normal_()
    net(history, last, base).square().sum().backward()
    for name, weight in net.named_parameters():
        assert name.startswith("conjugate") or weight.grad is not None, name
    hidden = net.bias_of(last)[0, 0]
    assert torch.equal(torch.isfinite(hidden[0]), far <= 2)
    assert torch.isfinite(hidden[1]).all()


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
    from benchmarks.trajectory.models.training import lessons, scales_of

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


def test_cases_know_their_number(ready):
    assert len(ready.test) == len(ready.test.history) == 12
    assert isinstance(ready.many, Cases)
