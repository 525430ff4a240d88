"""Local R-hat."""

import numpy as np
import pytest

from mechanist.statistics.local_rhat import local_rhats, split_rhats
from mechanist.statistics.rhat import split_rhat


def test_columns_are_as_split_rhat():
    rng = np.random.default_rng(1)
    chains = [rng.normal(size=(n, 4)) + rng.normal(size=4) for n in (3, 9, 20, 41)]
    for chain in chains:
        chain[:, 2], chain[:, 3] = 0.3, len(chain)
    expected = [split_rhat([chain[:, column] for chain in chains]) for column in range(4)]
    np.testing.assert_allclose(split_rhats(chains), expected)
    assert expected[2:] == [1.0, np.inf]


def test_no_chain_is_long_enough():
    for chains in ([np.zeros((3, 2))], [np.zeros((0, 2)), np.zeros((0, 2))]):
        assert np.isnan(split_rhats(chains)).all()
        assert np.isnan(local_rhats(chains)).all()
    assert local_rhats([np.zeros((9, 0))]).shape == (0,)


def test_one_chain_that_has_left_is_found():
    # 64 chains of 100 draws; one is elsewhere from its middle on, by five standard deviations.
    rng = np.random.default_rng(2)
    chains = [rng.normal(size=(100, 1)) for _ in range(64)]
    assert local_rhats(chains)[0] < 1.05
    chains[5][50:] += 5
    assert split_rhats(chains)[0] < 1.1
    assert local_rhats(chains)[0] > 1.2


def test_chains_of_one_mean_and_several_widths_are_found():
    rng = np.random.default_rng(3)
    chains = [(1 + 3 * (i % 2)) * rng.normal(size=(200, 1)) for i in range(32)]
    assert split_rhats(chains)[0] == pytest.approx(1, abs=0.01)
    assert local_rhats(chains)[0] > 1.02
