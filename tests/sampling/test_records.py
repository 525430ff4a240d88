import numpy as np
import pytest

from mechanist.errors import DataError
from mechanist.sampling.records import (
    read_frames,
    read_notes,
    read_table,
    write_frames,
    write_table,
)


def test_frames_come_back_bit_by_bit(tmp_path, rng):
    frames = rng.normal(size=(20, 5, 3)).astype(np.float32)
    write_frames(tmp_path / "a.trr", [frames[:7], frames[7:7], frames[7:]])
    np.testing.assert_array_equal(read_frames(tmp_path / "a.trr", 5), frames)
    np.testing.assert_array_equal(read_frames(tmp_path / "a.trr", 5, 4, 3), frames[4:7])


def test_wrong_number_of_atoms_is_refused(tmp_path, rng):
    write_frames(tmp_path / "a.trr", [rng.normal(size=(2, 5, 3))])
    with pytest.raises(DataError, match=r"a.trr: has 5 atoms, the system has 6"):
        read_frames(tmp_path / "a.trr", 6)


def test_table_round_trip_and_missing_column(tmp_path):
    path = tmp_path / "t.parquet"
    write_table(path, {"a": np.arange(3), "b": np.array(["x", "y", "z"], dtype=object)}, ["a", "b"])
    table = read_table(path, ["b", "a"])
    assert table["b"].tolist() == ["x", "y", "z"]
    with pytest.raises(DataError, match=r"t.parquet: lacks the column 'c'"):
        read_table(path, ["a", "c"])


def test_nothing_is_left_of_a_write_that_failed(tmp_path):
    with pytest.raises(KeyError):
        write_table(tmp_path / "t.parquet", {"a": np.arange(3)}, ["missing"])
    assert list(tmp_path.iterdir()) == []


def test_notes_in_the_head_of_a_table(tmp_path):
    for notes in ({"platform": "CPU"}, {}):
        write_table(tmp_path / "t.parquet", {"a": np.arange(3)}, ["a"], notes)
        assert read_notes(tmp_path / "t.parquet") == notes
        assert read_table(tmp_path / "t.parquet", ["a"])["a"].tolist() == [0, 1, 2]
    with pytest.raises(DataError, match=r"gone.parquet: the file is missing"):
        read_notes(tmp_path / "gone.parquet")
