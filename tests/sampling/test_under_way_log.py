"""Frames under way in checkpoints: only new ones are written, and all are found again."""

import numpy as np
import pytest

from mechanist.engine.under_way import UnderWay
from mechanist.sampling.records.trr import frame_type
from mechanist.sampling.records.under_way_log import LEAST, UnderWayLog

ATOMS = 2


def state(frames):
    """Half-shots under way with these frames by key."""
    lengths = np.array([len(one) for one in frames.values()], dtype=np.int64)
    none = UnderWay.none(ATOMS).arrays()
    count = len(frames)
    return UnderWay.of(
        none
        | {
            "slots": np.arange(count),
            "keys": np.array(list(frames), dtype=np.int64),
            "positions": np.zeros((count, ATOMS, 3)),
            "velocities": np.zeros((count, ATOMS, 3)),
            "lengths": lengths,
            "frames": np.concatenate([none["frames"], *frames.values()]),
        }
    )


def written(folder):
    return sum(file.stat().st_size for file in folder.iterdir()) // frame_type(ATOMS).itemsize


@pytest.fixture
def grow(rng):
    def more(frames, count):
        new = rng.normal(size=(count, ATOMS, 3)).astype(np.float32)
        return np.concatenate([frames, new]) if frames is not None else new

    return more


def test_only_new_frames_are_written_and_all_are_found(tmp_path, grow):
    log, frames = UnderWayLog(tmp_path), {4: grow(None, 10), 7: grow(None, 3)}
    log.add(state(frames))
    assert written(tmp_path) == 13
    frames = {4: grow(frames[4], 2), 7: frames[7], 1: grow(None, 5)}
    arrays = log.add(state(frames))
    assert written(tmp_path) == 20
    assert len(arrays["frames"]) == 0
    # Another half-shot of the same key, longer than the one before it, is not taken for it.
    frames = {4: grow(frames[4], 1), 7: grow(None, 30)}
    arrays = log.add(state(frames))
    assert written(tmp_path) == 51
    for again in (UnderWayLog(tmp_path), UnderWayLog(tmp_path)):
        found = again.restore(arrays)
        np.testing.assert_array_equal(found.frames[:], np.concatenate([frames[4], frames[7]]))
        assert found.keys.tolist() == [4, 7]
    # It goes on from there.
    frames = {4: grow(frames[4], 1), 7: frames[7]}
    again.add(state(frames))
    assert written(tmp_path) == 52


def test_what_a_killed_job_wrote_after_its_state_is_cut_off(tmp_path, grow):
    log, frames = UnderWayLog(tmp_path), {0: grow(None, 6)}
    arrays = log.add(state(frames))
    log.add(state({0: grow(frames[0], 4)}))
    again = UnderWayLog(tmp_path)
    found = again.restore(arrays)
    np.testing.assert_array_equal(found.frames[:], frames[0])
    frames = {0: grow(frames[0], 2)}
    arrays = again.add(state(frames))
    np.testing.assert_array_equal(UnderWayLog(tmp_path).restore(arrays).frames[:], frames[0])


def test_the_log_does_not_grow_with_the_job(tmp_path, grow):
    log = UnderWayLog(tmp_path)
    for key in range(60):
        frames = {key: grow(None, 40)}
        arrays = log.add(state(frames))
        log.clean()
        assert written(tmp_path) <= 4 * 40 + LEAST + 40
    np.testing.assert_array_equal(UnderWayLog(tmp_path).restore(arrays).frames[:], frames[59])


def test_an_engine_that_keeps_no_frames_has_none_in_its_log(tmp_path):
    many = state({3: np.zeros((0, ATOMS, 3), dtype=np.float32)})
    many.lengths[:] = 17
    arrays = UnderWayLog(tmp_path).add(many)
    found = UnderWayLog(tmp_path).restore(arrays)
    assert found.lengths.tolist() == [17]
    assert len(found.frames) == 0
