import numpy as np
import pytest

from mechanist.statistics.clusters import clustered_error
from mechanist.statistics.held_out import held_out
from mechanist.statistics.pieces import mean_error, pieces


def test_few_long_chains_are_cut_and_many_short_ones_are_not():
    few = pieces(np.repeat(np.arange(4), 1000))
    assert len(np.unique(few)) == 48
    assert np.bincount(few).min() >= 83
    # Every piece belongs to one chain, and follows in the order of its moves.
    assert (np.diff(few.reshape(4, 1000), axis=1) >= 0).all()
    many = np.repeat(np.arange(100), 30)
    np.testing.assert_array_equal(pieces(many), many)


def test_chains_may_alternate():
    chain = np.tile([0, 1], 200)
    piece = pieces(chain, wanted=8, shortest=50)
    assert len(np.unique(piece)) == 8
    assert all(len(np.unique(chain[piece == one])) == 1 for one in np.unique(piece))


def test_chains_that_do_not_differ_lend_their_pieces_and_others_do_not():
    rng = np.random.default_rng(1)
    chain = np.repeat(np.arange(4), 500)
    noise = rng.normal(size=2000)
    alike = mean_error(noise - noise.mean(), chain, pieces(chain), 2000.0)
    assert alike.freedom > 30
    # 44 degrees of freedom: the error is known within 4 standard deviations of 11 %.
    assert alike.error == pytest.approx(1 / 2000**0.5, rel=0.44)
    apart = noise + np.array([-1, -0.3, 0.4, 0.9])[chain]
    differ = mean_error(apart - apart.mean(), chain, pieces(chain), 2000.0)
    assert differ.freedom == 3
    assert differ.error == clustered_error(apart - apart.mean(), chain, 2000.0)


def test_two_of_four_chains_are_held_out_and_every_fifth_of_many():
    assert held_out(np.arange(4), 5).tolist() == [False, True, False, True]
    assert held_out(np.arange(7), 5).sum() == 2
    np.testing.assert_array_equal(held_out(np.arange(20), 5), np.arange(20) % 5 == 4)
    # A worker that knows only its own chains is told how many there are.
    assert held_out(np.array([4, 5]), 5, chains=64).tolist() == [True, False]
