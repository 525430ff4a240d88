"""Descriptors for formulas alone are chosen where they add something."""

import numpy as np

from mechanist.formula.search.screen import screen


def found(q, features, preferred, count=2, tie=5e-4):
    owners = list(range(features.shape[1]))
    return screen(features, owners, q, preferred, count, tie, np.random.default_rng(1))


def test_what_q_is_made_of_is_found(rng):
    features = rng.normal(size=(4000, 9))
    q = 2 * features[:, 7] - features[:, 4] + 0.5 * features[:, 0]
    assert found(q, features, preferred=3) == [7, 4]


def test_what_repeats_a_preferred_one_is_left_out(rng):
    features = rng.normal(size=(4000, 4))
    features[:, 2] = features[:, 0]
    assert found(features[:, 0] * 2.0, features, preferred=2) == []


def test_of_two_that_are_as_good_the_first_is_taken(rng):
    features = rng.normal(size=(4000, 5))
    # The last one is better by far less than a tie.
    features[:, 3] = features[:, 4] + 1e-3 * rng.normal(size=4000)
    assert found(2 * features[:, 4], features, preferred=1, count=1) == [3]
