"""Overlap and core intervals against closed forms."""

import numpy as np
import pytest
from scipy.stats import norm

from mechanist.starts.density import core, distance, middle, overlap

COUNT = 40_000


@pytest.mark.parametrize("apart", [0.0, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("periodic", [True, False])
def test_overlap_of_two_gaussians(apart, periodic, rng):
    """2 Phi(-d/2); smoothing by 6 degrees and 40,000 samples leave an error below 0.02."""
    width = 0.6
    one, other = rng.normal(0, width, COUNT), rng.normal(apart * width, width, COUNT)
    assert overlap(one, other, periodic) == pytest.approx(2 * norm.cdf(-apart / 2), abs=0.02)


def test_overlap_sees_no_border_at_180_degrees(rng):
    one, other = rng.normal(np.pi, 0.2, COUNT), rng.normal(-np.pi, 0.2, COUNT)
    other = np.mod(other + np.pi, 2 * np.pi) - np.pi
    assert overlap(one, other, True) > 0.97


@pytest.mark.parametrize("centre", [0.0, 2.0, np.pi, -3.0])
def test_the_core_of_a_gaussian_ends_where_the_density_is_a_tenth(centre, rng):
    width = 0.4
    values = np.mod(rng.normal(centre, width, COUNT) + np.pi, 2 * np.pi) - np.pi
    low, high = core(values, centre, 0.1, True)
    half = width * np.sqrt(2 * np.log(10))
    assert high - low == pytest.approx(2 * half, abs=0.12)
    assert np.angle(np.exp(1j * ((low + high) / 2 - centre))) == pytest.approx(0, abs=0.05)


def test_a_core_stays_on_its_side_of_a_barrier(rng):
    values = np.r_[rng.normal(-1.0, 0.15, COUNT), rng.normal(1.0, 0.15, 3 * COUNT)]
    for centre in (-1.0, 1.0):
        low, high = core(values, centre, 0.1, False)
        assert low < centre < high
        assert not low < -centre < high


def test_a_uniform_angle_has_a_core_of_a_whole_turn(rng):
    assert core(rng.uniform(-np.pi, np.pi, COUNT), 0.3, 0.1, True) == (-np.pi, np.pi)


def test_values_that_never_vary():
    low, high = core(np.full(100, 0.15), 0.15, 0.1, False)
    assert low < 0.15 < high


@pytest.mark.parametrize(
    ("one", "other", "periodic", "gap"),
    [
        ((-1.0, 0.0), (1.0, 2.0), True, 1.0),
        ((2.0, 4.0), (-2.0, -1.0), True, 2 * np.pi - 6.0),
        ((0.0, 2.0), (1.0, 3.0), True, -1.0),
        ((0.1, 0.2), (0.3, 0.4), False, 0.1),
        ((0.3, 0.4), (0.1, 0.35), False, -0.05),
    ],
)
def test_gap_between_intervals(one, other, periodic, gap):
    assert distance(one, other, periodic) == pytest.approx(gap)
    assert distance(other, one, periodic) == pytest.approx(gap)


def test_the_middle_of_angles_around_180_degrees(rng):
    values = np.mod(rng.normal(np.pi, 0.3, COUNT) + np.pi, 2 * np.pi) - np.pi
    # The standard error of a median is 1.25 sigma / sqrt(n).
    error = 5 * 1.25 * 0.3 / np.sqrt(COUNT)
    assert abs(np.angle(np.exp(1j * (middle(values, True) - np.pi)))) < error
