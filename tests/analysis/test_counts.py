import numpy as np
import pytest

from mechanist.analysis.convergence.counts import count_shots


def table(backward, forward, p, accepted=None, rounds=None):
    size = len(backward)
    return {
        "round": np.zeros(size, dtype=int) if rounds is None else np.asarray(rounds),
        "end_backward": np.array(backward, dtype=object),
        "end_forward": np.array(forward, dtype=object),
        "p_predicted": np.array(p, dtype=float),
        "watched": np.zeros(size, bool),
        "accepted": np.zeros(size, bool) if accepted is None else np.asarray(accepted),
    }


def test_counts_by_hand():
    shots = table(
        ["A", "B", "A", "too_long", "B", "exploded"],
        ["B", "A", "A", "B", "B", "too_long"],
        [np.nan, 0.5, 0.2, 0.5, 0.9, 0.5],
        [True, True, False, False, False, False],
        [0, 0, 1, 1, 1, 1],
    )
    counts = count_shots(shots)
    assert (counts.shots, counts.shots_round, counts.transitions) == (6, 4, 2)
    assert (counts.shots_predicted, counts.transitions_predicted) == (5, 1)
    assert counts.transitions_expected == pytest.approx(0.5 + 0.32 + 0.5 + 0.18 + 0.5)
    assert counts.acceptance == pytest.approx(1 / 3)
    assert (counts.too_long, counts.exploded) == (2, 1)


def test_no_predictions_and_no_shots():
    counts = count_shots(table(["A"], ["B"], [np.nan]))
    assert counts.half_shot_correlation is None
    assert counts.transitions_expected == 0
    with pytest.raises(ValueError, match="no shots"):
        count_shots(table([], [], []))


@pytest.mark.parametrize("flip", [0.0, 0.4])
def test_half_shot_correlation_explains_the_excess_of_transitions(flip):
    # A fraction `flip` of shots takes the forward end opposite to the backward one where p = 1/2:
    # the correlation is then -flip, and transitions are 2 p (1 - p) (1 + flip).
    rng = np.random.default_rng(11)
    size = 40_000
    p = np.full(size, 0.5)
    ends = rng.random((size, 2)) < p[:, None]
    opposite = rng.random(size) < flip
    ends[opposite, 1] = ~ends[opposite, 0]
    names = np.where(ends, "B", "A").astype(object)
    counts = count_shots(table(names[:, 0], names[:, 1], p))
    # The correlation of 40,000 pairs has a standard error of 0.005.
    assert counts.half_shot_correlation == pytest.approx(-flip, abs=0.02)
    expected = counts.transitions_expected * (1 - counts.half_shot_correlation)
    assert counts.transitions == pytest.approx(expected, rel=1e-9)
    # With the latent correlation that gives the same chance at p = 1/2 as many are expected:
    # 4 T(0, a) = 2 arctan(a) / pi. Counting noise of 40,000 shots is 0.6 %.
    a = np.tan(0.25 * np.pi * (1 + flip))
    learned = count_shots(table(names[:, 0], names[:, 1], p), (1 - a * a) / (1 + a * a))
    assert learned.transitions_expected == pytest.approx(counts.transitions, rel=0.025)
    assert learned.latent_correlation == pytest.approx((1 - a * a) / (1 + a * a))
