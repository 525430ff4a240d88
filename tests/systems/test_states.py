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
