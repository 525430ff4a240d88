"""Drawings and XYZ files: isomers, isotopes, columns and units."""

import numpy as np
import pytest

from mechanist.errors import MechanistError
from mechanist.systems.build.atoms import checked, topology_from
from mechanist.systems.build.drawn import from_sdf, from_smiles
from tests.starts.commands import RDKIT
from tests.starts.test_electrons import PEROXIDE, xyz


def isomer(atoms):
    """SMILES of a 3-D structure, from its record without the drawing's own stereochemistry."""
    from rdkit import Chem

    molecule = Chem.MolFromMolBlock(atoms.block, removeHs=False)
    molecule.RemoveAllConformers()
    for bond in molecule.GetBonds():
        bond.SetStereo(Chem.BondStereo.STEREONONE)
    solid = Chem.Conformer(len(atoms.numbers))
    for i, place in enumerate(10 * atoms.positions):
        solid.SetAtomPosition(i, place.tolist())
    molecule.AddConformer(solid)
    Chem.AssignStereochemistryFrom3D(molecule)
    return Chem.MolToSmiles(Chem.RemoveHs(molecule))


ISOMERS = ("F/C=C/F", "F/C=C\\F", "C/C=C\\C=C/C", "CC/C(Cl)=C(/C)F", "C[C@H](F)Cl", "C[C@@H](F)Cl")


@RDKIT
@pytest.mark.parametrize("smiles", ISOMERS)
@pytest.mark.parametrize("kind", ["smiles", "plane", "plane, V3000"])
def test_isomers_are_those_of_the_drawing(smiles, kind, tmp_path):
    from rdkit import Chem
    from rdkit.Chem import AllChem

    if kind == "smiles":
        atoms = from_smiles(smiles)
    else:
        molecule = Chem.MolFromSmiles(smiles)
        AllChem.Compute2DCoords(molecule)
        file = tmp_path / "plane.sdf"
        block = Chem.MolToMolBlock(molecule, forceV3000="V3000" in kind)
        file.write_text(block + "$$$$\n", encoding="utf-8")
        atoms = from_sdf(file)
    assert isomer(atoms) == Chem.CanonSmiles(smiles)
    # What is drawn is not said to be open.
    assert not any("not specified" in note for note in atoms.notes)


@RDKIT
def test_a_crossed_double_bond_is_said_to_be_open(tmp_path):
    from rdkit import Chem
    from rdkit.Chem import AllChem

    molecule = Chem.MolFromSmiles("FC=CF")
    AllChem.Compute2DCoords(molecule)
    file = tmp_path / "open.sdf"
    file.write_text(Chem.MolToMolBlock(molecule) + "$$$$\n", encoding="utf-8")
    atoms = from_sdf(file)
    form = "E" if isomer(atoms) == "F/C=C/F" else "Z"
    said = f"the double bond between atoms 1 and 2 is not specified; here it is {form}"
    assert said in atoms.notes


@RDKIT
def test_isotopes():
    atoms = from_smiles("[2H]O[13CH3]")
    masses = [atom.element.mass._value for atom in topology_from(atoms).atoms()]
    assert masses[0] == pytest.approx(2.0141, abs=1e-3)
    assert masses[2] == pytest.approx(12.011, abs=1e-3)
    assert "atom 2 is drawn as 13-C; it gets the mass of natural C" in atoms.notes


def test_deuterium_of_an_xyz_file(tmp_path):
    atoms = xyz(tmp_path, "", [row.replace("H", "D") for row in PEROXIDE])
    assert atoms.numbers == (8, 8, 1, 1)
    assert [atom.element.symbol for atom in topology_from(atoms).atoms()] == ["O", "O", "D", "D"]


@pytest.mark.parametrize(
    ("properties", "order"),
    [
        ("species:S:1:pos:R:3", (0, 1, 2, 3)),
        ("pos:R:3:species:S:1", (1, 2, 3, 0)),
        ("id:I:1:species:S:1:pos:R:3", ("7", 0, 1, 2, 3)),
        ("species:S:1:forces:R:3:pos:R:3", (0, "0.1", "0.2", "0.3", 1, 2, 3)),
    ],
)
def test_columns_of_extended_xyz(properties, order, tmp_path):
    rows = []
    for row in PEROXIDE:
        words = row.split()
        rows.append(" ".join(words[k] if isinstance(k, int) else k for k in order))
    atoms = xyz(tmp_path, f'Properties={properties} Lattice="9 0 0 0 9 0 0 0 9"', rows)
    usual = xyz(tmp_path, "")
    assert atoms.numbers == usual.numbers
    assert np.array_equal(atoms.positions, usual.positions)
    assert "own.xyz: its lattice is not used; forces are not periodic" in atoms.notes


def test_columns_without_positions(tmp_path):
    with pytest.raises(MechanistError, match=r"own\.xyz:2: Properties: .*: needs species and pos"):
        xyz(tmp_path, "Properties=species:S:1:forces:R:3")


def test_positions_in_other_units(tmp_path):
    positions = xyz(tmp_path, "").positions
    numbers = (8, 8, 1, 1)
    for factor, message in ((0.1, "0.010 nm apart"), (1.8897, "as if positions were in bohr")):
        with pytest.raises(MechanistError, match=message):
            checked(numbers, factor * positions, "own.xyz")
    # Atoms of rare gases have no bonds, and stand where bonds in bohr would be.
    checked((18, 18, 18), np.array([[0, 0, 0], [0.38, 0, 0], [0, 0.38, 0]]), "argon.xyz")
