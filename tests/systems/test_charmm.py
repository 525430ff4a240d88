"""Parameter files of CHARMM, and indexes of them as CHARMM-GUI writes."""

import shutil

import pytest

from mechanist.errors import SystemBuildError
from mechanist.settings.molecule import MoleculeSettings
from mechanist.systems.build.molecule import molecule_files
from mechanist.systems.build.new import Sources, new
from mechanist.systems.forces.charmm import parameter_files
from tests.bring import DATA, FORMATS, build, energy

INDEX = """! CHARMM-GUI
open read card unit 20 name {path}peroxide.prm
read para card unit 20 flex
! stream {path}gone.str
"""


def index(folder, path="toppar/", text=INDEX):
    place = folder / path if path.endswith("/") else folder
    place.mkdir(parents=True, exist_ok=True)
    shutil.copy(DATA / "peroxide.prm", place)
    for name in ("peroxide.psf", "peroxide.crd"):
        shutil.copy(DATA / name, folder)
    (folder / "toppar.str").write_text(text.format(path=path), encoding="utf-8")
    return folder


def test_an_index_is_followed(tmp_path):
    shutil.copytree(DATA, tmp_path / "plain")
    right = energy(build(tmp_path / "plain", FORMATS["CHARMM"]))
    folder = index(tmp_path / "own")
    molecule = FORMATS["CHARMM"] | {"force_field": ["toppar.str"]}
    assert energy(build(folder, molecule)) == pytest.approx(right, rel=1e-9)
    files = molecule_files(MoleculeSettings.model_validate(molecule), folder)
    assert folder / "toppar" / "peroxide.prm" in files


def test_new_copies_what_an_index_names(tmp_path):
    source = index(tmp_path / "job")
    made = new(
        "own",
        Sources(source / "peroxide.crd", source / "peroxide.psf", [str(source / "toppar.str")]),
        tmp_path / "work",
    )
    shutil.rmtree(source)
    assert (made / "toppar" / "peroxide.prm").is_file()
    molecule = FORMATS["CHARMM"] | {"force_field": ["toppar.str"]}
    assert energy(build(made, molecule)) < 1e3


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("stream {path}gone.str\n", ["gone.str", "named in toppar.str", "no such file"]),
        ("stream toppar.str\n", ["toppar.str", "streams itself"]),
        ("stream {path}peroxide.xml\n", ["peroxide.xml", "rtf, par, prm and str"]),
    ],
)
def test_what_an_index_may_not_name(text, words, tmp_path):
    folder = index(tmp_path, text=text)
    shutil.copy(DATA / "peroxide.xml", folder / "toppar")
    with pytest.raises(SystemBuildError) as told:
        parameter_files([folder / "toppar.str"])
    for word in words:
        assert word in str(told.value)
