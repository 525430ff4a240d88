"""What stops shots, and with which chance, by hand and against itself."""

import numpy as np
import pytest

from mechanist.engine.half_shots import IN_A, IN_B
from mechanist.sampling.early_stop.commitment import fit_commitment, lagged, level, survival, terms
from mechanist.sampling.early_stop.early_stop import FLOOR, TRAINING_SHOTS, EarlyStop

BELOW = 0.5


def falling(rng, count, steps=12):
    """Half-shots of a particle that slides down from q = 0 with inertia: series of q, and ends."""
    series, ends = [], []
    for _ in range(count):
        q, v, one = 0.0, rng.normal(0, 0.4), [0.0]
        while abs(q) < 3 and len(one) < 200:
            v += 0.1 * q + 0.1 * rng.normal()
            q += v
            one.append(q)
        series.append(np.array(one[:-1]))
        ends.append(q > 0)
    return series, np.array(ends)


@pytest.fixture(scope="module")
def fitted():
    return fit_commitment(*falling(np.random.default_rng(3), 400))


def test_lags_and_terms_by_hand():
    last = lagged(np.array([1.0, 2.0, 4.0]))
    np.testing.assert_array_equal(last, [[2, 1, np.nan], [4, 2, 1]])
    np.testing.assert_array_equal(terms(last), [[2, 1, 0, 2, 1, 8], [4, 2, 1, 8, 4, 64]])
    assert lagged(np.array([1.0])).shape == (0, 3)


def test_the_fit_knows_more_than_q_alone_and_is_calibrated(fitted):
    series, ends = falling(np.random.default_rng(4), 2000)
    use = [i for i, one in enumerate(series) if len(one) > 2]
    p = np.array([fitted(lagged(series[i]))[0] for i in use])
    ended = ends[use]
    # One frame after the start: half of all end in either state, the first step tells which.
    loss = -np.mean(np.log(np.where(ended, p, 1 - p)))
    assert loss < 0.75 * np.log(2)
    # 400 half-shots were learned from: 4 standard errors of their count and of the test, and what
    # the form of the model leaves over.
    for low, high in ((0, 0.2), (0.2, 0.5), (0.5, 0.8), (0.8, 1)):
        here = (p >= low) & (p < high)
        noise = 0.5 * np.sqrt(1 / here.sum() + 4 / 400)
        assert abs(p[here].mean() - ended[here].mean()) < 4 * noise


def test_one_end_alone_can_be_learned_from():
    series, ends = falling(np.random.default_rng(5), 100)
    only = fit_commitment([s for s, e in zip(series, ends, strict=True) if e], ends[ends])
    assert only(np.array([[0.5, 0.2, 0.0]]))[0] > 0.9


def test_levels_by_hand():
    p = np.array([[0.5, 0.5], [1.0, 0.0], [0.0, 0.0], [0.1, 0.1]])
    expected = [1.0, 1.0, FLOOR, 0.18 / BELOW]
    np.testing.assert_allclose(level(p, BELOW, FLOOR), expected)


def positions(q):
    return np.asarray(q, dtype=np.float64).reshape(-1, 1, 1)


def taught(count, spared=None):
    """What watches ``count`` chains and has had its lessons."""
    spared = np.zeros(count, dtype=bool) if spared is None else spared
    watch = EarlyStop(lambda frames: frames[:, 0, 0].astype(np.float64), BELOW, spared)
    rng = np.random.default_rng(6)
    series, ends = falling(rng, 2 * TRAINING_SHOTS)
    rows = np.array([0])
    for one, end in zip(series, ends, strict=True):
        if len(one) < 2:
            continue
        watch.begin(rows, one[:1], np.array([0.5]))
        for age, q in enumerate(one[1:], start=1):
            watch.look(np.array([0]), positions([q]), np.array([age]), np.array([-1], np.int8))
        last = np.array([IN_B if end else IN_A], np.int8)
        assert not watch.look(np.array([0]), positions([9.0]), np.array([len(one)]), last).any()
    return watch


def run(watch, row, halves, u):
    """Run both halves, q at each frame and then the end; when the shot was stopped, or None."""
    rows = np.array([row])
    watch.begin(rows, np.array([halves[0][0][0]]), np.array([u]))
    longest = max(len(q) for q, _ in halves)
    for age in range(1, longest + 1):
        keys, now, ends = [], [], []
        for side, (q, end) in enumerate(halves):
            if age <= len(q):
                keys.append(2 * row + side)
                now.append(q[age] if age < len(q) else 9.0)
                ends.append(-1 if age < len(q) else end)
        ages = np.full(len(keys), age)
        stop = watch.look(np.array(keys), positions(now), ages, np.array(ends, np.int8))
        assert not stop[np.array(ends) >= 0].any()
        if stop.any():
            return age
    return None


def test_the_way_back_is_judged_like_the_way_there():
    watch = taught(3)
    rng = np.random.default_rng(7)
    checked = 0
    for _ in range(600):
        (back, forth), ends = (pair := falling(rng, 2))[0], pair[1]
        if ends[0] or not ends[1]:
            continue
        assert run(watch, 1, [(back, IN_A), (forth, IN_B)], 0.0) is None
        assert watch.watched(np.array([1])).all()
        path = np.concatenate([back[:0:-1], forth])
        chance = survival(path, len(back) - 1, watch._commitment, BELOW, FLOOR)
        # Positions are rounded to single precision on the way.
        assert watch.seen(np.array([1])).min() == pytest.approx(chance, rel=1e-4)
        ratio = watch.ratios(np.array([1]), [path], np.array([len(back) - 1]))
        assert ratio[0] == pytest.approx(1, rel=1e-4)
        checked += chance < 1
    assert checked > 5


def test_shots_are_stopped_with_the_chance_that_is_noted():
    watch = taught(3)
    down = (np.linspace(0, 2.9, 8), IN_B)
    longer = (np.concatenate([np.zeros(9), np.linspace(0, 2.9, 12)]), IN_B)
    assert run(watch, 0, [down, longer], 0.0) is None
    seen = watch.seen(np.array([0]))[0]
    assert seen[1] < seen[0] <= 1
    assert run(watch, 0, [down, longer], seen[1] - 1e-6) is None
    assert 8 < run(watch, 0, [down, longer], seen[1] + 1e-6) < 21
    assert run(watch, 0, [down, longer], seen[0] - 1e-6) > 8


def test_spared_chains_and_halves_that_began_apart_are_never_stopped():
    watch = taught(3, np.array([False, True, False]))
    same = [(np.linspace(0, 2.9, 20), IN_B)] * 2
    assert run(watch, 0, same, 1.0) is not None
    assert run(watch, 1, same, 1.0) is None
    assert not watch.watched(np.array([1])).any()
    watch.begin(np.array([2]), np.zeros(1), np.ones(1))
    for side in (0, 1):
        for age in range(1, 10):
            key, going = np.array([4 + side]), np.array([-1], np.int8)
            assert not watch.look(key, positions([0.3 * age]), np.array([age]), going).any()
    np.testing.assert_array_equal(watch.seen(np.array([2])), [[1.0, 1.0]])
