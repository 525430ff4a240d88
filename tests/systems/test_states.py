import numpy as np
import pytest

from mechanist.systems.descriptors.states import Interval, States


@pytest.mark.parametrize(
    ("angle", "inside"), [(170, True), (-170, True), (160, False), (-150, False), (180, True)]
)
def test_interval_through_180_degrees(angle, inside):
    interval = Interval("psi", np.radians(165), np.radians(205))
    assert interval.contains(np.radians([angle]), periodic=True)[0] == inside


def test_alanine_states(alanine):
    degrees = np.array([[-80, 70], [60, -60], [0, 0], [-80, -70], [-29, 70], [131, -60]])
    labels = alanine.states.label(np.radians(degrees))
    assert labels.tolist() == [-1, 1, 0, 0, 0, 0]


def test_json_round_trip(alanine):
    assert States.from_json(alanine.states.to_json()) == alanine.states


def test_a_frame_on_the_edge_of_a_state_has_one_state(double_well):
    # Between the edge of B and its neighbour as files store it, an end was in B where it was made
    # and in no state when it was read back; kinetics counted its excursion as one from A to B.
    edge = double_well.states.b.boxes[0].intervals[0].low
    x = edge + np.linspace(-2e-7, 2e-7, 401)
    positions = np.stack([x, 0 * x, 0 * x], axis=1)[:, None, :]
    stored = positions.astype(np.float32)
    labels = double_well.states.label_positions(positions)
    assert set(labels) == {0, 1}
    assert np.array_equal(labels, double_well.states.label_positions(stored))
