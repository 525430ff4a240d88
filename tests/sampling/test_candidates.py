"""Candidates further apart than checks of the states: grids of a path, kept frames, checkpoints."""

import numpy as np
import pytest

from mechanist.engine.choose import make_engine
from mechanist.engine.half_shots import HalfShots, ShotQueue
from mechanist.engine.plan import default_plan
from mechanist.errors import SettingsError
from mechanist.sampling.chains.current_path import CurrentPath, join_halves, reversed_path, sparse
from mechanist.sampling.chains.selection import Grid, Uniform, shootable
from mechanist.settings.config import Config
from mechanist.settings.load import validate


def numbered(count):
    """Frames of one atom whose x is the number of the frame."""
    frames = np.zeros((count, 1, 3), dtype=np.float32)
    frames[:, 0, 0] = np.arange(count)
    return frames


@pytest.mark.parametrize("longest", [None, 3, 6, 20])
@pytest.mark.parametrize("every", [2, 3, 7])
def test_grids_of_a_path_are_those_with_a_candidate(every, longest):
    # By hand: for each phase, whether a frame of it may be shot from.
    for length in range(3, 24):
        allowed = shootable(length - 2, 10**6 if longest is None else longest)
        with_one = sum(allowed[phase::every].any() for phase in range(every))
        grid = Grid(np.arange(1, length - 1, every), length, every)
        assert grid.grids(longest) == max(1, with_one)
        np.testing.assert_array_equal(grid.allowed(longest), allowed[::every])


def test_a_path_keeps_every_nth_frame_from_its_shooting_point_in_both_directions():
    whole = CurrentPath(numbered(12), 4, 6)
    path = sparse(whole, 4)
    assert path.frames[:, 0, 0].tolist() == [0, 2, 6, 10, 11]
    assert (path.length, path.shooting_frame) == (12, 6)
    assert path.places.tolist() == [2, 6, 10]
    back = reversed_path(path)
    assert back.frames[:, 0, 0].tolist() == [11, 10, 6, 2, 0]
    assert (back.length, back.shooting_frame) == (12, 5)
    assert back.places.tolist() == [1, 5, 9]
    assert sparse(path, 4) is path


def test_halves_are_joined_with_all_their_frames_counted():
    # Backward 7 frames, of which the third, sixth and last are kept; forward 3.
    back, on = numbered(3), numbered(1)
    path = join_halves(numbered(1)[0], back, on, 0, every=3, ages=(7, 3))
    assert (len(path.frames), path.length, path.shooting_frame) == (5, 11, 7)
    assert path.places.tolist() == [1, 4, 7]


def test_candidates_whose_halves_would_be_too_long_are_left_out_by_their_place():
    grid = Grid(np.array([2, 6, 10]), 14, 4)
    (found,) = Uniform(longest=8).candidates([numbered(3)], [grid])
    assert found.weights.tolist() == [0, 1, 0]
    # Frames 5 to 8 may be shot from: one on each grid.
    assert found.grids == 4


def half_shots(double_well, count):
    rng = np.random.default_rng(3)
    velocities = rng.normal(size=(count, *double_well.positions.shape)) * 0.5
    starts = np.repeat(double_well.positions[None], count, axis=0)
    starts[:, 0, 0] = 0.1
    return HalfShots(np.arange(count), starts, velocities)


def ended(double_well, every, pause=None, begun=None):
    engine = make_engine(double_well, 6, default_plan(double_well, "Reference"), 11, every=every)
    queue = ShotQueue()
    if begun is None:
        queue.put(half_shots(double_well, 6))
    result = {}
    for halves in engine.run(queue.take, pause, begun):
        rows = zip(
            halves.keys.tolist(), halves.steps.tolist(), halves.ends, halves.each(), strict=True
        )
        result |= {key: (steps, int(end), frames) for key, steps, end, frames in rows}
    return result


def test_the_engine_checks_all_frames_and_keeps_some(double_well):
    # The same noise: Reference, one seed.
    all_frames, some = ended(double_well, 1), ended(double_well, 4)
    assert len({steps for steps, _, _ in some.values()}) > 1
    for key, (steps, end, frames) in all_frames.items():
        assert some[key][:2] == (steps, end)
        assert steps == len(frames) * double_well.stride
        kept = [i for i in range(len(frames)) if (i + 1) % 4 == 0 or i == len(frames) - 1]
        np.testing.assert_array_equal(some[key][2], frames[kept])


class PauseOnce:
    """Takes the state of the engine after so many strides."""

    def __init__(self, after):
        self.left, self.taken = after, None

    def wanted(self):
        self.left -= 1
        return self.left == 0

    def take(self, under_way):
        self.taken = type(under_way).of(under_way.arrays())
        raise InterruptedError


@pytest.mark.parametrize("after", [2, 4, 7])
def test_an_engine_that_goes_on_keeps_the_same_frames(double_well, after):
    whole, pause = ended(double_well, 4), PauseOnce(after)
    with pytest.raises(InterruptedError):
        ended(double_well, 4, pause)
    rest = ended(double_well, 4, begun=pause.taken)
    assert len(rest) == len(pause.taken) > 0
    for key, (steps, end, frames) in rest.items():
        assert whole[key][:2] == (steps, end)
        np.testing.assert_array_equal(whole[key][2], frames)


def test_what_needs_every_frame_is_refused():
    for other in ({"early_stop": 0.2}, {"store": {"every": 8, "tolerance": "0.02 nm"}}):
        with pytest.raises(SettingsError, match="it needs candidates: 1"):
            validate(Config, {"sampling": {"candidates": 2} | other}, "config.yaml")
