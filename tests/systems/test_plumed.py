"""Collective variables of PLUMED as descriptors; without a kernel most are skipped."""

import numpy as np
import pytest
import yaml

from mechanist.bookkeeping.layout import Layout
from mechanist.committor.export import plumed_network
from mechanist.errors import DataError, MechanistError, SystemBuildError
from mechanist.formula.export import EXPORTS, exports_of, plumed_text, write_exports
from mechanist.settings.load import load_system
from mechanist.systems.build.prepare import prepare
from mechanist.systems.build.source_files import source_files
from mechanist.systems.descriptors import plumed_file
from mechanist.systems.descriptors.describe import describe
from mechanist.systems.prepared import load_inputs
from tests.bring import SYSTEM, put_files
from tests.plumed.cases import double_q, network_of
from tests.plumed.kernel import missing, values

TEXT = """# four variables
d: DISTANCE ATOMS=2,3
t: TORSION ATOMS=1,2,3,4
a: ANGLE ATOMS=1,2,3
com: COM ATOMS=1-4
r: DISTANCE ATOMS=com,1
g: GYRATION ...
   TYPE=RADIUS ATOMS=1-4
...
"""


@pytest.fixture
def needs_kernel():
    if missing():
        pytest.skip(missing())


def write(folder, text=TEXT, variable="d", **settings):
    """Peroxide with a variable of PLUMED among its inputs."""
    put_files(folder)
    content = {k: dict(v) if isinstance(v, dict) else v for k, v in SYSTEM.items()}
    content["molecule"] = {"structure": "peroxide.pdb", "force_field": ["peroxide.xml"]}
    content["descriptors"] |= {"cv": {"plumed": variable, "unit": "nm"} | settings}
    content["inputs"] = ["phi", "cv"]
    (folder / "system.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    if text is not None:
        (folder / "plumed.dat").write_text(text, encoding="utf-8")
    return folder


def inputs_of(folder, results):
    settings, layout = load_system(folder), Layout(results)
    prepare(settings, folder, layout)
    describe(settings, folder, layout)
    return load_inputs(layout)


RIGHT = {
    "d": ("nm", lambda x, m: np.linalg.norm(x[:, 2] - x[:, 1], axis=1)),
    "r": ("nm", lambda x, m: np.linalg.norm(x[:, 0] - np.average(x, 1, m), axis=1)),
    "g": (
        "nm",
        lambda x, m: np.sqrt(((x - x.mean(1)[:, None]) ** 2).sum(2).mean(1)),
    ),
}


@pytest.mark.parametrize("name", RIGHT)
def test_values(name, needs_kernel, tmp_path):
    unit, right = RIGHT[name]
    found = inputs_of(write(tmp_path / "a", variable=name, unit=unit), tmp_path / "results")
    x = np.random.default_rng(1).random((5, 4, 3))
    masses = np.array([1.008, 15.999, 15.999, 1.008])
    assert np.allclose(found.values(x)[:, 1], right(x, masses), rtol=1e-4)


def test_an_angle_is_that_of_our_own(needs_kernel, tmp_path):
    folder = write(tmp_path / "a", variable="t", unit="rad", periodic=True)
    found = inputs_of(folder, tmp_path / "results")
    x = np.random.default_rng(2).random((50, 4, 3))
    values = found.values(x)
    assert np.allclose(values[:, 0], values[:, 1], atol=1e-6)
    assert found.feature_names == ("sin(phi)", "cos(phi)", "sin(cv)", "cos(cv)")


def test_the_hash_of_the_file_is_kept(needs_kernel, tmp_path):
    folder = write(tmp_path / "a")
    found = inputs_of(folder, tmp_path / "results")
    assert folder / "plumed.dat" in source_files(load_system(folder), folder)
    assert len(found.descriptors[1].custom.sha256) == 64
    (folder / "plumed.dat").write_text(TEXT + "e: DISTANCE ATOMS=1,4\n", encoding="utf-8")
    with pytest.raises(MechanistError, match=r"plumed.dat: has changed"):
        load_inputs(Layout(tmp_path / "results"))


def test_it_is_exported_to_plumed_alone(needs_kernel, tmp_path):
    folder = write(tmp_path / "a")
    found = inputs_of(folder, tmp_path / "results")
    (tmp_path / "out").mkdir()
    write_exports("2*cv", found, tmp_path / "out")
    assert exports_of("2*cv", found).keys() == {"plumed"}
    for key in ("python", "openmm"):
        text = (tmp_path / "out" / EXPORTS[key]).read_text(encoding="utf-8")
        assert "q uses cv, defined in plumed.dat of the system" in text, key
    (folder / "plumed.dat").write_text(TEXT + "e: DISTANCE ATOMS=1,4\n", encoding="utf-8")
    with pytest.raises(DataError, match=r"'cv' \(custom\) cannot be written for PLUMED: .*changed"):
        plumed_text("2*cv", found)


def test_values_of_exports_with_a_variable_of_plumed(needs_kernel, tmp_path):
    """Labels of plumed.dat are those of the user; ours give way."""
    text = TEXT + "q: DISTANCE ATOMS=1,3\nphi: CUSTOM ARG=d,q FUNC=x*y PERIODIC=NO\n"
    found = inputs_of(write(tmp_path / "a", text, "phi", unit="1"), tmp_path / "results")
    x = 0.3 * np.random.default_rng(4).random((20, 4, 3))
    right = 3 * found.values(x)[:, 1] + np.sin(found.values(x)[:, 0])
    own = plumed_text("3*cv + sin(phi)", found)
    np.testing.assert_allclose(values(own, "q_", x), right, atol=1e-9)
    model = network_of(found, x, 2, (3, 2))
    right = double_q(model, found.features(found.values(x)))
    np.testing.assert_allclose(values(plumed_network(model, found), "q_", x), right, atol=1e-6)


REFUSED = {
    "PRINT ARG=d FILE=COLVAR": "PRINT is output",
    "m: METAD ARG=d SIGMA=1 HEIGHT=1 PACE=1": "METAD is a bias",
    "b: RESTRAINT ARG=d AT=0 KAPPA=1": "RESTRAINT is a bias",
    "UPPER_WALLS ARG=d AT=1 KAPPA=1": "UPPER_WALLS is a bias",
    "LOAD FILE=a.cpp": "LOAD may run code",
    "x: PYCVINTERFACE ATOMS=1 IMPORT=os": "may run code",
    "UNITS LENGTH=A": "UNITS would change the units",
    "MOLINFO STRUCTURE=a.pdb": "MOLINFO reads another file",
    "x: RMSD REFERENCE=a.pdb": "RMSD reads another file",
    "INCLUDE FILE=b.dat": "INCLUDE reads another file",
    "x: CONTACTMAP ATOMS1=1,2 FILE=a": "FILE=a: another file",
}


@pytest.mark.parametrize("line", REFUSED)
def test_what_is_no_variable_is_refused_with_its_line(line, tmp_path):
    path = tmp_path / "plumed.dat"
    path.write_text(f"d: DISTANCE ATOMS=1,2\n{line}\n", encoding="utf-8")
    with pytest.raises(SystemBuildError, match=r"plumed.dat:2: ") as told:
        plumed_file.check_text(path)
    assert REFUSED[line] in str(told.value)


@pytest.mark.parametrize(
    ("text", "variable", "words"),
    [
        ("d: DISTANCE ATOMS=1,99\n", "d", "atom 99 out of range"),
        ("d: NOSUCH ATOMS=1,2\n", "d", "NOSUCH"),
        (TEXT, "nothing", "nothing: PLUMED says"),
        ("d: DISTANCE ATOMS=1,2 COMPONENTS\n", "d.w", "d.w: PLUMED says"),
    ],
)
def test_what_plumed_refuses_is_one_line(text, variable, words, needs_kernel, tmp_path):
    folder = write(tmp_path / "a", text, variable)
    with pytest.raises(SystemBuildError, match=r"plumed.dat: ") as told:
        inputs_of(folder, tmp_path / "results")
    assert words in str(told.value)
    assert "\n" not in str(told.value)


def test_a_variable_of_charges_is_an_error(needs_kernel, tmp_path):
    folder = write(tmp_path / "a", "d: DIPOLE GROUP=1-4\n")
    found = inputs_of(folder, tmp_path / "results")
    with pytest.raises(SystemBuildError, match="d: returned a non-finite value"):
        found.values(np.random.default_rng(1).random((2, 4, 3)))


def test_without_the_file(tmp_path):
    folder = write(tmp_path / "a", None)
    with pytest.raises(MechanistError, match=r"descriptors.cv: 'd': there is no plumed.dat"):
        inputs_of(folder, tmp_path / "results")


def test_without_a_kernel_one_line_says_so(tmp_path, monkeypatch):
    """A package without a kernel is as good as none."""
    monkeypatch.setitem(__import__("sys").modules, "plumed", None)
    folder = write(tmp_path / "a")
    plumed_file.variable.cache_clear()
    with pytest.raises(SystemBuildError, match=r"plumed.dat: needs the Python package plumed"):
        inputs_of(folder, tmp_path / "results")
