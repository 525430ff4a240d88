"""Implicit solvent: our own system.xml is read back, with the energies of what was built."""

import openmm
import pytest
from openmm import app, unit

from mechanist.errors import DataError
from mechanist.settings.molecule import MoleculeSettings
from mechanist.systems.build.molecule import build_molecule
from mechanist.systems.forces.system_xml import code_in, read_system
from tests.bring import DATA, energy, put_files

INPUTS = DATA.parent / "inputs" / "implicit"
PDB = "alanine-dipeptide-implicit.pdb"
MODELS = ("hct", "obc1", "obc2", "gbn", "gbn2")
SETS = {
    **{f"amber14 {m}": ("amber14-all.xml", f"implicit/{m}.xml") for m in MODELS},
    "amber99 obc": ("amber99sb.xml", "amber99_obc.xml"),
}


def read_back(molecule, tmp_path) -> float:
    """Energy of the System after it was written and read as a run does."""
    file = tmp_path / "system.xml"
    file.write_text(openmm.XmlSerializer.serialize(molecule.system), encoding="utf-8")
    again = type(molecule)(molecule.topology, molecule.positions, read_system(file))
    return energy(again)


@pytest.mark.parametrize("name", SETS)
def test_force_fields_with_implicit_solvent(name, tmp_path):
    settings = MoleculeSettings(structure=PDB, force_field=SETS[name], constraints="none")
    molecule = build_molecule(settings, INPUTS)
    pdb = app.PDBFile(str(INPUTS / PDB))
    system = app.ForceField(*SETS[name]).createSystem(pdb.topology, removeCMMotion=False)
    plain = energy(
        type(molecule)(pdb.topology, pdb.positions.value_in_unit(unit.nanometer), system)
    )
    assert energy(molecule) == pytest.approx(plain, rel=1e-6)
    assert read_back(molecule, tmp_path) == pytest.approx(plain, rel=1e-6)


@pytest.mark.parametrize("files", [("amoeba2018", "amoeba2018_gk")])
def test_amoeba_is_read_back(files, tmp_path):
    """The text alone; an energy with induced dipoles takes a minute on the Reference platform."""
    files = tuple(f"{name}.xml" for name in files)
    molecule = build_molecule(MoleculeSettings(structure=PDB, force_field=files), INPUTS)
    text = openmm.XmlSerializer.serialize(molecule.system)
    (tmp_path / "system.xml").write_text(text, encoding="utf-8")
    assert openmm.XmlSerializer.serialize(read_system(tmp_path / "system.xml")) == text


@pytest.mark.parametrize("form", ["Amber", "CHARMM"])
@pytest.mark.parametrize("model", ["HCT", "OBC1", "OBC2", "GBn", "GBn2"])
def test_implicit_solvent_of_a_topology(model, form, tmp_path):
    files = {
        "Amber": {"structure": "peroxide.inpcrd", "topology": "peroxide.prmtop"},
        "CHARMM": {
            "structure": "peroxide.crd",
            "topology": "peroxide.psf",
            "force_field": ["peroxide.prm"],
        },
    }[form]
    put_files(tmp_path)
    settings = MoleculeSettings.model_validate(files | {"implicit_solvent": model})
    molecule = build_molecule(settings, tmp_path)
    vacuum = build_molecule(MoleculeSettings.model_validate(files), tmp_path)
    assert energy(molecule) < energy(vacuum) - 1
    # The prmtop has the radii mbondi, for which HCT was made.
    told = [note for note in molecule.notes if "has the radii mbondi;" in note]
    assert len(told) == (form == "Amber" and model != "HCT")
    assert vacuum.notes == ()
    assert read_back(molecule, tmp_path) == pytest.approx(energy(molecule), rel=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        '<System type="System"><Force type="PythonForce"/></System>',
        '<System type="System"><Force type="TorchForce"/></System>',
        "<System type='System'><Force type = 'Evil0'/></System>",
        '<System type="System"><Force type="&#80;ythonForce"/></System>',
        '<System type="System"><ComputedValue type="0x"/></System>',
        '<System type="System"><ComputedValue type="1234"/></System>',
    ],
)
def test_what_may_run_code_is_still_refused(text, tmp_path):
    assert code_in(text)
    (tmp_path / "system.xml").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match="may run code"):
        read_system(tmp_path / "system.xml")
