"""Frames on disk behave as the array of them does."""

import numpy as np
import pytest

from mechanist.errors import DataError
from mechanist.sampling.records import stored_frames, trr
from mechanist.sampling.records.stored_frames import (
    StoredFrames,
    join_frames,
    open_frames,
    pieces,
    view,
)
from mechanist.sampling.records.stored_waters import Waters
from mechanist.sampling.records.tables import read_frames, write_frames
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from tests.conftest import forget

ATOMS = 5


@pytest.fixture
def files(tmp_path, rng):
    """Frames of three files, the second without any, and the files."""
    arrays = [rng.normal(size=(n, ATOMS, 3)).astype(np.float32) for n in (30, 0, 17)]
    paths = [tmp_path / f"{i}.trr" for i in range(3)]
    for path, array in zip(paths, arrays, strict=True):
        write_frames(path, [array])
    joined = join_frames([open_frames(path, ATOMS) for path in paths], ATOMS)
    return np.concatenate(arrays), joined, paths


KEYS = [
    slice(None),
    slice(25, 35),
    slice(3, 46, 7),
    slice(None, None, -1),
    slice(40, 5),
    np.array([46, 0, 31, 31, 29, 30]),
    np.array([], dtype=np.int64),
    np.array([-1, 2]),
    np.arange(47) % 3 == 0,
    np.zeros(47, dtype=bool),
    4,
    np.int64(-2),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
@pytest.mark.parametrize("piece", [1, 400, 2**24])
@pytest.mark.parametrize("gap", [1, 2**15])
def test_any_index_gives_what_the_array_gives(files, key, piece, gap, monkeypatch):
    monkeypatch.setattr(stored_frames, "PIECE_BYTES", piece)
    monkeypatch.setattr(stored_frames, "GAP_BYTES", gap)
    array, stored, _ = files
    assert isinstance(stored, StoredFrames)
    assert stored.shape == array.shape
    np.testing.assert_array_equal(stored[key], array[key])
    if not isinstance(key, int | np.integer):
        some = view(stored, key)
        assert isinstance(some, StoredFrames)
        assert some.shape == array[key].shape
        np.testing.assert_array_equal(some[::2], array[key][::2])
        np.testing.assert_array_equal(np.concatenate([some[:0], *pieces(some)]), array[key])


@pytest.mark.parametrize("first", [4, slice(3, 46, 7), np.array([46, 0, 31])], ids=str)
def test_atoms_and_axes_are_chosen_of_frames(files, first):
    array, stored, _ = files
    np.testing.assert_array_equal(stored[first, 1, 0], array[first, 1, 0])
    np.testing.assert_array_equal(stored[first, ..., 2], array[first, ..., 2])


def test_an_index_beyond_the_end_is_an_error(files):
    _, stored, _ = files
    for key in (47, np.array([3, 47])):
        with pytest.raises(IndexError):
            stored[key]


def test_descriptors_are_those_of_the_array(files, monkeypatch):
    array, stored, _ = files
    inputs = DescriptorSet(
        (Descriptor("r", "distance", (0, 3)), Descriptor("phi", "torsion", (4, 1, 0, 2)))
    )
    truth = inputs.values(array)
    np.testing.assert_array_equal(inputs.values(stored), truth)
    np.testing.assert_array_equal(inputs.values(view(stored, slice(5, None, 2))), truth[5::2])
    monkeypatch.setattr("mechanist.systems.descriptors.descriptor_set.CHUNK_ATOMS", 3 * ATOMS)
    np.testing.assert_array_equal(inputs.values(stored), truth)


def test_frames_that_are_not_wanted_are_not_read(files, monkeypatch):
    """Whole files of a large run would not fit into memory."""
    _, stored, _ = files
    read: list[int] = []
    part = trr.read_part

    def counted(handle, path, atoms, first, count):
        read.append(count)
        return part(handle, path, atoms, first, count)

    monkeypatch.setattr(trr, "read_part", counted)
    size = trr.frame_type(ATOMS).itemsize
    monkeypatch.setattr(stored_frames, "PIECE_BYTES", 4 * size)
    monkeypatch.setattr(stored_frames, "GAP_BYTES", 2 * size)
    view(stored, slice(0, 40))
    assert read == []
    stored[[1, 2, 40]]
    assert sum(read) == 3
    read.clear()
    stored[:]
    assert max(read) == 4


def test_waters_are_put_back_as_frames_are_read(tmp_path, rng):
    waters = Waters(np.array([0, 1]), 2 + np.arange(12).reshape(4, 3), 2, np.zeros((3, 3)), None)
    frames = rng.normal(size=(9, 14, 3)).astype(np.float32)
    reduced = waters.reduce(frames)
    write_frames(tmp_path / "paths.trr", [reduced])
    stored = open_frames(tmp_path / "paths.trr", 14, waters)
    assert stored.shape == (9, 14, 3)
    np.testing.assert_array_equal(stored[2:5], waters.expand(reduced)[2:5])


def test_damage_is_one_line(files):
    array, stored, paths = files
    forget(paths[0].parent)
    with pytest.raises(DataError, match="has 5 atoms, the system has 7"):
        open_frames(paths[0], 7)
    content = bytearray(paths[0].read_bytes())
    size = trr.frame_type(ATOMS).itemsize
    content[8 * size : 8 * size + 4] = b"oops"
    paths[0].write_bytes(content)
    np.testing.assert_array_equal(stored[:8], array[:8])
    with pytest.raises(DataError, match=r"0.trr: damaged TRR \(no frame header"):
        stored[5:12]
    paths[0].write_bytes(content[: 20 * size])
    with pytest.raises(DataError, match="became shorter"):
        stored[25:28]
    paths[0].write_bytes(content[: 20 * size - 1])
    with pytest.raises(DataError, match="ends within a frame"):
        open_frames(paths[0], ATOMS)
    with pytest.raises(DataError, match="missing"):
        open_frames(paths[0].with_name("none.trr"), ATOMS)


def test_a_receipt_is_compared_when_a_file_is_opened(files):
    _, _, paths = files
    content = bytearray(paths[2].read_bytes())
    content[-1] ^= 1
    paths[2].write_bytes(content)
    for reader in (open_frames, read_frames):
        with pytest.raises(DataError, match="differs from its receipt"):
            reader(paths[2], ATOMS)
