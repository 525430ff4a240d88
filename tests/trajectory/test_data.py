from dataclasses import replace

import numpy as np
import pytest

from mechanist.errors import DataError
from mechanist.trajectory.dataset import by_time, windows
from mechanist.trajectory.store import load, save
from mechanist.trajectory.trajectory import masses_of


def test_round_trip_is_exact(motion, tmp_path):
    whole = replace(motion, box=np.tile(np.eye(3), (len(motion), 1, 1)))
    save(whole, tmp_path / "a.npz")
    again = load(tmp_path / "a.npz")
    for name in ("positions", "velocities", "forces", "energy", "box", "numbers", "masses"):
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))
    assert again.meta == whole.meta
    assert again.dt_ps == whole.dt_ps
    bare = replace(motion, velocities=None, forces=None, energy=None)
    save(bare, tmp_path / "b.npz")
    assert load(tmp_path / "b.npz").velocities is None


def test_damaged_files_are_refused_in_one_line(motion, tmp_path):
    path = tmp_path / "a.npz"
    with pytest.raises(DataError, match="missing"):
        load(path)
    save(motion[:10], path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="damaged"):
        load(path)
    (tmp_path / ".a.npz.sha256").unlink()
    with pytest.raises(DataError, match="damaged") as error:
        load(path)
    assert "\n" not in str(error.value)
    np.savez(path, positions=np.array([{"a": 1}], dtype=object))
    with pytest.raises(DataError, match="plain arrays"):
        load(path)
    np.savez(path, positions=np.zeros((2, 3, 3)))
    with pytest.raises(DataError, match="not a trajectory of format"):
        load(path)
    np.savez(path, format=1, positions=np.zeros((2, 3, 3)))
    with pytest.raises(DataError, match="lacks"):
        load(path)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"velocities": np.zeros((3, 9, 3))}, "velocities is"),
        ({"masses": np.ones(8)}, "masses is"),
        ({"positions": np.zeros((5, 9, 2))}, "not \\(T, N, 3\\)"),
        ({"dt_ps": 0.0}, "dt_ps"),
        ({"energy": np.full(6000, np.nan)}, "not finite"),
    ],
)
def test_parts_must_fit(motion, change, what):
    with pytest.raises(DataError, match=what):
        replace(motion, **change)


def test_half_step_velocities_are_refused(motion):
    late = replace(motion, meta=replace(motion.meta, velocity_time="half-step"))
    with pytest.raises(DataError, match="velocities at the times"):
        windows(late, 5)


def test_a_slice_with_a_step_widens_the_time(motion):
    coarse = motion[::4]
    assert coarse.dt_ps == pytest.approx(0.002)
    np.testing.assert_array_equal(coarse.positions[1], motion.positions[4])


def test_blocks_of_time_do_not_touch(motion):
    parts = by_time(motion, 50)
    blocks = [parts.train, parts.validate, parts.test]
    order = {x.tobytes(): n for n, x in enumerate(motion.positions)}
    rows = [[order[x.tobytes()] for x in block.positions] for block in blocks]
    assert rows[1][0] - rows[0][-1] > 100
    assert rows[2][0] - rows[1][-1] > 100
    assert rows[2][-1] == len(motion) - 1
    assert len(rows[1]) == 600
    with pytest.raises(DataError, match="too few"):
        by_time(motion[:200], 50)


def test_windows_tile_and_hold_their_frames(motion):
    gaps = windows(motion[:100], 9)
    assert gaps.positions.shape == (9, 11, 9, 3)
    np.testing.assert_array_equal(gaps.positions[3], motion.positions[30:41])
    np.testing.assert_array_equal(gaps.ends.x1[:-1], gaps.ends.x0[1:])
    assert gaps.ends.gap_ps == pytest.approx(0.005)
    assert len(windows(motion[:100], 9, every=5)) == 18
    with pytest.raises(DataError, match="not longer"):
        windows(motion[:10], 9)


def test_unknown_elements_have_no_mass():
    with pytest.raises(DataError, match="92"):
        masses_of(np.array([1, 92]))
