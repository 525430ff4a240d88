"""Values of descriptors beside frames: the same as from frames, and never those of other ones."""

from dataclasses import replace

import numpy as np
import pytest

from mechanist.errors import DataError
from mechanist.sampling.records import trr
from mechanist.sampling.records.stored_frames import join_frames, open_frames, view
from mechanist.sampling.records.stored_waters import Waters
from mechanist.sampling.records.tables import write_frames
from mechanist.sampling.records.value_columns import (
    LEAST_ATOMS,
    card_file,
    together,
    values_file,
    wanted,
)
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from tests.conftest import forget

ATOMS = 8
R = Descriptor("r", "distance", (0, 3))
PHI = Descriptor("phi", "torsion", (4, 1, 0, 2))
ANGLE = Descriptor("angle", "angle", (1, 2, 3))
EVERY = DescriptorSet((R, PHI, ANGLE))


@pytest.fixture
def frames(rng):
    return rng.normal(size=(23, ATOMS, 3)).astype(np.float32)


@pytest.fixture
def unread(monkeypatch):
    """Frames that cannot be read: whoever asks for them fails."""

    def forbidden(*_):
        raise AssertionError("frames were read")

    return lambda: monkeypatch.setattr(trr, "read_part", forbidden)


def test_values_come_from_the_columns_and_no_frame_is_read(tmp_path, frames, unread):
    files = [tmp_path / "one.trr", tmp_path / "two.trr"]
    write_frames(files[0], [frames[:9], frames[9:15]], described=EVERY)
    write_frames(files[1], [frames[15:]], described=EVERY)
    stored = join_frames([open_frames(file, ATOMS) for file in files], ATOMS)
    unread()
    for chosen in (EVERY, DescriptorSet((ANGLE, R)), DescriptorSet((PHI,))):
        truth = chosen.values(frames)
        np.testing.assert_array_equal(chosen.values(stored), truth)
        for key in (slice(3, 20), np.array([17, 2, 2]), frames[:, 0, 0] > 0):
            np.testing.assert_array_equal(chosen.values(view(stored, key)), truth[key])


def test_another_definition_or_box_of_the_same_name_is_computed_from_frames(tmp_path, frames):
    file = tmp_path / "paths.trr"
    write_frames(file, [frames], described=EVERY)
    stored = open_frames(file, ATOMS)
    box = ((2.0, 0.0, 0.0), (0.0, 2.0, 0.0), (0.0, 0.0, 2.0))
    edited = DescriptorSet((replace(R, atoms=(0, 5)), PHI))
    for chosen in (edited, replace(EVERY, box=box)):
        assert stored.known_values(chosen) is None
        np.testing.assert_array_equal(chosen.values(stored), chosen.values(frames))


def test_values_of_other_frames_are_not_used(tmp_path, frames):
    file, other = tmp_path / "paths.trr", tmp_path / "other.trr"
    write_frames(file, [frames], described=EVERY)
    write_frames(other, [frames[::-1]])
    # Frames that another program, or an earlier version, has put in their place.
    forget(tmp_path)
    file.write_bytes(other.read_bytes())
    stored = open_frames(file, ATOMS)
    np.testing.assert_array_equal(EVERY.values(stored), EVERY.values(frames[::-1]))
    # Written again without descriptors: the old values are gone.
    write_frames(file, [frames])
    assert not values_file(file).exists()
    assert not card_file(file).exists()


def test_values_are_those_of_all_atoms_where_waters_are_left_out(tmp_path, rng):
    waters = Waters(np.array([0, 1]), 2 + np.arange(12).reshape(4, 3), 2, np.zeros((3, 3)), None)
    frames = rng.normal(size=(9, 14, 3)).astype(np.float32)
    far = DescriptorSet((Descriptor("r", "distance", (0, 13)),))
    file = tmp_path / "paths.trr"
    write_frames(file, [frames], described=far, waters=waters)
    stored = open_frames(file, 14, waters)
    np.testing.assert_array_equal(stored[:], waters.expand(waters.reduce(frames)))
    np.testing.assert_array_equal(far.values(stored), far.values(frames))


@pytest.mark.parametrize("what", ["values", "card", "rows"])
def test_damage_is_one_line(tmp_path, frames, what):
    file = tmp_path / "paths.trr"
    write_frames(file, [frames], described=EVERY)
    if what == "rows":
        slip = file.with_name(f".{values_file(file).name}.sha256")
        slip.unlink()
        np.save(values_file(file), np.zeros((4, 3)))
    else:
        damaged = values_file(file) if what == "values" else card_file(file)
        content = bytearray(damaged.read_bytes())
        content[-2] ^= 1
        damaged.write_bytes(content)
    with pytest.raises(DataError, match=r"receipt|has shape"):
        open_frames(file, ATOMS)


def test_no_frames_have_no_values(tmp_path):
    file = tmp_path / "paths.trr"
    write_frames(file, [np.empty((0, ATOMS, 3), np.float32)], described=EVERY)
    assert EVERY.values(open_frames(file, ATOMS)).shape == (0, 3)


def test_only_large_systems_store_values_and_only_if_they_take_less_room():
    assert wanted(EVERY, LEAST_ATOMS)
    assert not wanted(EVERY, LEAST_ATOMS - 1)
    assert not wanted(DescriptorSet(()), LEAST_ATOMS)
    many = DescriptorSet(tuple(replace(R, name=f"r{i}") for i in range(1500)))
    assert not wanted(many, LEAST_ATOMS)
    assert wanted(many, 1001)


def test_sets_are_joined_by_name_and_the_first_stands():
    other = DescriptorSet((replace(R, atoms=(1, 2)), ANGLE))
    joined = together([DescriptorSet((PHI, R)), other])
    assert {d.name: d.atoms for d in joined.descriptors} == {
        "r": R.atoms,
        "phi": PHI.atoms,
        "angle": ANGLE.atoms,
    }
