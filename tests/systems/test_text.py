"""Structures and topologies in any encoding, with columns that touch, or without numbers."""

import shutil

import numpy as np
import pytest

from mechanist.errors import SystemBuildError
from mechanist.systems.build.coordinates import read_structure
from mechanist.systems.build.new import Sources, new
from mechanist.systems.build.text import decode, plain, plain_text
from tests.bring import DATA, FORMATS, build, energy

ODD = DATA.parent / "inputs" / "odd_text"
RIGHT = np.array([1.0952, 1.0, 0.9832])

READ = [
    *("blank.pdb", "crlf.pdb", "hybrid.pdb", "icode.pdb", "latin1.gro", "latin1.pdb"),
    *("models.pdb", "noelement.pdb"),
]


@pytest.mark.parametrize("name", READ)
def test_odd_files_that_are_sound(name):
    structure = read_structure(ODD / name)
    assert len(structure.positions) == 4
    assert np.allclose(structure.positions[0], RIGHT)
    assert structure.names is not None
    assert [entry.atom for entry in structure.names] == ["H1", "O1", "O2", "H2"]
    assert [entry.element for entry in structure.names] in (list("HOOH"), [""] * 4)


def test_models_are_counted():
    assert read_structure(ODD / "models.pdb").notes == (
        "models.pdb: the first of 2 models is read",
    )


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("nan.pdb", ["nan.pdb:1", "edges and angles", "nan"]),
        ("stars.pdb", ["stars.pdb:2", "x", "********"]),
        ("zeros.pdb", ["same point"]),
    ],
)
def test_odd_files_that_are_not(name, words):
    with pytest.raises(SystemBuildError) as told:
        read_structure(ODD / name)
    for word in words:
        assert word in str(told.value)


def test_crd_far_from_the_origin_has_columns_that_touch():
    structure = read_structure(ODD / "far.crd")
    assert structure.positions.shape == (33, 3)
    assert np.allclose(structure.positions[0], [-19.9976, -20.0103, -20.0101])
    assert structure.names is not None
    assert (structure.names[1].atom, structure.names[1].residue) == ("HT1", "ALA")


def test_extended_crd_far_from_the_origin(tmp_path):
    row = f"{1:10d}{1:10d}  {'ALA':8}  {'N':8}" + "".join(f"{-12345678.123456789:20.10f}"[:20] * 3)
    file = tmp_path / "a.crd"
    file.write_text(f"* t\n*\n{1:10d}  EXT\n{row}\n", encoding="utf-8")
    assert np.allclose(read_structure(file).positions, -1234567.8123456789)


ENCODINGS = ["latin-1", "cp1252", "utf-8", "utf-8-sig", "utf-16"]


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("name", ["peroxide.pdb", "peroxide.gro", "peroxide.crd"])
def test_every_encoding_and_line_end(name, ends, encoding, tmp_path):
    text = (DATA / name).read_text(encoding="utf-8")
    title = {"pdb": "REMARK Göttingen\n", "gro": "Göttingen", "crd": "* Göttingen\n"}[name[-3:]]
    text = title + text if name[-3:] != "gro" else title + text[text.index("\n") :]
    (tmp_path / name).write_bytes(text.replace("\n", ends).encode(encoding))
    right = read_structure(DATA / name)
    found = read_structure(tmp_path / name)
    assert np.array_equal(found.positions, right.positions)


@pytest.mark.parametrize("form", ["Amber", "GROMACS", "CHARMM", "OpenMM"])
@pytest.mark.parametrize("file", ["structure", "topology"])
def test_comments_in_latin_1(form, file, tmp_path):
    from tests.bring import put_files

    put_files(tmp_path)
    right = energy(build(tmp_path, FORMATS[form]))
    path = tmp_path / FORMATS[form][file]
    text = path.read_text(encoding="utf-8")
    change = {
        ".prmtop": lambda t: t.replace("%FLAG TITLE", "%COMMENT Größe\n%FLAG TITLE", 1),
        ".inpcrd": lambda t: "Göttingen" + t[t.index("\n") :],
        ".top": lambda t: "; Göttingen\n" + t,
        ".gro": lambda t: "Göttingen" + t[t.index("\n") :],
        ".psf": lambda t: t,
        ".crd": lambda t: "* Göttingen\n" + t,
        ".xml": lambda t: t.replace("<Particles>", "<!-- Göttingen --><Particles>"),
        ".pdb": lambda t: "REMARK Göttingen\n" + t,
    }[path.suffix]
    path.write_bytes(change(text).replace("\n", "\r\n").encode("latin-1"))
    assert energy(build(tmp_path, FORMATS[form])) == pytest.approx(right, rel=1e-9)


def test_a_new_system_of_latin_1_files(tmp_path):
    folder = new("own", Sources(ODD / "latin1.gro", ODD / "latin1.top"), tmp_path)
    assert (folder / "types.itp").is_file()


def test_binary_files_are_no_text(tmp_path):
    (tmp_path / "a.pdb").write_bytes(b"ATOM\0\0")
    with pytest.raises(SystemBuildError, match="binary"):
        decode(tmp_path / "a.pdb")


def test_plain_files_are_read_where_they_are(tmp_path):
    shutil.copy(DATA / "peroxide.pdb", tmp_path)
    (tmp_path / "odd.pdb").write_bytes("é\r\n".encode("latin-1"))
    with plain(tmp_path / "peroxide.pdb", tmp_path / "odd.pdb") as (same, other):
        assert same == str(tmp_path / "peroxide.pdb")
        assert other != str(tmp_path / "odd.pdb")
    assert plain_text(tmp_path / "odd.pdb") == "?\n"
