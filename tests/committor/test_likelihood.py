import numpy as np
import pytest

from mechanist.committor.likelihood import clustered_se, loss_per_outcome, nll
from mechanist.errors import DataError


def test_against_the_binomial_formula():
    q = np.array([-2.0, 0.0, 3.0])
    p = 1 / (1 + np.exp(-q))
    n_a, n_b = np.array([2, 1, 0]), np.array([0, 1, 1])
    np.testing.assert_allclose(nll(q, n_a, n_b), -n_a * np.log(1 - p) - n_b * np.log(p))


def test_knowing_nothing_costs_ln_2():
    assert loss_per_outcome(np.zeros(3), np.ones(3, int), np.ones(3, int)) == pytest.approx(
        np.log(2)
    )


def test_large_q_neither_overflows_nor_is_hidden():
    assert nll(np.array([1000.0]), np.array([1]), np.array([0]))[0] == pytest.approx(1000)
    with pytest.raises(DataError, match="non-finite q"):
        nll(np.array([np.nan]), np.array([1]), np.array([0]))


def test_clustered_error_sees_copies_within_a_chain():
    rng = np.random.default_rng(4)
    n_b = rng.binomial(1, 0.7, size=100)
    q = np.full(100, 0.8)
    chain = np.arange(100)
    alone = clustered_se(q, 1 - n_b, n_b, chain)
    copied = clustered_se(*(np.repeat(v, 9) for v in (q, 1 - n_b, n_b, chain)))
    assert copied == pytest.approx(alone)
