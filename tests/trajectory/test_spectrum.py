import numpy as np
import pytest

from benchmarks.trajectory.measure.likeness import similarity
from benchmarks.trajectory.reference.morse import DIATOMICS
from mechanist.errors import DataError
from mechanist.trajectory.spectrum import density_of_states

LIGHT = 0.0299792458


def wave(number, frames=4000, dt=0.0005):
    t = dt * np.arange(frames)
    return np.cos(2 * np.pi * number * LIGHT * t)[:, None, None] * np.ones((1, 3))


def test_a_wave_is_found_where_it_is():
    for number in (350.0, 1234.0, 3650.0):
        spectrum = density_of_states(wave(number), np.ones(1), 0.0005)
        assert spectrum.peak(100, 4000) == pytest.approx(number, abs=1)
    assert spectrum.density.sum() * spectrum.wave_numbers[1] == pytest.approx(1)


def test_the_density_weighs_by_mass_and_amplitude():
    both = np.concatenate([wave(1000.0), 2 * wave(3000.0)], axis=1)
    spectrum = density_of_states(both, np.array([4.0, 1.0]), 0.0005)
    near = [np.abs(spectrum.wave_numbers - number) < 200 for number in (1000, 3000)]
    low, high = (spectrum.density[part].sum() for part in near)
    assert low == pytest.approx(high, rel=1e-3)


def test_diatomics_vibrate_as_their_energy_says():
    for one in DIATOMICS.values():
        energy = 0.2 * one.depth
        motion = one.trajectory(energy, 8000, 0.00025)
        spectrum = density_of_states(motion.velocities, motion.masses, 0.00025)
        expected = one.angular_frequency(energy) / (2 * np.pi * LIGHT)
        assert expected == pytest.approx(one.wave_number * np.sqrt(0.8), rel=1e-9)
        assert spectrum.peak(1000, 5000) == pytest.approx(expected, abs=1)


def test_similarity():
    one = density_of_states(wave(1000.0), np.ones(1), 0.0005)
    other = density_of_states(wave(2000.0), np.ones(1), 0.0005)
    assert similarity(one, one) == pytest.approx(1)
    assert similarity(one, other) < 1e-3
    short = density_of_states(wave(1000.0, 100), np.ones(1), 0.0005)
    with pytest.raises(DataError, match="different points"):
        similarity(one, short)
    with pytest.raises(DataError, match="no points"):
        one.peak(1e6, 2e6)
