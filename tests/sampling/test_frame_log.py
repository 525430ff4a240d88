"""Logs of frames: what is appended is read again, and what a killed job added is cut off."""

import numpy as np
import pytest

from mechanist.errors import DataError
from mechanist.sampling.records.frame_log import DiskLog, MemoryLog
from mechanist.sampling.records.trr import frame_type

ATOMS = 3


@pytest.fixture(params=["disk", "memory"])
def log(request, tmp_path):
    return DiskLog(tmp_path / "log.trr", ATOMS) if request.param == "disk" else MemoryLog(ATOMS)


def test_frames_are_read_as_they_were(log, rng):
    parts = [rng.normal(size=(n, ATOMS, 3)).astype(np.float32) for n in (2, 0, 5)]
    stored = [log.append(part) for part in parts]
    for part, one in zip(parts, stored, strict=True):
        assert one.shape == part.shape
        np.testing.assert_array_equal(one[:], part)
    every = np.concatenate(parts)
    np.testing.assert_array_equal(log.part(0, len(log))[:], every)
    np.testing.assert_array_equal(log.part(1, 3)[:], every[1:4])
    log.cut(4)
    log.append(parts[0])
    np.testing.assert_array_equal(log.part(0, len(log))[:], np.concatenate([every[:4], parts[0]]))


def test_a_killed_job_goes_on_where_its_state_was(tmp_path, rng):
    frames = rng.normal(size=(6, ATOMS, 3)).astype(np.float32)
    file = tmp_path / "log.trr"
    DiskLog(file, ATOMS).append(frames)
    # Killed within a frame.
    with file.open("ab") as handle:
        handle.write(b"half of a frame")
    again = DiskLog(file, ATOMS, resume=True)
    assert len(again) == 6
    again.cut(4)
    again.append(frames[:1])
    np.testing.assert_array_equal(again.part(3, 2)[:], frames[[3, 0]])
    assert file.stat().st_size == 5 * frame_type(ATOMS).itemsize
    with pytest.raises(DataError, match="holds 5 frames, the state of the job names 9"):
        again.cut(9)
    # Another job in the same folder begins anew.
    assert len(DiskLog(file, ATOMS)) == 0
