"""Charge and spin of a new system: none is lost, and none is assumed in silence."""

import pytest

from mechanist.errors import MechanistError
from mechanist.systems.build.coordinates import formal_charge
from mechanist.systems.build.electrons import electrons_of, law_with_electrons
from mechanist.systems.build.xyz import read_xyz
from tests.starts.commands import RDKIT

PEROXIDE = ("O 0 0 0", "O 1.45 0 0", "H -0.2 0.95 0", "H 1.65 -0.3 0.9")


def xyz(folder, comment, rows=PEROXIDE):
    file = folder / "own.xyz"
    file.write_text("\n".join([str(len(rows)), comment, *rows, ""]), encoding="utf-8")
    return read_xyz(file)


@pytest.mark.parametrize(
    ("comment", "law"),
    [
        ("", "gfn2-xtb"),
        ("step 4 energy = -3.2", "gfn2-xtb"),
        ("charge=2", '{"xtb": "gfn2-xtb", "charge": 2}'),
        ("Charge: -2, Multiplicity: 3", '{"xtb": "gfn2-xtb", "charge": -2, "multiplicity": 3}'),
        ('Properties=species:S:1:pos:R:3 total_charge="-2.0" pbc="F F F"', None),
        ("0 3", '{"xtb": "gfn2-xtb", "multiplicity": 3}'),
    ],
)
def test_of_the_comment_of_an_xyz_file(comment, law, tmp_path):
    found, notes = law_with_electrons(
        "gfn2-xtb", electrons_of(xyz(tmp_path, comment), None, (None, None), "own.xyz")
    )
    assert found == (law or '{"xtb": "gfn2-xtb", "charge": -2}')
    # What nothing says is said to be assumed.
    assert any("charge 0" in note for note in notes) == (
        "harge" not in comment and comment != "0 3"
    )


def drawn(smiles):
    from mechanist.systems.build.drawn import from_smiles

    return electrons_of(from_smiles(smiles), None, (None, None), "the drawing")


@RDKIT
def test_a_section_gets_the_charge_of_the_drawing():
    section = "{xtb: gfn2-xtb, solvent: water}"
    law, _ = law_with_electrons(section, drawn("[O-]C=O"))
    assert law == '{"xtb": "gfn2-xtb", "solvent": "water", "charge": -1}'
    assert law_with_electrons("{xtb: gfn2-xtb, charge: -1}", drawn("[O-]C=O"))[0].count("-1") == 1


@RDKIT
def test_a_section_with_another_charge_than_the_drawing_is_refused():
    with pytest.raises(MechanistError, match="--forces: charge: -2: the molecule has \\+0"):
        law_with_electrons("{xtb: gfn2-xtb, charge: -2}", drawn("OO"))


@RDKIT
def test_a_law_without_electrons_is_told_so():
    law, notes = law_with_electrons("ase:ase.calculators.emt:EMT", drawn("[O-]C=O"))
    assert law == '{"ase": "ase.calculators.emt:EMT"}'
    assert len(notes) == 1
    assert "charge -1, which a force law of the kind ase does not get from here" in notes[0]


@RDKIT
def test_the_spin_of_a_transition_metal_is_said_to_be_open():
    _, notes = law_with_electrons("gfn2-xtb", drawn("[Fe+2]"))
    assert notes == [
        "multiplicity 1, which nothing tells for Fe; give --multiplicity for another spin"
    ]
    assert law_with_electrons("gfn2-xtb", drawn("C[Si](C)(C)C"))[1] == []


def test_of_the_formal_charges_of_a_pdb_file(tmp_path):
    atoms = (
        "O1  MOL A   1       0.000   0.000   0.000",
        "O2  MOL A   1       1.500   0.000   0.000",
    )
    lines = [f"HETATM    {n}  {atom}  1.00  0.00           O1-" for n, atom in enumerate(atoms, 1)]
    file = tmp_path / "dianion.pdb"
    file.write_text("\n".join([*lines, "END", ""]), encoding="utf-8")
    assert formal_charge(file) == -2
    known = electrons_of(None, formal_charge(file), (None, None), file.name)
    law, notes = law_with_electrons("gfn2-xtb", known)
    assert law == '{"xtb": "gfn2-xtb", "charge": -2}'
    assert notes[0] == "charge -2, the sum of the formal charges in dianion.pdb"
    given = electrons_of(None, formal_charge(file), (0, None), file.name)
    assert law_with_electrons("gfn2-xtb", given)[0] == "gfn2-xtb"
