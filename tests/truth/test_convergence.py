"""When a run says that it has converged, is its answer within what it claims?

The double well is symmetric, so that p_B = 1/2 and q = 0 lie at x = 0 exactly; p_B elsewhere is
known from many fresh shots. Twenty seeded runs stop where they say so. A run counts as off if q = 0
lies farther from x = 0 than its 95 % interval, or if p_B at any of the points is outside the
interval that holds all of them with 95 % (Bonferroni).
"""

from statistics import NormalDist

import numpy as np
import pytest

from tests.truth.toys import positions, shoot_truth, start, zero_of_q

RUNS = 20
POINTS = np.array([-0.3, -0.15, 0.0, 0.15, 0.3])
SHOTS = 4000


def symmetric(n, n_b):
    """Counts at the points, those of the mirrored point taken in."""
    return n + n[::-1], n_b + (n - n_b)[::-1]


def misses(toy, number, n, n_b):
    """What of the answer of a run is outside its interval."""
    zero, sigma = zero_of_q(toy, number)
    result = ["q = 0"] if abs(zero) > 1.96 * sigma else []
    p, error = toy.model(number).estimate(toy.features(positions(POINTS)))
    truth = n_b / n
    scatter = np.sqrt(error**2 + truth * (1 - truth) / n)
    limit = NormalDist().inv_cdf(1 - 0.05 / len(POINTS) / 2)
    return result + [f"x = {x}" for x in POINTS[np.abs(p - truth) > limit * scatter]]


@pytest.mark.truth
def test_runs_that_say_converged_are_as_right_as_they_claim(tmp_path, request):
    said, off, zeros = 0, {}, []
    truth = None
    for seed in range(RUNS):
        toy = start("double_well", tmp_path, 200 + seed, workers=1, first_round=1500, rounds_max=4)
        number, converged = toy.until_converged()
        if truth is None:
            truth = symmetric(*shoot_truth(toy, positions(POINTS), SHOTS, seed=2000))
        if not converged:
            continue
        said += 1
        zeros.append(zero_of_q(toy, number)[0])
        wrong = misses(toy, number, *truth)
        if wrong:
            off[200 + seed] = wrong
    print(f"{said} of {RUNS} said converged, off: {off}; q = 0 at {np.round(zeros, 3)}")
    # A run that never claims proves nothing here; most must come to an end.
    assert said >= RUNS // 2
    # Two statements a run of 95 % each: 2 in 20 are off on average; of 20, 7 with chance 0.003.
    assert len(off) <= 6
    assert sum("q = 0" in wrong for wrong in off.values()) <= 4
    half = 2 * float(np.std(zeros, ddof=1))
    mean = float(np.mean(zeros))
    try:
        row = request.getfixturevalue("ledger").row
    except pytest.FixtureLookupError:
        return
    row("double_well, stopped runs: where q = 0 (nm)", 0.0, 0.0, mean, mean - half, mean + half)
