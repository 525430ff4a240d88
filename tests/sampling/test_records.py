import subprocess
import sys

import mdtraj
import numpy as np
import pyarrow as pa
import pytest

from mechanist.errors import DataError
from mechanist.sampling.records.columns import to_arrow, to_numpy
from mechanist.sampling.records.stored_frames import open_frames
from mechanist.sampling.records.tables import (
    read_frames,
    read_notes,
    read_table,
    write_frames,
    write_table,
)
from mechanist.systems.barostat import with_box


def test_frames_come_back_bit_by_bit(tmp_path, rng):
    frames = rng.normal(size=(20, 5, 3)).astype(np.float32)
    write_frames(tmp_path / "a.trr", [frames[:7], frames[7:7], frames[7:]])
    np.testing.assert_array_equal(read_frames(tmp_path / "a.trr", 5), frames)
    np.testing.assert_array_equal(read_frames(tmp_path / "a.trr", 5, 4, 3), frames[4:7])


def test_wrong_number_of_atoms_is_refused(tmp_path, rng):
    write_frames(tmp_path / "a.trr", [rng.normal(size=(2, 5, 3))])
    with pytest.raises(DataError, match=r"a.trr: has 5 atoms, the system has 6"):
        read_frames(tmp_path / "a.trr", 6)


def test_boxes_of_frames_are_where_the_format_has_them(rng, tmp_path):
    box = ((2.0, 0.0, 0.0), (0.5, 1.8, 0.0), (-0.5, 0.4, 1.6))
    sizes = rng.uniform(0.9, 1.1, 9)
    atoms = rng.normal(size=(9, 5, 3)).astype(np.float32)
    frames = np.stack(
        [with_box(x, size * np.array(box)) for x, size in zip(atoms, sizes, strict=True)]
    )
    write_frames(tmp_path / "a.trr", [frames[:4], frames[4:]], box=box)
    np.testing.assert_array_equal(read_frames(tmp_path / "a.trr", 6, 2, 5)[:, :5], atoms[2:7])
    stored = open_frames(tmp_path / "a.trr", 6)
    np.testing.assert_allclose(stored[np.array([8, 1])], frames[[8, 1]], rtol=1e-6)
    with mdtraj.formats.TRRTrajectoryFile(str(tmp_path / "a.trr")) as handle:
        xyz, _, _, seen, _ = handle.read()
    np.testing.assert_array_equal(xyz, atoms)
    np.testing.assert_allclose(seen, sizes[:, None, None] * np.array(box), rtol=1e-6, atol=1e-7)


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


TEXTS = np.array(["A", "", "too_long", "Å", "A"], dtype=object)


@pytest.mark.parametrize(
    "column",
    [
        np.arange(5, dtype=np.int32),
        np.arange(10, dtype=np.int64)[::2],
        np.array([0.5, np.nan, -np.inf, 1e300, -0.0]),
        np.array([True, False, True, True, False] * 3),
        TEXTS,
        TEXTS[:0],
        np.empty(0),
        np.empty(0, dtype=bool),
    ],
    ids=["int32", "strided", "float", "bool", "text", "no text", "no float", "no bool"],
)
def test_columns_go_to_arrow_and_back_as_by_pyarrow(column, tmp_path):
    kind = pa.string() if column.dtype == object else None
    expected = pa.array(column, type=kind)
    got = to_arrow(column)
    got.validate(full=True)
    assert got.type == expected.type
    np.testing.assert_array_equal(got.to_numpy(zero_copy_only=False), column)
    path = tmp_path / "t.parquet"
    write_table(path, {"a": column}, ["a"])
    back = read_table(path, ["a"])["a"]
    assert back.dtype == column.dtype
    np.testing.assert_array_equal(back, column)
    pieces = pa.chunked_array([expected[1:3], expected[:2]])
    np.testing.assert_array_equal(to_numpy(pieces), [*column[1:3], *column[:2]])


def test_columns_of_other_programs_are_read_as_pyarrow_has_them():
    assert to_numpy(pa.chunked_array([pa.array(["x", None])])).tolist() == ["x", None]
    np.testing.assert_array_equal(to_numpy(pa.chunked_array([pa.array([1, None])])), [1, np.nan])
    large = pa.chunked_array([pa.array(["x", "y"], pa.large_string())])
    assert to_numpy(large).tolist() == ["x", "y"]
    assert to_numpy(pa.chunked_array([], pa.string())).tolist() == []


def test_a_short_job_imports_nothing_that_is_slow(tmp_path):
    # Each of these takes a quarter of a second or more, in each of dozens of jobs.
    write_table(tmp_path / "t.parquet", {"a": np.arange(3), "b": TEXTS[:3]}, ["a", "b"])
    code = f"""
import sys
from pathlib import Path
import mechanist.stages.shoot
from mechanist.sampling.records.tables import read_table, write_table
from mechanist.settings.load import load_config
load_config('{{"initial": {{"budget": "10.5 ps"}}}}')
table = read_table(Path({str(tmp_path / "t.parquet")!r}), ["a", "b"])
write_table(Path({str(tmp_path / "u.parquet")!r}), table, ["a", "b"])
print({{"pandas", "pint", "torch", "sympy", "scipy.stats"}} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
