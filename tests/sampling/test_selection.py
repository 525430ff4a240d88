import numpy as np
import pytest

from mechanist.errors import SamplingError
from mechanist.sampling.chains.selection import Candidates, Lorentzian, Uniform, pick, shootable


def frames_of(q):
    return np.asarray(q, dtype=np.float32)[:, None, None] * np.ones((1, 1, 3), dtype=np.float32)


def lorentzian(**changes):
    options = {
        "q": lambda frames: frames[:, 0, 0].astype(float),
        "gamma": 1.0,
        "edges": None,
        "density": None,
        "model": "000",
    }
    return Lorentzian(**(options | changes))


def test_lorentzian_peaks_at_zero_with_width_gamma():
    (candidates,) = lorentzian(gamma=2.0).candidates([frames_of([0.0, 2.0, -2.0])])
    np.testing.assert_allclose(candidates.weights / candidates.weights[0], [1, 0.5, 0.5])
    np.testing.assert_allclose(candidates.p_predicted, 1 / (1 + np.exp([0.0, -2.0, 2.0])))


def test_density_divides():
    selection = lorentzian(edges=np.array([0, 0.5, 1.0]), density=np.array([1.5, 0.5]))
    (candidates,) = selection.candidates([frames_of([-0.1, 0.1])])
    assert candidates.weights[1] / candidates.weights[0] == pytest.approx(3.0)


def test_a_nan_from_a_model_is_an_error():
    with pytest.raises(SamplingError, match="not finite, negative"):
        lorentzian().candidates([frames_of([0.0, np.nan])])


def test_pick_follows_the_weights():
    # 4 standard errors of a binomial with n = 20,000; seed 3.
    rng = np.random.default_rng(3)
    # Between two others, one with much larger weights and one with none at its ends.
    middle = Candidates(np.array([1.0, 2.0, 7.0]), np.full(3, np.nan), 10.0)
    large = Candidates(np.array([1e9, 3e9]), np.full(2, np.nan), 4e9)
    ends = Candidates(np.array([0.0, 1.0, 0.0]), np.full(3, np.nan), 1.0)
    picked = pick([large, middle, ends] * 20_000, rng.random(60_000)).reshape(-1, 3)
    assert (picked[:, 2] == 1).all()
    assert abs((picked[:, 0] == 0).mean() - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 20_000)
    counts = np.bincount(picked[:, 1], minlength=3) / 20_000
    expected = np.array([0.1, 0.2, 0.7])
    assert (np.abs(counts - expected) < 4 * np.sqrt(expected * (1 - expected) / 20_000)).all()


def test_uniform_predicts_nothing():
    (candidates,) = Uniform().candidates([frames_of([1.0, 2.0])])
    assert candidates.total == 2
    assert np.isnan(candidates.p_predicted).all()


def test_frames_whose_halves_would_be_too_long_are_left_out():
    # Of 6 frames between the states the third has 3 frames to A and 4 to B, states included.
    assert shootable(6, 4).tolist() == [False, False, True, True, False, False]
    assert shootable(6, 3).tolist() == [False] * 6
    paths = [frames_of(np.zeros(n)) for n in (6, 2)]
    long, short = Uniform(4).candidates(paths)
    assert long.weights.tolist() == [0, 0, 1, 1, 0, 0]
    assert long.total == 2
    assert short.weights.tolist() == [1, 1]
    (guided,) = lorentzian(longest=4).candidates(paths[:1])
    assert guided.weights.tolist() == [0, 0, 1, 1, 0, 0]


def test_a_path_that_is_too_long_may_be_left_from_anywhere():
    (within,) = Uniform(3).candidates([frames_of(np.zeros(6))])
    assert within.weights.tolist() == [1] * 6


def test_the_first_and_the_last_number_of_a_stream_stay_in_the_path():
    some = Candidates(np.array([0.0, 3.0, 0.0]), np.full(3, np.nan), 3.0)
    u = np.array([0.0, np.nextafter(1, 0), 0.0, np.nextafter(1, 0)])
    assert pick([some] * 4, u).tolist() == [1, 1, 1, 1]
