"""Functions of the user as descriptors."""

import os
import py_compile

import numpy as np
import pytest

from mechanist.bookkeeping.files import sha256
from mechanist.errors import DataError, SystemBuildError
from mechanist.systems.descriptors.custom import CUSTOM, Custom
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.user_code import load_function, trusted
from tests.conftest import REPOSITORY

CODE = """
import numpy as np


def height(positions):
    return positions[:, 0, 2]


def edge(positions, box):
    return positions[:, 0, 0] / box[0, 0]


def turn(positions):
    return np.arctan2(positions[:, 0, 1], positions[:, 0, 0])


def flat(positions):
    return positions[:, 0]


def broken(positions):
    return positions[:, 99, 0]


def lost(positions):
    return np.log(positions[:, 0, 0] * 0 - 1)
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "descriptors.py"
    path.write_text(CODE, encoding="utf-8")
    return path


def custom(file, function, unit="nm", periodic=False):
    return Custom(str(file), function, unit, periodic, sha256(file))


def described(*customs, box=None):
    rows = [Descriptor(c.function, CUSTOM, (), custom=c) for c in customs]
    return DescriptorSet((Descriptor("r", "distance", (0, 1)), *rows), box)


def test_values_stand_among_the_others(file, rng):
    frames = rng.normal(size=(600, 3, 3))
    inputs = described(custom(file, "height"), custom(file, "turn", "rad", True))
    values = inputs.values(frames)
    np.testing.assert_allclose(values[:, 0], np.linalg.norm(frames[:, 1] - frames[:, 0], axis=1))
    np.testing.assert_array_equal(values[:, 1], frames[:, 0, 2])
    assert inputs.feature_names == ("r", "height", "sin(turn)", "cos(turn)")
    assert [d.unit for d in inputs.descriptors] == ["nm", "nm", "rad"]


def test_a_function_may_ask_for_the_box(file, rng):
    frames = rng.normal(size=(4, 3, 3))
    values = described(
        custom(file, "edge", "1"), box=((2.0, 0.0, 0.0), (0.0, 3.0, 0.0), (0.0, 0.0, 4.0))
    ).values(frames)
    np.testing.assert_allclose(values[:, 1], frames[:, 0, 0] / 2)


def test_json_round_trip(file, rng):
    inputs = described(custom(file, "height"))
    again = DescriptorSet.from_json(inputs.to_json())
    assert again == inputs
    frames = rng.normal(size=(3, 2, 3))
    np.testing.assert_array_equal(again.values(frames), inputs.values(frames))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("flat", r"flat: returns shape \(5, 3\).*must be \(5,\)"),
        ("broken", r"broken: raised IndexError"),
        ("lost", r"lost: returned a non-finite value"),
        ("gone", r"'gone': there is no such function.*height"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value")
def test_faulty_functions(file, function, words):
    with pytest.raises(SystemBuildError, match=words):
        described(custom(file, function)).values(np.ones((5, 3, 3)))


def test_exploded_frames_are_no_fault_of_a_function(file):
    frames = np.ones((2, 3, 3))
    frames[1] = np.nan
    values = described(custom(file, "height")).values(frames)
    assert np.isnan(values[1, 1])
    assert values[0, 1] == 1


def test_a_file_that_has_changed_or_gone(file):
    content = described(custom(file, "height")).to_json()
    file.write_text(CODE + "\n", encoding="utf-8")
    with pytest.raises(DataError, match="has changed since"):
        DescriptorSet.from_json(content)
    file.unlink()
    with pytest.raises(DataError, match="missing"):
        DescriptorSet.from_json(content)


def test_which_files_are_announced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert trusted(REPOSITORY / "systems" / "alanine_dipeptide" / "descriptors.py")
    assert trusted(tmp_path / "systems" / "own" / "descriptors.py")
    assert not trusted(tmp_path / "downloads" / "descriptors.py")


def test_other_programs_are_told_that_they_cannot(file, tmp_path):
    from mechanist.formula.export import EXPORTS, write_exports

    inputs = described(custom(file, "height"))
    write_exports("2.0*height + r", inputs, tmp_path / "with")
    write_exports("2.0*r", inputs, tmp_path / "without")
    for name in EXPORTS.values():
        assert "height, defined in descriptors.py" in (tmp_path / "with" / name).read_text(
            encoding="utf-8"
        )
        assert "descriptors.py" not in (tmp_path / "without" / name).read_text(encoding="utf-8")


def test_code_runs_that_has_the_hash_and_no_compiled_file_beside_it(tmp_path):
    file = tmp_path / "descriptors.py"
    for number in (1, 2):
        file.write_text(f"def value():\n    return {number}\n", encoding="utf-8")
        # Python knows a compiled file by the size and the time of its source.
        os.utime(file, (1e9, 1e9))
        assert load_function(str(file), "value", sha256(file))() == number
        py_compile.compile(str(file))
