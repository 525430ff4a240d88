from dataclasses import replace

import numpy as np
import pytest

from mechanist.committor.crossfit import cross_fit
from mechanist.committor.data import ShotData
from mechanist.committor.learn import less_decayed, with_error
from mechanist.committor.training import train
from mechanist.committor.uncertainty import (
    Unseen,
    disagreement,
    fit_error_scale,
    neighbourhoods,
    pair_sum,
    posterior_mean,
)
from mechanist.settings.learn import LearnSettings
from mechanist.statistics.held_out import held_out
from mechanist.statistics.logistic import q_to_p

PRIOR = 0.5 * np.exp(0.5 * np.log(4) ** 2)
"""Mean of the lognormal prior with a median of a half, within a factor of four."""


def test_pairs_of_different_chains_by_hand():
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    group = np.array([0, 0, 0, 1, 1])
    chain = np.array([0, 0, 1, 2, 2])
    # In group 0 the pairs (1, 3) and (2, 3), each in both orders; in group 1 one chain only.
    assert pair_sum(values, group, chain) == pytest.approx(2 * (1 * 3 + 2 * 3))


def test_neighbourhoods_are_near(rng):
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]])
    which = rng.integers(3, size=600)
    group = neighbourhoods(centres[which] + rng.normal(size=(600, 2)), 3, rng)
    # Each group is a part of one cloud or a union of clouds; never does it cut across two of them.
    assert len(np.unique(group)) == 3
    assert len(np.unique(np.stack([group, which]), axis=1).T) <= 5
    assert neighbourhoods(np.zeros((4, 1)), 9, rng).shape == (4,)


def held_out_shots(seed, shots, error, spread, correlated=True):
    """Held-out shots and five members whose mean is off by ``error`` times a slow wave in q.

    Members deviate from their mean by ``spread`` times slow waves of other phases.
    """
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 1, size=shots)
    truth = rng.normal(size=shots) * 0.5
    wave = np.sqrt(2) * np.sin(2 * np.pi * (x + rng.random()))
    phases = rng.random(5)[:, None]
    deviations = np.sin(2 * np.pi * (x + phases)) * np.sqrt(2)
    deviations -= deviations.mean(axis=0)
    members = truth + error * wave + spread * deviations
    p = 1 / (1 + np.exp(-truth))
    first = rng.random(shots)
    second = 1 - first if correlated else rng.random(shots)
    n_b = (first < p).astype(int) + (second < p)
    data = ShotData(x[:, None], 2 - n_b, n_b, rng.integers(40, size=shots))
    return members, data, np.minimum((x * 20).astype(int), 19)


@pytest.mark.parametrize("error", [0.1, 0.3])
def test_a_common_error_that_no_spread_shows_is_found(error):
    # With 40,000 shots the squared error is known to about (0.02)^2 in q: the prior is nothing.
    members, data, group = held_out_shots(1, 40_000, error, 0.05)
    scale = fit_error_scale(members, data, group)
    slope = (0.25 - 0.02) * error
    assert scale.visible > 0.9
    assert abs(scale.excess - slope**2) < 4 * scale.excess_se + 0.1 * slope**2
    p = np.full(10, 0.5)
    spread = members.std(axis=0, ddof=1).mean()
    assert scale.sigma(p, np.full(10, spread)) == pytest.approx(slope, rel=0.2)


def test_few_shots_leave_the_prior():
    members, data, group = held_out_shots(2, 100, 0.1, 0.1)
    scale = fit_error_scale(members, data, group)
    # Within a factor of two of the mean of the prior, 1.3.
    assert 0.65 < (scale.bias / scale.floor) ** 2 < 2.6
    nothing = fit_error_scale(members[:, :0], data.subset(np.zeros(100, bool)), group[:0])
    assert (nothing.floor, nothing.excess) == (0.0, None)
    one_chain = ShotData(data.features, data.n_a, data.n_b, np.zeros(100, int))
    alone = fit_error_scale(members, one_chain, group)
    assert alone.excess is None
    assert alone.bias == pytest.approx(PRIOR**0.5 * alone.floor, rel=1e-3)


def test_a_bias_is_not_divided_by_what_the_noise_of_members_shows():
    """Members that differ from shot to shot: nothing of it is visible, the common error is."""
    members, data, group = held_out_shots(3, 40_000, 0.2, 0.0)
    noise = np.random.default_rng(4).normal(size=members.shape)
    members = members + 0.1 * (noise - noise.mean(axis=0))
    scale = fit_error_scale(members, data, group)
    assert scale.visible < 0.1
    slope = (0.25 - 0.02) * 0.2
    # 40,000 shots know the squared error within a few per cent.
    assert scale.bias == pytest.approx(slope, rel=0.1)


def test_only_shots_that_the_same_networks_predict_are_compared():
    members, data, group = held_out_shots(5, 40_000, 0.0, 0.05)
    part = data.chain % 2
    # The networks of two parts are wrong in opposite senses: over all pairs this would cancel.
    off = members.mean(axis=0) + np.where(part == 0, 0.3, -0.3)
    scale = fit_error_scale(members, data, group, Unseen(off, part, (2, 2)))
    assert scale.bias == pytest.approx(0.23 * 0.3, rel=0.15)


def test_the_measure_of_the_error_is_unbiased_and_its_standard_error_right():
    # Sixty sets of 1,000 shots whose halves are opposed; without an error the excess is 0.
    rows = []
    for seed in range(60):
        scale = fit_error_scale(*held_out_shots(seed, 1000, 0.0, 0.1))
        rows.append(scale.excess / scale.excess_se)
    # The mean of 60 has a standard error of 0.13, their standard deviation one of 0.1.
    assert abs(np.mean(rows)) < 4 * 0.13
    assert np.std(rows) == pytest.approx(1, abs=0.4)


def test_the_posterior_goes_from_the_prior_to_the_data():
    assert posterior_mean(9.0, 0.01, 1.0) == pytest.approx(9.0, rel=1e-2)
    assert posterior_mean(9.0, 1e6, 1.0) == pytest.approx(PRIOR, rel=1e-3)
    assert posterior_mean(-9.0, 1.0, 1.0) < PRIOR / 2


def test_disagreement_is_even_over_p_b():
    q = np.array([-3.0, 0.0, 3.0])
    assert disagreement(q, q) == disagreement(q[:0], q[:0]) == 0
    assert disagreement(q, q + 0.4) == pytest.approx(
        np.sqrt(np.mean((q_to_p(q) - q_to_p(q + 0.4)) ** 2))
    )


def test_the_common_error_is_at_least_the_difference_to_a_model_with_less_decay():
    # A model that is right, and one that is further from 1/2 everywhere. Seed 9.
    rng = np.random.default_rng(9)
    features = rng.normal(size=(4000, 3))
    q = features @ np.array([1.0, -0.5, 0.0])
    n_b = rng.binomial(2, q_to_p(q)).astype(float)
    data = ShotData(features, 2 - n_b, n_b, np.repeat(np.arange(40), 100))
    settings = LearnSettings(hidden=(8,), steps=400)
    known = data.subset(~held_out(data.chain, settings.held_out_every))
    model, _ = train(known, settings, tuple("abc"), np.random.default_rng(1), 1, print)
    fitted = cross_fit(data, model, settings, np.random.default_rng(2), 1, print)
    less = less_decayed(known, settings, tuple("abc"), np.random.default_rng(3), 1)
    steep = replace(less, skip=less.skip + np.array([1.0, -0.5, 0.0]))
    found = [
        with_error(fitted, data, np.random.default_rng(4), other).model.error.bias
        for other in (model, less, steep)
    ]
    apart = features[held_out(data.chain, settings.held_out_every)]
    assert found[0] <= found[1] < 2 * found[0] + 0.01
    assert found[2] == pytest.approx(disagreement(model.q(apart), steep.q(apart)))
    assert found[2] > 0.05
