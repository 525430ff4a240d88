"""Resampled choices: the shortcut agrees with refits, and what is clear is chosen every time."""

import numpy as np
import pytest

from mechanist.formula.choice.stability import (
    Share,
    _Sums,
    best_of_each_length,
    most_stable,
    resampled,
)
from mechanist.formula.expression import parse
from mechanist.formula.fit.candidate import Points, fitted
from mechanist.formula.fit.likelihood import Outcomes
from mechanist.statistics.logistic import q_to_p
from tests.formula.test_pareto import with_loss

OWNERS = ("x0", "x1", "x2")


def shots(count, seed, chains=40):
    """Two shots from each of many points, q = 2 x0 - x1; chains have a common shift."""
    rng = np.random.default_rng(seed)
    x = np.asfortranarray(rng.normal(size=(count, 3)))
    chain = rng.integers(chains, size=count)
    q = 2 * x[:, 0] - x[:, 1] + 0.2 * rng.normal(size=chains)[chain]
    n_b = rng.binomial(2, q_to_p(q)).astype(float)
    return Points(x, Outcomes(2 - n_b, n_b, chain))


def fits(texts, points):
    return [fitted(parse(text), points, "test") for text in texts]


def readable(noise, texts, preferred):
    """Shares of candidates where x2 is 2 x0 - x1 with noise, as a height is made of torsions."""
    train, held = shots(6000, 1), shots(3000, 2)
    rng = np.random.default_rng(4)
    for points in (train, held):
        x = points.columns
        x[:, 2] = 2 * x[:, 0] - x[:, 1] + noise * rng.normal(size=len(x))
    candidates = fits(texts, train)
    # The height is the most relevant descriptor.
    owners = ("phi", "psi", "height")
    rng = np.random.default_rng(1)
    shares = resampled(candidates, train, held, owners, 2e-4, 2.5e-3, rng, preferred)
    return dict(zip(texts, (share.chosen for share in shares), strict=True))


def test_of_equal_formulas_the_one_in_familiar_descriptors_is_chosen():
    texts = ["0.1", "1.1*x2", "2*x0 - 1.1*x1", "2*x0 - 1.1*x1 + 0.1*x1*x1"]
    # Each of the two is the truth; the shorter one is chosen unless the other is preferred.
    assert readable(0.0, texts, ())["1.1*x2"] > 0.9
    assert readable(0.0, texts, ("phi", "psi"))["2*x0 - 1.1*x1"] > 0.9
    # phi alone is worth 0.07 nats less, so the height has earned its place.
    assert readable(0.0, ["0.1", "1.1*x2", "2*x0"], ("phi", "psi"))["1.1*x2"] == 1.0
    # A preference for what is chosen anyway changes nothing.
    assert readable(0.0, texts, ("height",)) == readable(0.0, texts, ())
    assert readable(0.0, texts, ("phi", "psi", "height")) == readable(0.0, texts, ())


def test_of_equal_formulas_the_one_with_fewer_helpers_is_chosen():
    # The height is 2 phi - psi but for a little noise; another descriptor is always needed.
    train, held = shots(6000, 1), shots(3000, 2)
    rng = np.random.default_rng(4)
    for points in (train, held):
        x = points.columns
        x[:, 2] = x[:, 0] + 0.05 * rng.normal(size=len(x))
    texts = ["0.1", "2*x0 - 1.1*x1", "2*x2 - 1.1*x1", "2*x2"]
    owners = ("phi", "far", "height")
    candidates = fits(texts, train)

    def chosen(preferred):
        rng = np.random.default_rng(1)
        found = resampled(candidates, train, held, owners, 2e-4, 2.5e-3, rng, preferred)
        return dict(zip(texts, (share.chosen for share in found), strict=True))

    assert chosen(("phi",))["2*x0 - 1.1*x1"] > 0.9
    assert chosen(("height",))["2*x2 - 1.1*x1"] > 0.9


def test_what_is_as_good_as_the_choice_and_has_fewer_helpers_takes_its_place():
    # Excess over the best: 0, 0.0029, 0.0035, 0.03 nats; the same in all chains.
    losses = np.tile(100 * np.array([0.5, 0.5029, 0.5035, 0.53]), (20, 1))
    sums, lengths = _Sums(losses, np.full(20, 100.0), ()), np.array([30, 20, 18, 10])

    def choice(strange):
        return sums.choice([0, 1, 2, 3], lengths, np.ones(20), 0.003, 0.0, [], np.array(strange))

    assert choice([3, 3, 2, 1]) == 2
    assert choice([3, 2, 2, 1]) == 1
    # Not what is longer, or familiar and worse than the best.
    assert choice([1, 2, 3, 1]) == 1
    assert choice([3, 3, 0, 0]) == 1


def test_a_constant_is_not_replaced_by_a_familiar_formula():
    # x2 has nothing to do with the outcomes here: all candidates are as good as the constant.
    train, held = shots(6000, 1), shots(3000, 2)
    for points in (train, held):
        points.columns[:, 2] = np.random.default_rng(6).normal(size=len(points.columns))
    candidates = fits(["0.1", "0.1*x2"], train)
    rng = np.random.default_rng(1)
    shares = resampled(candidates, train, held, OWNERS, 2e-4, 2.5e-3, rng, ("x2",))
    assert shares[0].chosen > 0.9


def test_familiar_formulas_are_among_those_that_are_compared():
    candidates = [with_loss(f"{k}.5*x2", 0.50 + k / 100) for k in range(1, 10)]
    candidates += [with_loss(f"{k}.5*x0", 0.60 + k / 100) for k in range(1, 10)]
    plain = best_of_each_length(candidates)
    assert {c.columns for c in plain} == {(2,)}
    both = best_of_each_length(candidates, OWNERS, ("x0", "x1"))
    # Unfamiliar ones count as longer.
    assert both[-len(plain) :] == plain
    familiar = both[: -len(plain)]
    assert len(familiar) >= len(plain)
    assert {c.columns for c in familiar} == {(0,)}


def test_one_step_of_newton_stands_for_a_refit():
    train = shots(4000, 3)
    candidates = fits(["0.1", "2*x0 + 0.1", "2*x0 - 1.1*x1", "2*x0*x1 - x1 + 0.5"], train)
    sums = _Sums.of(candidates, train, gradients=True)
    rng = np.random.default_rng(5)
    for _ in range(3):
        times = np.bincount(rng.integers(40, size=40), minlength=40)
        rows = np.repeat(np.arange(4000), times[train.outcomes.chain])
        drawn = Points(np.asfortranarray(train.columns[rows]), train.outcomes.select(rows))
        exact = [fitted(c.expr, drawn, "test").loss for c in candidates]
        plain = sums.losses.T @ times / (times @ sums.counts)
        # The step must give nearly all that a refit gains; what it leaves is of third order.
        gain = np.abs(plain - exact).max()
        assert gain > 5e-5
        np.testing.assert_allclose(sums.drawn(times * 1.0), exact, rtol=0, atol=0.2 * gain)


def test_a_clear_case_is_clear():
    train, held = shots(6000, 1), shots(3000, 2)
    texts = ["0.1", "2*x0", "2*x1", "2*x0 - 1.1*x1", "2*x0 - 1.1*x2", "2*x0 - 1.1*x1 + 0.1*x2*x0"]
    candidates = fits(texts, train)
    rng = np.random.default_rng(1)
    shares = resampled(candidates, train, held, OWNERS, 2e-4, 2.5e-3, rng)
    # 200 resamples; x0 and x1 are worth 0.2 and 0.07 nats, so that no resample can do without.
    assert shares[3].chosen == 1.0
    assert shares[1].stands == 1.0
    assert shares[2].stands == 0.0
    assert sum(share.chosen for share in shares) == pytest.approx(1)


def test_few_chains_are_drawn_by_points():
    train, held = shots(600, 1, chains=3), shots(300, 2, chains=2)
    candidates = fits(["0.1", "2*x0 - 1.1*x1"], train)
    shares = resampled(candidates, train, held, OWNERS, 2e-4, 0.0, np.random.default_rng(1))
    assert shares[1].chosen > 0.9


def test_what_stands_most_often_is_taken():
    one, other, longer = (with_loss(t, 0.5) for t in ("2.5*x0", "2.5*x1", "2.5*x0 + 1.5*x1"))
    shares = [Share(0.4, 0.1), Share(0.6, 0.0), Share(1.0, 0.9)]
    assert most_stable([one, other, longer], shares) == [other, longer]


def test_only_the_best_few_of_a_length_are_compared():
    group = [with_loss("2.5*x0", 0.5 + 0.01 * i) for i in range(9)]
    assert best_of_each_length(group[::-1]) == group[:6]


def test_a_constant_term_is_not_dropped_because_it_does_little():
    rng = np.random.default_rng(3)
    x = np.asfortranarray(rng.normal(size=(40_000, 3)))
    chain = rng.integers(40, size=len(x))
    n_b = rng.binomial(2, q_to_p(2 * x[:, 0] + 0.15)).astype(float)
    points = Points(x, Outcomes(2 - n_b, n_b, chain))
    candidates = fits(["2*x0", "0.15 + 2*x0"], points)
    # It gains 0.15^2 / 2 times the mean of p (1 - p), about 0.0014 nats: less than is enough.
    shares = resampled(candidates, points, points, OWNERS, 2e-4, 3e-3, rng)
    assert shares[1].chosen == 1.0
