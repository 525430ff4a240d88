"""The acceptance rule, move by move and against the exact ensemble."""

from dataclasses import replace

import numpy as np
import pytest

from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import END_NAMES, HalfPaths
from mechanist.engine.plan import default_plan
from mechanist.sampling.chains.chain import Chains
from mechanist.sampling.chains.current_path import CurrentPath
from mechanist.sampling.chains.job_tables import path_table, shot_table
from mechanist.sampling.chains.path_ensemble import TransitionPaths
from mechanist.sampling.chains.selection import Lorentzian, Uniform
from mechanist.sampling.chains.shoot import shoot
from mechanist.sampling.first_path.equilibrate import equilibrate
from mechanist.sampling.first_path.hot_md import hot_paths
from mechanist.sampling.streams import thermal_velocities


def quiet(*_):
    return None


def line(values):
    frames = np.zeros((len(values), 1, 3), dtype=np.float32)
    frames[:, 0, 0] = values
    return frames


def half(row, side, values, reason):
    end = np.array([END_NAMES.tolist().index(reason)], dtype=np.int8)
    length = np.array([len(values)])
    return HalfPaths(np.array([2 * row + side]), end, length, line(values), 5 * length)


ROW = np.array([0])


def new_chain(selection=None, path=(-1, -0.5, 0, 0.5, 1), burn_in=0, seed=7):
    paths = [CurrentPath(line(path), -1, 1)]
    return Chains(
        np.array([3]),
        paths,
        TransitionPaths(selection or Uniform()),
        seed,
        np.ones(1),
        burn_in=burn_in,
    )


def finish(chain, backward, forward):
    """Let the half-shots of a chain end, the forward one first; the shot."""
    assert chain.on_finished(half(0, 1, *forward)) is None
    rows, shots = chain.on_finished(half(0, 0, *backward))
    assert rows.tolist() == [0]
    return shots.one(0)


def test_a_path_that_joins_the_states_in_fewer_frames_is_always_accepted():
    chain = new_chain()
    shots = chain.propose(ROW)
    assert shots.keys.tolist() == [0, 1]
    np.testing.assert_array_equal(shots.velocities[0], -shots.velocities[1])
    shot = finish(chain, ([-1], "A"), ([0.4, 1], "B"))
    assert shot.path is not None
    assert shot.ends == ("A", "B")
    assert shot.steps == (5, 10)
    assert shot.path.frames[0, 0, 0] == -1
    assert shot.path.frames[-1, 0, 0] == 1
    assert shot.path.frames[shot.path.shooting_frame, 0, 0] == shots.positions[1, 0, 0]


def test_a_path_from_b_to_a_is_reversed():
    chain = new_chain()
    point = chain.propose(ROW).positions[0, 0, 0]
    shot = finish(chain, ([1], "B"), ([-1], "A"))
    np.testing.assert_array_equal(shot.path.frames[:, 0, 0], [-1, point, 1])


@pytest.mark.parametrize("ends", ["A A", "B B", "A too_long", "exploded B", "too_long too_long"])
def test_everything_else_is_rejected_and_counts_for_the_old_path(ends):
    first, second = ends.split()
    chain = new_chain()
    old = chain.paths[0]
    chain.propose(ROW)
    shot = finish(chain, ([0.1], first), ([0.1], second))
    assert shot.path is None
    assert shot.ends == (first, second)
    assert chain.paths[0] is old
    assert old.weight == 1
    assert chain.moves.tolist() == [1]


def test_longer_paths_are_accepted_in_the_ratio_of_candidates():
    # Old path: 3 candidates; new path: 12. Acceptance 1/4; 4 standard errors,
    # n = 4000, seeds 0 to 3999.
    accepted = 0
    for seed in range(4000):
        chain = new_chain(seed=seed)
        chain.propose(ROW)
        shot = finish(chain, ([0] * 5 + [-1], "A"), ([0] * 6 + [1], "B"))
        accepted += shot.path is not None
    assert abs(accepted / 4000 - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 4000)


def test_burn_in_paths_do_not_count():
    chain = new_chain(burn_in=2)
    weights = []
    for _ in range(3):
        chain.propose(ROW)
        finish(chain, ([-1], "A"), ([1], "B"))
        weights.append(chain.paths[0].weight)
    assert weights == [0, 1, 1]


def test_chains_side_by_side_do_what_each_does_alone():
    # Halves end in another order than they began, several at a time.
    starts = [(-1, -0.5, 0, 0.5, 1), (-1, 0, 1), (-1, -0.2, 0.2, 1)]
    paths = [CurrentPath(line(path), -1, 1) for path in starts]
    group = Chains(np.arange(3), paths, TransitionPaths(Uniform()), 5, np.ones(1))
    shots = group.propose(np.arange(3))
    both = ends_of([3, 0, 4], ["B", "A", "A"])
    assert group.on_finished(both) is None
    rows, finished = group.on_finished(ends_of([2, 5, 1], ["A", "A", "B"]))
    assert rows.tolist() == [0, 1, 2]
    for i, path in enumerate(starts):
        alone = Chains(
            np.array([i]),
            [CurrentPath(line(path), -1, 1)],
            TransitionPaths(Uniform()),
            5,
            np.ones(1),
        )
        own = alone.propose(ROW)
        np.testing.assert_array_equal(own.positions, shots.positions[2 * i : 2 * i + 2])
        np.testing.assert_array_equal(own.velocities, shots.velocities[2 * i : 2 * i + 2])
        shot = finish(alone, ([0], "A"), ([0], "AB"[i < 2]))
        assert (finished.paths[i] is None) == (shot.path is None)
        assert finished.one(i).ends == shot.ends


def ends_of(keys, names):
    ends = [END_NAMES.tolist().index(name) for name in names]
    lengths = np.ones(len(keys), dtype=np.int64)
    return HalfPaths(
        np.array(keys), np.array(ends, dtype=np.int8), lengths, line([0] * len(keys)), lengths
    )


def sample(double_well, selection, seed, moves=40, chains=96, every=1):
    plan = default_plan(double_well, "Reference")
    [hot] = hot_paths(double_well, (2.0, 3.0), 4, 4000.0, 1, plan, seed, quiet)
    [starts], _ = equilibrate(double_well, [hot.frames], 16, 2000, plan, seed, quiet)
    sigma = thermal_velocities(double_well)
    paths = [replace(starts[i % len(starts)]) for i in range(chains)]
    ensemble, kept = TransitionPaths(selection), {"every": every, "stride": double_well.stride}
    group = Chains(np.arange(chains), paths, ensemble, seed, sigma, burn_in=3, **kept)
    engine = make_engine(double_well, 2 * chains, plan, seed, every=every)
    return shoot(group, engine, moves, quiet)


def mean_path(harvest, double_well):
    """Mean path duration in ps and its standard error, chains as the units."""
    index, _ = path_table(harvest.paths, 0, 0)
    per_chain = []
    for chain in np.unique(index["chain"]):
        rows = index["chain"] == chain
        weights = index["weight"][rows]
        if weights.sum():
            per_chain.append(np.average(index["length"][rows] - 1, weights=weights))
    frame = double_well.timestep * double_well.stride
    values = frame * np.array(per_chain)
    return values.mean(), values.std(ddof=1) / np.sqrt(len(values))


WRONG = Lorentzian(
    # The sign is flipped and the coordinate shifted by 2: the acceptance rule must repair it.
    q=lambda frames: -3.0 * frames[:, 0, 0].astype(float) + 2.0,
    gamma=1.0,
    edges=None,
    density=None,
    model="wrong",
)


@pytest.mark.parametrize("selection", [Uniform(), WRONG], ids=["uniform", "wrong model"])
def test_mean_path_duration_of_the_double_well(double_well, selection):
    # Brute force: 1.161(5), frames every 0.05 add up to one frame; 4 standard errors. Seed 5.
    harvest = sample(double_well, selection, seed=5)
    mean, error = mean_path(harvest, double_well)
    discretisation = double_well.timestep * double_well.stride
    assert abs(mean - 1.161 - 0.5 * discretisation) < 4 * error + 0.5 * discretisation
    assert error < 0.06


@pytest.mark.parametrize("selection", [Uniform(), WRONG], ids=["uniform", "wrong model"])
@pytest.mark.parametrize("every", [5, 40])
def test_the_ensemble_does_not_depend_on_how_far_candidates_lie_apart(
    double_well, selection, every
):
    # As above; a path has 23 frames on average, and 4 of 5 have fewer than 40. Without the weight
    # of grids the mean would be that of paths weighed by min(F, 40). Seeds 6 and 41.
    harvest = sample(double_well, selection, seed=every + 1, every=every)
    mean, error = mean_path(harvest, double_well)
    discretisation = double_well.timestep * double_well.stride
    assert abs(mean - 1.161 - 0.5 * discretisation) < 4 * error + 0.5 * discretisation
    assert error < 0.06
    index, frames = path_table(harvest.paths, 0, 0)
    inner = index["length"] - 2
    # As many as a grid that begins at any of the first `every` frames may have.
    assert (np.abs(index["frames"] - 2 - inner / every) < 1).all()
    assert [len(f) for f in frames] == index["frames"].tolist()


def test_tables_hold_every_move(double_well):
    harvest = sample(double_well, Uniform(), seed=8, moves=5, chains=10)
    shots, points = shot_table(harvest, 2, 1, "001")
    index, frames = path_table(harvest.paths, 2, 1)
    assert len(shots["move"]) == len(points) == 50
    assert len(index["move"]) == 10 + shots["accepted"].sum()
    assert [len(f) for f in frames] == index["frames"].tolist()
    assert (shots["weight"][~shots["accepted"]] == 0).all()
