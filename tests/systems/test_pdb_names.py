"""PDB files as other programs write them: atoms of one name, alternate locations, ions."""

import numpy as np
import pytest

from mechanist.errors import MechanistError
from mechanist.systems.build.coordinates import read_structure
from mechanist.systems.build.new import Sources, copy_files
from tests.bring import DATA

HYDRAZINE = [("N", 0.0), ("N", 1.45), ("H", -0.6), ("H", -0.5), ("H", 2.0), ("H", 2.1)]


def line(number, name, x, residue="MOL     1", element="", place=" ", occupancy=1.0):
    element = element or name.strip()[0]
    atom = f"ATOM  {number:5d} {name:>4}{place}{residue}    {x:8.3f}{0.5 * number:8.3f}{0:8.3f}"
    return f"{atom}{occupancy:6.2f}  0.00          {element:>2}  "


def write(folder, lines, name="own.pdb"):
    file = folder / name
    file.write_text("\n".join([*lines, "END", ""]), encoding="utf-8")
    return file


def molecule(first=1):
    return [line(n, name, x) for n, (name, x) in enumerate(HYDRAZINE, first)]


def names_of(structure):
    return [name.atom for name in structure.names]


def test_atoms_of_one_name_are_numbered_and_said(tmp_path):
    structure = read_structure(write(tmp_path, molecule()))
    assert names_of(structure) == ["N1", "N2", "H1", "H2", "H3", "H4"]
    assert [atom.element.symbol for atom in structure.topology.atoms()] == list("NNHHHH")
    assert structure.positions[:, 0] == pytest.approx([0.1 * x for _, x in HYDRAZINE])
    said = "own.pdb: residue MOL 1: atoms of one name (H, N) were numbered"
    assert structure.notes == (said,)


def test_names_that_are_there_are_not_given_again(tmp_path):
    atoms = ("H", "H", "H1", "CL", "CL")
    lines = [
        line(n, name, n, element=name[:-1] if name == "H1" else name)
        for n, name in enumerate(atoms, 1)
    ]
    structure = read_structure(write(tmp_path, lines))
    assert names_of(structure) == ["H2", "H3", "H1", "CL1", "CL2"]


def test_each_model_is_numbered(tmp_path):
    lines = ["MODEL        1", *molecule(), "ENDMDL", "MODEL        2", *molecule(), "ENDMDL"]
    structure = read_structure(write(tmp_path, lines))
    assert len(structure.positions) == 6
    assert [note.split(": ")[1][:9] for note in structure.notes] == ["the first", "residue M"]


def test_waters_of_one_number_are_refused(tmp_path):
    lines = [line(n, name, n, "HOH A   1") for n, name in enumerate(2 * ("O", "H1", "H2"), 1)]
    with pytest.raises(MechanistError, match="residue HOH 1: holds several waters; each needs"):
        read_structure(write(tmp_path, lines))


def test_a_sound_file_is_left_as_it_is():
    structure = read_structure(DATA.parent / "starts" / "c7eq.pdb")
    assert structure.notes == ()
    assert len(structure.positions) == 22


def test_alternate_locations_are_said(tmp_path):
    places = [line(2, "C2", 1.5, place="A", occupancy=0.4), line(3, "C2", 1.6, place="B")]
    structure = read_structure(write(tmp_path, [line(1, "C1", 0.0), *places]))
    assert np.allclose(structure.positions[:, 0], [0.0, 0.15])
    said = "own.pdb: of alternate locations (A, B) the first is read, whatever its occupancy"
    assert structure.notes == (said,)


def test_ions_get_parameters_without_a_choice(tmp_path):
    protein = (DATA.parent / "starts" / "c7eq.pdb").read_text(encoding="utf-8").splitlines()
    atoms = [row for row in protein if row.startswith(("ATOM", "HETATM"))]
    ion = line(9001, "ZN", 30.0, " ZN A 900", "ZN")
    target = tmp_path / "system"
    target.mkdir()
    settings = copy_files(Sources(write(tmp_path, [*atoms, ion], "zinc.pdb")), target)
    assert settings.force_field == ("amber14-all.xml", "amber14/tip3p.xml")
