"""Weights from several biased samplers."""

import numpy as np
import pytest

from mechanist.analysis.kinetics import reweighting
from mechanist.analysis.kinetics.reweighting import reweight
from mechanist.errors import MechanistError


def sample(rng, mu, bias, counts):
    """Kinds drawn by each sampler from discrete excursions with rates mu (M,), bias (K, M)."""
    drawn, source = [], []
    for k, count in enumerate(counts):
        p = mu * bias[k]
        drawn.append(rng.choice(len(mu), count, p=p / p.sum()))
        source.append(np.full(count, k))
    return np.concatenate(drawn), np.concatenate(source)


MU = np.array([100.0, 10.0, 1.0, 0.1, 0.01])
BIAS = np.array([[1, 1, 0, 0, 0], [0, 1, 10, 20, 0], [0, 0, 1, 30, 200]], dtype=float)


def test_weights_are_those_of_equilibrium(rng):
    # Each kind is drawn thousands of times; the ratio over two overlaps of about 2,000 draws each
    # is good to 1/sqrt(2000) * sqrt(4) = 0.045; 4 standard errors are 0.18. Seed 20261120.
    drawn, source = sample(rng, MU, BIAS, (20_000, 10_000, 10_000))
    got = reweight(BIAS[:, drawn], source, np.ones(len(drawn)))
    mass = np.bincount(drawn, got.weights)
    np.testing.assert_allclose(np.log(mass / mass[0]), np.log(MU / MU[0]), atol=0.18)
    expected = (BIAS * MU).sum(axis=1)
    np.testing.assert_allclose(
        np.log(got.normalisers / got.normalisers[0]), np.log(expected / expected[0]), atol=0.18
    )
    np.testing.assert_allclose(got.overlap.sum(axis=1), 1)


def test_the_equations_hold(rng):
    drawn, source = sample(rng, MU, BIAS, (500, 300, 200))
    bias = BIAS[:, drawn]
    got = reweight(bias, source, np.ones(len(drawn)))
    counts = np.bincount(source)
    np.testing.assert_allclose(bias @ got.weights, got.normalisers, rtol=1e-6)
    np.testing.assert_allclose(got.weights, 1 / ((counts / got.normalisers) @ bias), rtol=1e-6)


def test_an_excursion_drawn_twice_counts_twice(rng):
    drawn, source = sample(rng, MU, BIAS, (500, 300, 200))
    times = rng.integers(0, 3, len(drawn)).astype(float)
    again = np.repeat(np.arange(len(drawn)), times.astype(int))
    one = reweight(BIAS[:, drawn], source, times)
    two = reweight(BIAS[:, drawn[again]], source[again], np.ones(len(again)))
    np.testing.assert_allclose(
        one.normalisers / one.normalisers[0], two.normalisers / two.normalisers[0], rtol=1e-6
    )


def test_samplers_that_share_nothing_have_no_overlap(rng):
    bias = np.array([[1.0, 1, 0, 0], [0, 0, 1, 1]])
    drawn, source = sample(rng, np.ones(4), bias, (50, 50))
    got = reweight(bias[:, drawn], source, np.ones(100))
    assert got.overlap[0, 1] == pytest.approx(0, abs=1e-12)


def test_a_sampler_without_draws_is_left_out(rng):
    drawn, source = sample(rng, MU, BIAS, (500, 300, 0))
    got = reweight(BIAS[:, drawn], source, np.ones(len(drawn)))
    assert np.isnan(got.normalisers[2])
    assert np.isfinite(got.normalisers[:2]).all()


def test_steps_that_cannot_decrease_the_function_are_an_error(rng, monkeypatch):
    # The weights of an iteration that has stopped far from the solution are not used as converged.
    drawn, source = sample(rng, MU, BIAS, (500, 300, 200))
    monkeypatch.setattr(reweighting, "HALVINGS", 0)
    with pytest.raises(MechanistError, match="0 halvings of a Newton step"):
        reweight(BIAS[:, drawn], source, np.ones(len(drawn)))
    monkeypatch.setattr(reweighting, "_descend", lambda *_: None)
    start = np.exp([0.0, 1.0, 2.0])
    with pytest.raises(MechanistError, match="overlap too little"):
        reweight(BIAS[:, drawn], source, np.ones(len(drawn)), start)
