import numpy as np

from mechanist.analysis.convergence.chains import (
    chain_series,
    crossing_frames,
    principal_components,
    resembling,
)
from mechanist.sampling.records.tables import PathTable


def index(**columns):
    return {name: np.array(values) for name, values in columns.items()}


def test_series_follow_rounds_and_moves_and_repeat_by_weight():
    # Chain 7's path of move 3 is still current when round 1 begins and stands there again.
    table = index(
        chain=[7, 9, 7, 7, 9, 7],
        round=[1, 0, 0, 0, 1, 1],
        move=[3, -1, 3, 0, 5, 6],
        weight=[2, 0, 1, 3, 2, 1],
    )
    values = np.array([10.0, 99.0, 10.0, 5.0, 8.0, 6.0])
    seven, nine = chain_series(table, values)
    assert seven.tolist() == [5, 5, 5, 10, 10, 10, 6]
    assert nine.tolist() == [8, 8]
    rows = chain_series(table, np.stack([values, -values], axis=1))
    assert rows[0].shape == (7, 2)
    empty = {name: column[:0] for name, column in table.items()}
    assert chain_series(empty, values[:0]) == []


def paths_of(*lengths):
    first = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    frames = np.zeros((sum(lengths), 1, 3), dtype=np.float32)
    return PathTable(frames, {"first_frame": first, "frames": np.array(lengths)})


def test_first_crossing_from_a_to_b_whichever_way_the_path_was_made():
    forward = [-3.0, -0.4, 0.1, -0.2, 0.6, 2.0]
    backward = forward[::-1]
    never = [-3.0, -0.7, -2.0]
    q = np.array(forward + backward + never)
    rows = crossing_frames(paths_of(6, 6, 3), q)
    assert rows[0] == 2
    assert rows[1] == 6 + 3
    assert q[rows[0]] == q[rows[1]]
    assert rows[2] == 12 + 1


def test_principal_components_find_what_varies_and_matters():
    rng = np.random.default_rng(12)
    hidden = rng.normal(size=500)
    noise = rng.normal(size=(500, 4))
    features = np.stack([hidden + 0.1 * noise[:, i] for i in range(3)], axis=1) * [1.0, 1e-3, 50.0]
    # The fourth varies most of all, but nothing depends on it; the fifth does not vary.
    features = np.column_stack([features, 1000 * noise[:, 3], np.full(500, 0.3)])
    weights = np.array([1.0, 1.0, 1.0, 0.0, 1.0])
    projected = principal_components(features, 2, weights)
    assert projected.shape == (500, 2)
    assert abs(np.corrcoef(projected[:, 0], hidden)[0, 1]) > 0.99
    assert projected[:, 0].var() > projected[:, 1].var()


def test_principal_components_of_what_does_not_vary_are_none():
    assert principal_components(np.ones((5, 3))).shape == (5, 0)
    rng = np.random.default_rng(13)
    assert principal_components(rng.normal(size=(50, 1))).shape == (50, 1)


def test_coordinates_are_named_after_the_features_that_they_follow():
    rng = np.random.default_rng(1)
    sum_of, other, noise = rng.standard_normal((3, 500))
    features = np.stack([sum_of + 0.1 * noise, sum_of - 0.1 * noise, other, np.ones(500)], axis=1)
    coordinates = np.stack([-sum_of, 3 * other, np.zeros(500)], axis=1)
    names = ("r_old", "r_new", "umbrella", "constant")
    one, two, nothing = resembling(features, coordinates, names)
    assert set(one.split(", ")) == {"r_old", "r_new"}
    assert (two, nothing) == ("umbrella", "")
