"""Windows along q and their weights."""

import numpy as np

from mechanist.sampling.excursions.window_weights import (
    FURTHEST,
    PSEUDO_VISITS,
    first_log_weights,
    flattened,
    window_edges,
    windows_of,
)


def test_edges_hold_nearly_all_and_end_where_runs_see_enough(rng):
    q = rng.normal(scale=3, size=20_000)
    edges = window_edges(q, 16)
    assert len(edges) == 17
    np.testing.assert_allclose(np.diff(edges), edges[1] - edges[0])
    assert np.mean((q < edges[0]) | (q > edges[-1])) < 0.01
    wide = window_edges(10 * q, 16)
    assert wide[0] == -FURTHEST
    assert wide[-1] == FURTHEST


def test_frames_beyond_the_ends_belong_to_the_outermost():
    edges = np.array([-1.0, 0.0, 1.0])
    assert windows_of(np.array([-9, -1, -0.1, 0, 0.9, 1, 9]), edges).tolist() == [
        0, 0, 0, 1, 1, 1, 1,
    ]  # fmt: skip


def test_the_first_guess_is_one_over_the_density(rng):
    # rho = exp(-U) with U = -q^2/8: a barrier at 0. The runs in A and B see |q| > 2, the transition
    # paths all with density rho p (1 - p). Seed 20261120; the scatter of ln counts is at most
    # 1/sqrt(100) a window, so that 0.6 is 4 standard errors of a sum of two.
    edges = np.linspace(-6, 6, 25)
    grid = np.linspace(-6, 6, 4001)
    rho = np.exp(grid**2 / 8)
    p = 1 / (1 + np.exp(-grid))
    draw = [
        rng.choice(grid, 200_000, p=w / w.sum())
        for w in (rho * (grid < -1), rho * (grid > 1), rho * p * (1 - p))
    ]
    got = first_log_weights(*draw, np.ones(200_000), edges)
    density = np.histogram(grid, edges, weights=rho)[0]
    expected = -np.log(density)
    assert got.min() == 0
    np.testing.assert_allclose(got - got.mean(), expected - expected.mean(), atol=0.6)


def test_windows_that_nothing_has_visited_lie_between_their_neighbours():
    edges = np.linspace(-4, 4, 9)
    got = first_log_weights(np.full(50, -3.5), np.full(50, 3.5), np.empty(0), np.empty(0), edges)
    assert np.isfinite(got).all()


def test_flattening_lowers_what_was_visited_much():
    visits = np.array([0, 100, 20])
    got = flattened(np.zeros(3), visits)
    np.testing.assert_allclose(np.exp(-got) / np.exp(-got).sum(), (visits + PSEUDO_VISITS) / 129)
