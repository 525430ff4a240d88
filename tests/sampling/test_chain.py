"""The acceptance rule, move by move and against the exact ensemble."""

import numpy as np
import pytest

from mechanist.engine.choose import make_engine
from mechanist.engine.protocol import HalfPath
from mechanist.sampling.chain import Chain, CurrentPath, shot_seed
from mechanist.sampling.first_path import hot_path, relax, thermal_velocities
from mechanist.sampling.selection import Lorentzian, Uniform
from mechanist.sampling.shoot import path_table, shoot, shot_table


def quiet(*_):
    return None


def line(values):
    frames = np.zeros((len(values), 1, 3), dtype=np.float32)
    frames[:, 0, 0] = values
    return frames


def half(chain, side, values, reason):
    return HalfPath(2 * chain + side, line(values), reason, 5 * len(values))


def new_chain(selection=None, path=(-1, -0.5, 0, 0.5, 1), burn_in=0):
    return Chain(
        3, CurrentPath(line(path), -1, 1), selection or Uniform(), 7, 0, 0, burn_in, np.ones(1)
    )


def test_a_path_that_joins_the_states_in_fewer_frames_is_always_accepted():
    chain = new_chain()
    backward, forward = chain.propose()
    assert (backward.key, forward.key) == (6, 7)
    np.testing.assert_array_equal(backward.velocities, -forward.velocities)
    assert chain.told(half(3, 1, [0.4, 1], "B")) is None
    shot = chain.told(half(3, 0, [-1], "A"))
    assert shot.path is not None
    assert shot.path.frames[0, 0, 0] == -1
    assert shot.path.frames[-1, 0, 0] == 1
    assert shot.path.frames[shot.path.shooting_frame, 0, 0] == forward.positions[0, 0]


def test_a_path_from_b_to_a_is_turned_round():
    chain = new_chain()
    _, forward = chain.propose()
    chain.told(half(3, 0, [1], "B"))
    shot = chain.told(half(3, 1, [-1], "A"))
    np.testing.assert_array_equal(shot.path.frames[:, 0, 0], [-1, forward.positions[0, 0], 1])


@pytest.mark.parametrize("ends", ["AA", "BB", "A too_long", "exploded B", "too_long too_long"])
def test_everything_else_is_rejected_and_counts_for_the_old_path(ends):
    first, second = ends.split() if " " in ends else ends
    chain = new_chain()
    old = chain.path
    chain.propose()
    chain.told(half(3, 0, [0.1], first))
    shot = chain.told(half(3, 1, [0.1], second))
    assert shot.path is None
    assert chain.path is old
    assert old.weight == 1
    assert chain.move == 1


def test_longer_paths_are_accepted_in_the_ratio_of_candidates():
    # Old path: 3 candidates; new path: 12. Acceptance 1/4; 4 standard errors,
    # n = 4000, seeds 0 to 3999.
    accepted = 0
    for seed in range(4000):
        chain = Chain(
            0, CurrentPath(line([-1, -0.5, 0, 0.5, 1]), -1, 1), Uniform(), seed, 0, 0, 0, np.ones(1)
        )
        chain.propose()
        chain.told(half(0, 0, [0] * 5 + [-1], "A"))
        accepted += chain.told(half(0, 1, [0] * 6 + [1], "B")).path is not None
    assert abs(accepted / 4000 - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 4000)


def test_burn_in_paths_do_not_count():
    chain = new_chain(burn_in=2)
    weights = []
    for _ in range(3):
        chain.propose()
        chain.told(half(3, 0, [-1], "A"))
        chain.told(half(3, 1, [1], "B"))
        weights.append(chain.path.weight)
    assert weights == [0, 1, 1]


def test_shot_seeds_differ():
    seeds = {shot_seed(s, c, m) for s in range(5) for c in range(20) for m in range(50)}
    assert len(seeds) == 5000


def sample(double_well, selection, seed, moves=40, chains=96):
    hot = hot_path(double_well, (2.0, 3.0), 4, 4000.0, "Reference", seed, quiet)
    starts, _ = relax(double_well, hot.frames, 16, 2000, 32, "Reference", seed, quiet)
    sigma = thermal_velocities(double_well)
    group = [
        Chain(i, starts[i % len(starts)], selection, seed, 0, 0, 3, sigma) for i in range(chains)
    ]
    engine = make_engine(double_well, 2 * chains, "Reference", seed)
    return shoot(group, engine, moves, quiet)


def mean_path(harvest, double_well):
    """Mean path duration in ps and its standard error, chains as the units."""
    index, _ = path_table(harvest, 0, 0)
    per_chain = []
    for chain in np.unique(index["chain"]):
        rows = index["chain"] == chain
        weights = index["weight"][rows]
        if weights.sum():
            per_chain.append(np.average(index["frames"][rows] - 1, weights=weights))
    frame = double_well.timestep * double_well.stride
    values = frame * np.array(per_chain)
    return values.mean(), values.std(ddof=1) / np.sqrt(len(values))


WRONG = Lorentzian(
    # The sign is flipped and the coordinate shifted by 2: the acceptance rule must repair it.
    logit=lambda frames: -3.0 * frames[:, 0, 0].astype(float) + 2.0,
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


def test_tables_hold_every_move(double_well):
    harvest = sample(double_well, Uniform(), seed=8, moves=5, chains=10)
    shots, points = shot_table(harvest, 2, 1, "001")
    index, frames = path_table(harvest, 2, 1)
    assert len(shots["move"]) == len(points) == 50
    assert len(index["move"]) == 10 + shots["accepted"].sum()
    assert [len(f) for f in frames] == index["frames"].tolist()
    assert (shots["weight"][~shots["accepted"]] == 0).all()
