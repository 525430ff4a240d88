"""The calibration criterion at every number of chains that a run may have: 100 trials each.

A model with p_B off by 0.1 at p_B = 1/2 must be refused in at least 90, a right one pass in at
least 95. Two broken variants must fail: no limit of the power, and the test of held-out chains
alone.
"""

import pytest

from tests.committor.test_power import held_out_chains_alone, passed, passes, without_power
from tests.truth.chains import SHAPES, SIZES, right

pytestmark = pytest.mark.truth

TRIALS = 100


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_power_at_every_number_of_chains(size):
    good = passed(passes, size, right, TRIALS)
    wrong = {name: passed(passes, size, shape, TRIALS) for name, shape in SHAPES.items()}
    print(f"{size[0]} chains x {size[1]} shots: right passes {good}, wrong pass {wrong}")
    assert good >= 95
    assert max(wrong.values()) <= 10


def test_broken_variants_let_wrong_models_pass():
    few = passed(without_power, (4, 100), SHAPES["above 1/2"], TRIALS)
    before = passed(held_out_chains_alone, (16, 250), SHAPES["shift up"], TRIALS)
    print(f"no limit of the power: {few} of 100 wrong models pass; held-out chains alone: {before}")
    assert few > 10
    assert before > 10
