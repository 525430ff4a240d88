"""Which frames count for windows, and where chains of excursions start."""

import numpy as np

from mechanist.engine.plan import Plan
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.selection import Uniform, shootable
from mechanist.sampling.excursions.reservoir import Reservoir, frames_in_windows, in_reach
from mechanist.sampling.excursions.starts import LONG, chain_count, draw_starts
from mechanist.sampling.excursions.window_weights import WindowSelection
from mechanist.sampling.records.tables import PathTable

EDGES = np.array([0.0, 1.0, 2.0])


def position(frames):
    return frames[:, 0, 0].astype(float)


def table(*paths):
    """Paths whose frames lie at these q."""
    lengths = np.array([len(path) for path in paths])
    frames = np.zeros((lengths.sum(), 1, 3), dtype=np.float32)
    frames[:, 0, 0] = np.concatenate(paths)
    index = {"first_frame": np.cumsum(lengths) - lengths, "frames": lengths}
    index["weight"] = np.ones(len(paths), dtype=np.int64)
    return PathTable(frames, index)


def windows(longest=100):
    return WindowSelection(position, EDGES, np.zeros(2), longest, "test")


def test_frames_in_reach_are_those_that_can_be_shot_from():
    paths = table([-1, 0.5, 0.5, 1.5, 9], [-1, 0.5, -1], [-1, *[0.5] * 9, -1])
    got = in_reach(paths, 3)
    for i in range(len(paths)):
        rows = np.flatnonzero(paths.frame_path == i)[1:-1]
        np.testing.assert_array_equal(got[rows], shootable(len(rows), 3))


def test_chains_of_a_molecule_are_few_rather_than_short():
    pool, stack = Plan("Reference", "pool", 64), Plan("Reference", "pairs", 64)
    assert chain_count(pool, 10**6, "auto") == pool.chains
    assert chain_count(pool, 4 * LONG, "auto") == 4
    assert chain_count(pool, 1, "auto") == 1
    assert chain_count(stack, 1, "auto") == stack.chains
    assert chain_count(pool, 1, 7) == 7
    assert chain_count(Plan("CUDA", "pairs", 2048), 4 * LONG, "auto") == 4


def test_frames_are_counted_by_path_and_window():
    paths = table([-1, 0.5, 0.6, 1.5, 9], [-1, 1.2, -1])
    between = np.array([0, 1, 1, 1, 0, 0, 1, 0], dtype=bool)
    got = frames_in_windows(paths, between, np.array([0, 0, 1, 1]), 2)
    assert got.tolist() == [[2, 1], [0, 1]]


def test_chains_start_in_turn_and_never_where_they_cannot_shoot(rng):
    paths = table([-1, 0.5, 1.5, 9], [-1, *[0.5] * 30, 9])
    short, none = [paths.path(0)[:3]], np.arange(0)
    runs = Reservoir("A", np.ones(2, bool), short, [("A", "A")], np.ones((1, 2)), np.arange(1))
    empty = Reservoir("B", np.ones(2, bool), [], [], np.empty((0, 2)), none)
    starts = draw_starts([runs, empty], paths, windows(longest=4), 6, rng)
    assert [start.origin for start in starts] == ["path", "A"] * 3
    assert all(len(start.frames) < 10 for start in starts)


def test_a_limit_on_half_shots_restricts_the_shooting_points():
    # A path of 5 frames between the states with halves of at most 3 has one frame to shoot from.
    path = table([-1, 0.1, 0.2, 0.3, 0.4, 0.5, 9]).path(0)
    current = CurrentPath(path, -1, 1)
    (candidates,) = Uniform(3).candidates([current.interior])
    assert candidates.weights.tolist() == [0, 0, 1, 0, 0]
