import numpy as np
import pytest

from mechanist.analysis.comparison.outcomes import (
    curves,
    outcome,
    over_seeds,
    ratio_over_seeds,
    yield_by_place,
)
from mechanist.analysis.comparison.series import (
    current_durations,
    decorrelated_paths,
    in_order,
    later_half,
    spent_within,
)
from mechanist.statistics.clusters import clustered_mean


def series(rng, chains=20, moves=50, p=0.3, steps=100):
    """Shots of chains whose paths have durations that go on with chance 0.7."""
    chain, move = (part.ravel() for part in np.indices((chains, moves)))
    accepted = rng.random(len(chain)) < 0.3
    drawn = rng.exponential(size=len(chain)) + 1
    lengths = np.insert(drawn[accepted], np.cumsum(np.r_[0, _per_chain(accepted, chain)[:-1]]), 1)
    return in_order(
        {
            "guided": np.ones(len(chain), dtype=bool),
            "round": (move >= moves // 2).astype(int),
            "chain": chain,
            "move": move,
            "steps": np.full(len(chain), steps),
            "transition": rng.random(len(chain)) < p,
            "accepted": accepted,
            "decorrelated": accepted,
            "duration": current_durations(chain, accepted, lengths),
            "p_predicted": rng.random(len(chain)),
        }
    )


def _per_chain(accepted, chain):
    return np.bincount(chain, accepted).astype(int)


def test_the_current_path_is_the_last_accepted_one():
    chain = np.array([3, 3, 3, 7, 7])
    accepted = np.array([False, True, False, False, True])
    lengths = np.array([10.0, 11.0, 20.0, 21.0])
    got = current_durations(chain, accepted, lengths)
    assert got.tolist() == [10, 11, 11, 20, 21]


def paths_of(points):
    """Frames of the paths of a chain as sets: path i goes through point i, on path i - 1."""
    fresh = iter(range(1000, 10_000))
    paths = [{next(fresh) for _ in range(5)}]
    names = []
    for at in points:
        frames = sorted(paths[-1])
        # A shooting point on the path before: an old one by its place, or any new frame.
        names.append(at(frames, names))
        paths.append({names[-1]} | {next(fresh) for _ in range(5)})
    return paths, names


def brute_force(paths):
    """Count by looking at all frames."""
    flags, reference = [], paths[0]
    for path in paths[1:]:
        flags.append(not (path & reference))
        if flags[-1]:
            reference = path
    return flags


def test_decorrelated_paths_share_no_frame(rng):
    # Half of the time the point is the one that the path was made from, so that a frame lives on.
    def choose(frames, names):
        if names and rng.random() < 0.5:
            return names[-1]
        return int(rng.choice(frames))

    chain, accepted, points, expected = [], [], [], []
    for number in range(30):
        paths, names = paths_of([choose] * 20)
        for flag, name in zip(brute_force(paths), names, strict=True):
            chain += [number, number]
            accepted += [False, True]
            points += [0, name]
            expected += [False, flag]
    got = decorrelated_paths(np.array(chain), np.array(accepted), np.array(points))
    assert got.tolist() == expected
    assert 0 < sum(expected) < 30 * 10


def test_a_budget_is_kept_and_not_left_unspent(rng):
    table = series(rng)
    kept = spent_within(table, 10_050)
    assert kept["steps"].sum() == 10_000
    assert len(spent_within(table, 1e9)["steps"]) == 1000
    assert len(spent_within(table, 0)["steps"]) == 0
    # By move before by chain, so that no chain is ahead of the others by more than a move.
    assert np.ptp(np.bincount(kept["chain"])) <= 1


def test_the_later_half_goes_by_moves():
    table = {"move": np.array([0, 1, 2, 3, 4]), "chain": np.zeros(5, dtype=int)}
    assert later_half(table)["move"].tolist() == [2, 3, 4]


def test_counts_and_curves_end_at_the_same_numbers(rng):
    table = series(rng)
    made = outcome(table)
    line = curves(table, np.array([0.0, 50_000.0, 1e9]))
    assert line["transitions"].tolist()[0] == 0
    assert line["transitions"][-1] == made.transitions == table["transition"].sum()
    assert line["accepted"][-1] == made.accepted
    assert line["duration"][-1] == pytest.approx(made.duration.value)
    assert np.isnan(line["duration"][0])


def test_errors_of_a_mean_are_those_of_many_repetitions(rng):
    # 400 repetitions: their standard deviation is known to 1 / sqrt(2 * 400) = 3.5 %, and the mean
    # of their 20-chain errors to about 1 %; 4 of these together.
    results = []
    for _ in range(400):
        later = later_half(series(rng, chains=20))
        results.append(clustered_mean(later["duration"], later["chain"]))
    means, errors = np.array(results).T
    assert np.std(means) == pytest.approx(np.sqrt(np.mean(errors**2)), rel=0.15)


def test_intervals_over_seeds_cover(rng):
    # 95 % of 2000 intervals, standard deviation of the part 0.5 %; 4 of these.
    draws = rng.normal(1.0, 0.3, size=(2000, 5))
    spans = [over_seeds(draw) for draw in draws]
    covered = np.mean([span.low < 1 < span.high for span in spans])
    assert covered == pytest.approx(0.95, abs=0.02)


def test_a_ratio_is_one_over_the_other_turned_round(rng):
    guided, uniform = rng.uniform(1, 2, 5), rng.uniform(1, 2, 5)
    there, back = ratio_over_seeds(guided, uniform), ratio_over_seeds(uniform, guided)
    assert there.value == pytest.approx(1 / back.value)
    assert there.low == pytest.approx(1 / back.high)
    assert ratio_over_seeds(guided, np.zeros(5)) is None
    assert ratio_over_seeds(np.full(5, np.nan), uniform) is None


def test_no_mixture_of_places_is_better_than_the_best(rng):
    table = series(rng, chains=80, moves=100)
    places = yield_by_place(table)
    assert len(places) == 10
    assert sum(place.shots for place in places) == len(table["steps"])
    assert sum(place.transitions for place in places) == table["transition"].sum()
    rate = table["transition"].sum() / table["steps"].sum() * 1e6
    assert min(p.rate for p in places) <= rate <= max(p.rate for p in places)
    table["p_predicted"][:] = np.nan
    assert yield_by_place(table) == []
