"""Votes of resamples: descriptors before structures, and no coordinate without descriptors."""

import numpy as np
import pytest

from mechanist.formula.choice.stability import Share
from mechanist.formula.choice.vote import beat_constant, verdict, vote
from tests.formula.test_pareto import with_loss
from tests.formula.test_stability import OWNERS, fits, shots

TEXTS = ["0.27", "2.5*x0", "2.5*x0 + 1.5*x1", "2.5*x0*x1", "2.5*x0*x1 + 1.5*x0", "2.5*x2 + 3.5"]


def elected(votes, able=(False, True, True, True, True, True)):
    candidates = [with_loss(text, 0.5) for text in TEXTS]
    shares = [Share(0.0, share) for share in votes]
    result = vote(candidates, shares, OWNERS, np.array(able))
    return TEXTS[result.chosen], result.set_shares


def test_forms_in_the_same_descriptors_do_not_split_their_votes():
    # The constant has the plurality, as in the case of the audit; the three forms in x0 and x1 have
    # 41 % together.
    text, shares = elected([0.34, 0.15, 0.12, 0.15, 0.14, 0.10])
    assert text == "2.5*x0*x1"
    assert shares == pytest.approx((0.34, 0.15, 0.41, 0.41, 0.41, 0.10))


def test_a_constant_with_half_of_the_votes_leaves_no_formula():
    assert elected([0.5, 0.0, 0.0, 0.5, 0.0, 0.0])[0] == "0.27"
    assert elected([0.49, 0.0, 0.0, 0.5, 0.01, 0.0])[0] == "2.5*x0*x1"


def test_what_no_resample_chooses_is_not_chosen():
    text, _ = elected([0.2, 0.7, 0.0, 0.1, 0.0, 0.0], (False, False, True, True, True, True))
    assert text == "2.5*x0*x1"


def test_where_nothing_beats_a_constant_the_constant_is_left():
    text, _ = elected([0.1, 0.5, 0.2, 0.1, 0.1, 0.0], able=(False,) * 6)
    assert text == "0.27"


def test_what_does_not_beat_a_constant_is_not_chosen():
    text, _ = elected([0.1, 0.6, 0.1, 0.1, 0.05, 0.05], (False, False, True, True, True, True))
    assert text == "2.5*x0 + 1.5*x1"


def test_votes_for_one_structure_with_other_constants_add_up():
    texts = ["0.27", "2.5*x0", "2.6*x0 + 1.5", "2.5*x0 + 1.7"]
    candidates = [with_loss(text, 0.5) for text in texts]
    shares = [Share(0.0, share) for share in (0.0, 0.4, 0.25, 0.35)]
    result = vote(candidates, shares, OWNERS, np.array([False, True, True, True]))
    assert texts[result.chosen] == "2.5*x0 + 1.7"


def test_what_beats_a_constant():
    train, held = shots(6000, 1), shots(3000, 2)
    candidates = fits(["0.1", "2*x0", "2*x0 - 1.1*x1"], train)
    worse = with_loss("0.1 - 2.0*x0", 0.5)
    assert beat_constant([*candidates, worse], held).tolist() == [False, True, True, False]


@pytest.mark.parametrize(
    ("descriptors", "share", "stable", "words"),
    [
        (("phi",), 0.82, True, "82% of the resamples"),
        (("phi",), 0.5, True, "50% of the resamples"),
        (("phi",), 0.41, False, "No stable formula: only 41%"),
        ((), 0.9, False, "No formula beats a constant"),
    ],
)
def test_the_verdict(descriptors, share, stable, words):
    found, text = verdict(descriptors, share, 0.2)
    assert found is stable
    assert text.startswith(words)
