"""Rates of a random walk against linear algebra."""

from dataclasses import replace

import numpy as np
import pytest

from mechanist.analysis.kinetics.excursion_data import AB, FIRST_WINDOW, RUN_A, RUN_B
from mechanist.analysis.kinetics.kinetics import bootstrap, estimate, run_shares
from mechanist.analysis.kinetics.rate_test import reasons
from mechanist.analysis.kinetics.rate_verdict import rate_tests
from mechanist.errors import MechanistError
from mechanist.statistics.intervals import log_interval, normal_interval
from tests.analysis.lattice import draw, exact

BARRIER = np.array([0.0, 2.0, 4.0, 5.0, 5.5, 5.0, 4.0, 3.0, 1.0])
EVEN = np.ones(len(BARRIER) - 2)


def estimates(seeds, shots=1500):
    found = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        data = draw(BARRIER, rng, shots, 8, 2000, EVEN)
        whole = estimate(data)
        samples = [sample.rates for sample in bootstrap(data, whole, 40, rng)]
        found.append((whole.rates, samples))
    return found


@pytest.fixture(scope="module")
def twenty():
    """Twenty independent estimates, seeds 0 to 19."""
    return estimates(20)


def test_rates_are_unbiased_and_their_intervals_cover(twenty):
    # 4 standard errors of the mean over 20 seeds; 95 % intervals of 20 seeds cover fewer than 15
    # with probability 3e-4 each (binomial).
    k_ab, k_ba, pi_a = exact(BARRIER)
    truth = np.log([k_ab, k_ba, pi_a / (1 - pi_a)])
    found = np.array([[np.log(r.k_ab), np.log(r.k_ba), r.log_odds] for r, _ in twenty])
    spread = np.array(
        [
            np.std([[np.log(s.k_ab), np.log(s.k_ba), s.log_odds] for s in samples], axis=0, ddof=1)
            for _, samples in twenty
        ]
    )
    error = found.std(axis=0, ddof=1) / np.sqrt(len(found))
    assert (np.abs(found.mean(axis=0) - truth) < 4 * error).all()
    assert ((np.abs(found - truth) < 1.96 * spread).sum(axis=0) >= 15).all()


def test_the_two_directions_agree_with_the_free_energy(twenty):
    # Exact by construction of the estimator, whatever the data: flux balance.
    for rates, _ in twenty:
        assert rates.k_ab * rates.pi_a == pytest.approx(rates.k_ba * (1 - rates.pi_a), rel=1e-6)


def test_how_shots_are_spread_does_not_matter():
    # Twenty seeds each; the difference of two means within 4 of its standard errors.
    truth = np.log(exact(BARRIER)[0])
    skewed = []
    for seed in range(100, 120):
        data = draw(BARRIER, np.random.default_rng(seed), 1500, 8, 2000, np.arange(1.0, 8.0))
        skewed.append(np.log(estimate(data).rates.k_ab))
    error = np.std(skewed, ddof=1) / np.sqrt(len(skewed))
    assert abs(np.mean(skewed) - truth) < 4 * error


WIDE = np.array([0.0, 2.0, 1.0, 2.5, 3.0, 2.5, 2.0, 4.0, 1.5])
"""States of three sites each: who has just come over the barrier soon goes back."""


def test_runs_that_come_to_the_other_state_count_with_their_share():
    # Twenty seeds, 4 standard errors of the mean. Runs that all count the same see arrivals in B
    # as often as they see departures from B, which are rarer here: too low a rate.
    truth = np.log(exact(WIDE, 3)[:2])
    right, wrong = [], []
    for seed in range(20):
        data = draw(WIDE, np.random.default_rng(seed), 600, 100, 300, np.ones(3), 3, 100)
        assert data.crossed
        alike = replace(data, run_origin=data.run_state)
        for found, one in ((right, data), (wrong, alike)):
            rates = estimate(one).rates
            found.append(np.log([rates.k_ab, rates.k_ba]))
    error = np.std(right, axis=0, ddof=1) / np.sqrt(len(right))
    assert (np.abs(np.mean(right, axis=0) - truth) < 4 * error).all()
    difference = np.array(wrong)[:, 1] - np.array(right)[:, 1]
    assert difference.mean() < -4 * difference.std(ddof=1) / np.sqrt(len(difference))


def test_runs_that_crossed_before_they_count_weigh_no_more_than_others():
    # The first ten runs from A are now said to have begun in B, where they are not: with a share
    # of pi_B for all that began there, and not of pi_A each, they change k_AB by their noise only.
    data = draw(WIDE, np.random.default_rng(1), 600, 100, 300, np.ones(3), 3, 100)
    moved = replace(data, run_origin=np.where(data.run_unit < 10, RUN_B, data.run_origin))
    shares = run_shares(moved, np.log(3.0))
    np.testing.assert_allclose(shares, [0.75 / 90, 0.25 / 110])
    found, again = estimate(data).rates, estimate(moved).rates
    # 300 frames hold about one departure: ten runs of 100 are 10 % of the data.
    assert again.k_ab == pytest.approx(found.k_ab, rel=0.3)
    assert again.k_ba == pytest.approx(found.k_ba, rel=0.3)


def test_runs_shorter_than_many_excursions_are_not_biased():
    # A plateau on which excursions last about as long as the runs, which are at equilibrium from
    # the first step on. 30 seeds, 4 standard errors of the mean of ln k. Without the factor for
    # excursions that do not end in the run, k_AB is too low by more than as much again.
    flat = np.array([0.0, 1.5, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 1.5, 0.0])
    truth = np.log(exact(flat)[0])
    right, wrong = [], []
    for seed in range(30):
        data = draw(flat, np.random.default_rng(seed), 400, 60, 150, np.ones(9), 1, 300)
        right.append(np.log(estimate(data).rates.k_ab))
        endless = replace(data, run_frames=data.run_frames * 1e6)
        wrong.append(np.log(estimate(endless).rates.k_ab))
    error = np.std(right, ddof=1) / np.sqrt(len(right))
    assert abs(np.mean(right) - truth) < 4 * error
    difference = np.array(wrong) - np.array(right)
    assert abs(np.mean(difference)) > 4 * difference.std(ddof=1) / np.sqrt(len(difference))


def test_intervals_hold_their_value():
    rng = np.random.default_rng(5)
    spread = log_interval(2.0, 2 * np.exp(0.1 * rng.normal(size=4000)))
    assert spread.low == pytest.approx(2 * np.exp(-0.196), rel=0.02)
    assert spread.high == pytest.approx(2 * np.exp(0.196), rel=0.02)
    plain = normal_interval(1.0, 1 + 0.5 * rng.normal(size=4000))
    assert plain.high - plain.low == pytest.approx(2 * 1.96 * 0.5, rel=0.05)


def checked(data):
    whole = estimate(data)
    samples = list(bootstrap(data, whole, 40, np.random.default_rng(1)))
    return reasons(rate_tests(data, whole, samples, 40))


def test_good_data_raise_no_objection():
    assert checked(draw(BARRIER, np.random.default_rng(3), 3000, 8, 4000, EVEN)) == []


def test_without_transitions_there_is_no_rate():
    data = draw(BARRIER, np.random.default_rng(3), 1500, 8, 2000, EVEN)
    few = np.flatnonzero((data.kind == AB) & (data.sampler >= FIRST_WINDOW))[10:]
    keep = np.ones(len(data.kind), dtype=bool)
    keep[few] = False
    fields = ("kind", "sampler", "unit", "half", "origin", "side", "frames", "parent", "when")
    less = replace(
        data,
        candidate_frames=data.candidate_frames[:, keep],
        **{name: getattr(data, name)[keep] for name in fields},
    )
    assert any("only 10 shots joined A and B" in reason for reason in checked(less))


def test_chains_that_have_not_mixed_are_found():
    # Chains from the runs see the low window as it is, those from paths a region of their own that
    # always crosses: what happens where a window holds two regions that nothing connects.
    data = draw(BARRIER, np.random.default_rng(3), 3000, 8, 4000, EVEN)
    apart = (data.origin == 1) & (data.sampler == FIRST_WINDOW)
    reasons = checked(replace(data, kind=np.where(apart, AB, data.kind)))
    assert any("started near the states" in reason for reason in reasons)


def test_chains_that_stay_on_their_side_of_the_barrier_are_too_few_for_rates_of_their_own():
    # As alanine dipeptide has them: of the chains that started in A few have been near B, and rates
    # from them alone are off by orders of magnitude; those that started from paths join the two.
    steep = np.array([0.0, 3.0, 6.0, 8.0, 9.0, 8.0, 6.0, 3.0, 1.0])
    data = draw(steep, np.random.default_rng(3), 3000, 8, 4000, EVEN)
    window = data.sampler - FIRST_WINDOW
    side = np.where((window >= 0) & (window < 2), 0, np.where(window >= 3, 1, -1))
    reasons = checked(replace(data, side=side))
    assert not any("started in A" in reason for reason in reasons)


def test_runs_that_never_leave_are_refused():
    data = draw(BARRIER, np.random.default_rng(3), 500, 4, 1000, EVEN)
    silent = replace(
        data, run_departures=np.where(data.run_state == RUN_A, 0.0, data.run_departures)
    )
    with pytest.raises(MechanistError, match="have no excursion"):
        estimate(silent)
