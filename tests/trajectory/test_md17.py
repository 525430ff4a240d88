import numpy as np
import pytest

from mechanist.errors import DataError
from mechanist.trajectory.md17 import read_md17

Z = np.array([8, 1, 1], dtype=np.uint8)


def write(path, **changes):
    """A file as MD17 has it: E is (T, 1), lengths in Angstrom."""
    rng = np.random.default_rng(5)
    content = {
        "E": rng.normal(size=(7, 1)),
        "R": rng.normal(size=(7, 3, 3)),
        "F": rng.normal(size=(7, 3, 3)),
        "z": Z,
        "name": "water",
        "theory": "unknown",
        "md5": "0",
    } | changes
    np.savez(path, **{key: value for key, value in content.items() if value is not None})
    return content


def test_units(tmp_path):
    content = write(tmp_path / "a.npz")
    read = read_md17(tmp_path / "a.npz", 0.0005, 500.0)
    np.testing.assert_allclose(read.positions, content["R"] / 10)
    np.testing.assert_allclose(read.forces, content["F"] * 41.84)
    np.testing.assert_allclose(read.energy, content["E"][:, 0] * 4.184)
    np.testing.assert_allclose(read.masses, [15.999, 1.008, 1.008])
    assert read.velocities is None
    assert read.meta.temperature_K == 500.0


def test_units_that_an_sgdml_file_names(tmp_path):
    content = write(tmp_path / "a.npz", r_unit="bohr", e_unit="Ha")
    read = read_md17(tmp_path / "a.npz", 0.0005)
    np.testing.assert_allclose(read.positions, content["R"] * 0.052917721, rtol=1e-7)
    np.testing.assert_allclose(read.forces, content["F"] * 49614.75, rtol=1e-6)
    np.testing.assert_allclose(read.energy, content["E"][:, 0] * 2625.4996, rtol=1e-7)
    write(tmp_path / "b.npz", r_unit="furlong")
    with pytest.raises(DataError, match=r"r_unit 'furlong' is none of ang,"):
        read_md17(tmp_path / "b.npz", 0.0005)


def test_names_of_rmd17_and_its_random_order(tmp_path):
    path = tmp_path / "r.npz"
    content = write(path)
    np.savez(
        path,
        coords=content["R"],
        nuclear_charges=Z,
        energies=content["E"][:, 0],
        forces=content["F"],
        old_indices=np.arange(7),
    )
    with pytest.raises(DataError, match="no order in time"):
        read_md17(path, 0.0005)
    read = read_md17(path, 0.0005, ordered=False)
    np.testing.assert_allclose(read.forces, content["F"] * 41.84)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"R": None}, "lacks R and z"),
        ({"z": np.array([8, 1])}, "z names 2 atoms, R holds 3"),
        ({"E": np.zeros(6)}, "E has 6 frames, R 7"),
        ({"F": np.zeros((7, 3, 2))}, "F is"),
        ({"R": np.zeros((7, 9))}, "not \\(frames, atoms, 3\\)"),
        ({"R": np.array([["a"] * 3] * 3)}, "does not hold numbers"),
        ({"R": np.full((7, 3, 3), np.inf)}, "not finite"),
        ({"z": np.array([8, 1, 120])}, "atomic number 120"),
        ({"R": np.array([None, {}, 3], dtype=object)}, "plain arrays"),
    ],
)
def test_mismatched_files_are_refused(tmp_path, changes, what):
    path = tmp_path / "a.npz"
    write(path, **changes)
    with pytest.raises(DataError, match=what) as error:
        read_md17(path, 0.0005)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_no_archive_at_all(tmp_path):
    path = tmp_path / "a.npz"
    path.write_text("<html>not found</html>", encoding="utf-8")
    with pytest.raises(DataError, match="damaged"):
        read_md17(path, 0.0005)
