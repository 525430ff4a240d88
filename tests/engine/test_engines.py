"""Both engines against known dynamics."""

from dataclasses import replace

import numpy as np
import pytest

from mechanist.engine.choose import choose_platform, make_engine, stacks, time_platforms
from mechanist.engine.pool import PoolEngine
from mechanist.engine.protocol import HalfShot
from mechanist.engine.stacked import StackedEngine
from mechanist.errors import SystemBuildError
from mechanist.sampling.first_path import thermal_velocities


def run(engine, shots):
    queue = list(reversed(shots))
    return list(engine.run(lambda: queue.pop() if queue else None))


def half_shots(prepared, x, count, rng):
    sigma = thermal_velocities(prepared)[:, None]
    point = np.zeros((1, 3))
    point[0, 0] = x
    return [HalfShot(i, point, rng.standard_normal((1, 3)) * sigma) for i in range(count)]


@pytest.mark.parametrize("kind", [PoolEngine, StackedEngine])
def test_every_shot_comes_back_once_with_its_frames(kind, double_well, rng):
    engine = kind(double_well, 7, "Reference", 1)
    halves = run(engine, half_shots(double_well, 0.0, 40, rng))
    assert sorted(half.key for half in halves) == list(range(40))
    for half in halves:
        labels = double_well.states.label_positions(half.frames)
        assert (labels[:-1] == 0).all()
        assert labels[-1] == {"A": -1, "B": 1}[half.reason]
        assert half.steps == len(half.frames) * double_well.stride


@pytest.mark.parametrize("kind", [PoolEngine, StackedEngine])
def test_committor_of_the_double_well(kind, double_well, rng):
    # p_B(0.2) = 0.807 from the backward equation at friction 2.5; 4 standard errors of a
    # binomial with n = 1200 are 0.046. Seed 20261120.
    engine = kind(double_well, 32 if kind is PoolEngine else 300, "Reference", 11)
    n = 1200 if kind is StackedEngine else 300
    halves = run(engine, half_shots(double_well, 0.2, n, rng))
    p = np.mean([half.reason == "B" for half in halves])
    assert abs(p - 0.807) < 4 * np.sqrt(0.807 * 0.193 / n)


@pytest.mark.parametrize("kind", [PoolEngine, StackedEngine])
def test_too_long_is_said_and_counted(kind, double_well, rng):
    short = replace(double_well, max_half_frames=2)
    halves = run(kind(short, 5, "Reference", 1), half_shots(short, 0.0, 20, rng))
    reasons = {half.reason for half in halves}
    assert "too_long" in reasons
    assert all(len(half.frames) == 2 for half in halves if half.reason == "too_long")


@pytest.mark.parametrize("kind", [PoolEngine, StackedEngine])
def test_an_exploding_shot_harms_no_other(kind, double_well, rng):
    shots = half_shots(double_well, 0.0, 12, rng)
    shots[3] = HalfShot(3, shots[3].positions, np.full((1, 3), 1e200))
    halves = {half.key: half for half in run(kind(double_well, 4, "Reference", 1), shots)}
    assert halves[3].reason == "exploded"
    assert all(halves[i].reason in "AB" for i in range(12) if i != 3)


def test_same_seed_same_frames(double_well):
    results = []
    for _ in range(2):
        shots = half_shots(double_well, 0.0, 10, np.random.default_rng(5))
        results.append(run(StackedEngine(double_well, 4, "Reference", 3), shots))
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one.frames, other.frames)


def test_pool_half_shots_are_pieces_of_baoab(alanine):
    """Without noise a forward and a backward half retrace one trajectory of velocity Verlet."""
    still = replace(alanine, friction=0.0, temperature=300.0, max_half_frames=4, stride=5)
    rng = np.random.default_rng(2)
    v = rng.standard_normal(still.positions.shape) * thermal_velocities(still)[:, None]
    engine = PoolEngine(still, 2, "Reference", 1, label=lambda x: np.zeros(len(x), dtype=np.int8))
    (ahead,) = run(engine, [HalfShot(0, still.positions, v)])
    # Shoot back from the end with the reversed on-step velocity, estimated by central differences
    # of a run with stride 1 about that frame.
    fine = replace(still, stride=1, max_half_frames=21)
    engine = PoolEngine(fine, 1, "Reference", 1, label=lambda x: np.zeros(len(x), dtype=np.int8))
    (steps,) = run(engine, [HalfShot(0, still.positions, v)])
    np.testing.assert_allclose(steps.frames[4:20:5], ahead.frames, atol=1e-6)
    at = 19
    velocity = (steps.frames[at + 1].astype(float) - steps.frames[at - 1]) / (2 * fine.timestep)
    (back,) = run(engine, [HalfShot(0, steps.frames[at], -velocity)])
    # Float32 frames: positions to 1e-7 nm, velocities to 1e-4 nm/ps, over 0.04 ps; an offset of
    # half a kick would show as more than 1e-3 nm.
    error = np.abs(back.frames[:at] - steps.frames[at - 1 :: -1]).max()
    assert error < 1e-4


def test_layout_follows_the_forces(double_well, alanine):
    assert stacks(double_well)
    assert not stacks(alanine)
    assert isinstance(make_engine(alanine, 1, "Reference", 1), PoolEngine)


def test_stopwatch_times_every_platform(double_well):
    timings = time_platforms(double_well, 10, seconds=0.02)
    assert {"Reference", "CPU"} <= {timing.platform for timing in timings}
    speeds = [timing.steps_per_second for timing in timings]
    assert speeds == sorted(speeds, reverse=True)
    assert speeds[0] > 0


def test_unknown_platform_is_refused(double_well):
    with pytest.raises(SystemBuildError, match=r"engine.platform: 'CUDA'.*Reference"):
        choose_platform(double_well, "CUDA", 1)
