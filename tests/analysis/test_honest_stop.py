"""Short runs of the double well by the package's own stages; `tests/truth` has the long ones."""

import numpy as np
import pytest

from mechanist.bookkeeping.files import read_json
from tests.truth.toys import positions, start, zero_of_q


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    toy = start(
        "double_well",
        tmp_path_factory.mktemp("stop"),
        203,
        workers=1,
        first_round=1500,
        rounds_max=4,
    )
    return toy, *toy.until_converged()


def test_a_run_that_says_converged_has_q_zero_where_it_is(run):
    toy, number, converged = run
    assert converged
    zero, sigma = zero_of_q(toy, number)
    # By symmetry the truth is x = 0. Three standard deviations: 3 seeds in 1,000 miss.
    assert abs(zero) < 3 * sigma
    # 0.3 in q is the limit of the error; q changes by about 7 a nm.
    assert sigma < 0.3 / 5
    p, error = toy.model(number).estimate(toy.features(positions(np.zeros(1))))
    assert abs(p[0] - 0.5) < 3 * error[0]


def test_the_assessment_shows_what_was_learned(run):
    toy, number, _ = run
    content = read_json(toy.layout.round(number).assessment)
    # Friction of 2.5 /ps: the first velocity decides a part, but not all.
    assert -0.8 < content["latent_correlation"] < -0.3
    assert content["criteria"]["transitions"]["passed"]
    independent = content["transitions_predicted"] / content["transitions_expected"]
    assert independent == pytest.approx(1, abs=0.1)
    assert content["error_scale"]["bias"] > 0
    card = read_json(toy.layout.round(number).model_card)
    assert card["error"] == content["error_scale"]


def test_a_few_shots_never_say_converged(tmp_path):
    toy = start("double_well", tmp_path, 4, workers=1, first_round=64, rounds_max=4)
    calibration = toy.round(0)["criteria"]["calibration"]
    # 64 shots, about 13 in a window of p_B: no deviation of 0.1 can be seen.
    assert not calibration["passed"]
    assert calibration["power"] is None or calibration["power"] > 0.2
    assert "needs more chains or shots" in calibration["explanation"]
    content = toy.round(1)
    assert not content["converged"]
    assert "independent_paths" in content["reason"]
    # Nor is it surer of itself than it may be: again three standard deviations.
    zero, sigma = zero_of_q(toy, 1)
    assert abs(zero) < 3 * sigma
