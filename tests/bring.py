"""A molecule that is not shipped: hydrogen peroxide, in every format that is read.

The files below data/peroxide were written by hand from one set of parameters, so that all of them
give the same energy. Its torsion goes from one helix to the other in about a picosecond.
"""

import shutil
from pathlib import Path
from typing import Any

import yaml

from mechanist.settings.molecule import MoleculeSettings
from mechanist.systems.build.molecule import Molecule, build_molecule

DATA = Path(__file__).parent / "data" / "peroxide"

FORMATS: dict[str, dict[str, Any]] = {
    "PDB and XML": {"structure": "peroxide.pdb", "force_field": ["peroxide.xml"]},
    "PDBx and XML": {"structure": "peroxide.cif", "force_field": ["peroxide.xml"]},
    "Amber": {"structure": "peroxide.inpcrd", "topology": "peroxide.prmtop"},
    "Amber with PDB": {"structure": "peroxide.pdb", "topology": "peroxide.prmtop"},
    "GROMACS": {"structure": "peroxide.gro", "topology": "peroxide.top"},
    "CHARMM": {
        "structure": "peroxide.crd",
        "topology": "peroxide.psf",
        "force_field": ["peroxide.prm"],
    },
    "OpenMM": {"structure": "peroxide.pdb", "topology": "system.xml"},
}

SYSTEM: dict[str, Any] = {
    "name": "peroxide",
    "dynamics": {
        "temperature": "300 K",
        "friction": "5 /ps",
        "timestep": "1 fs",
        "stride": 5,
        "max_half_path": "4 ps",
    },
    "descriptors": {"phi": {"torsion": [0, 1, 2, 3]}},
    "states": {
        "A": {"name": "left", "box": {"phi": ["-170 deg", "-60 deg"]}},
        "B": {"name": "right", "box": {"phi": ["60 deg", "170 deg"]}},
    },
    "inputs": ["phi", {"all": "bonds"}, {"all": "angles"}],
}


def put_files(folder: Path) -> Path:
    """Copy the files, and write those that OpenMM writes: PDBx and a System with extras."""
    import openmm
    from openmm import app

    shutil.copytree(DATA, folder, dirs_exist_ok=True)
    pdb = app.PDBFile(str(folder / "peroxide.pdb"))
    with (folder / "peroxide.cif").open("w", encoding="utf-8") as handle:
        app.PDBxFile.writeFile(pdb.topology, pdb.positions, handle, keepIds=True)
    field = app.ForceField(str(folder / "peroxide.xml"))
    # OpenMM adds a CMMotionRemover by itself; many files have a barostat and a thermostat as well.
    system = field.createSystem(pdb.topology, constraints=app.HBonds)
    system.addForce(openmm.AndersenThermostat(300, 1))
    (folder / "system.xml").write_text(openmm.XmlSerializer.serialize(system), encoding="utf-8")
    return folder


def write_system(folder: Path, molecule: dict[str, Any], **changes: Any) -> Path:
    """A system.yaml with the files that it names; files that are there are kept."""
    if not (folder / "peroxide.xml").is_file():
        put_files(folder)
    content = SYSTEM | {"molecule": molecule} | changes
    text = yaml.safe_dump(content, sort_keys=False, default_flow_style=None)
    (folder / "system.yaml").write_text(text, encoding="utf-8")
    return folder


def build(folder: Path, molecule: dict[str, Any]) -> Molecule:
    return build_molecule(MoleculeSettings.model_validate(molecule), folder)


def energy(molecule: Molecule) -> float:
    """kJ/mol."""
    import openmm
    from openmm import unit

    platform = openmm.Platform.getPlatformByName("Reference")
    context = openmm.Context(molecule.system, openmm.VerletIntegrator(0.001), platform)
    context.setPositions(molecule.positions)
    context.computeVirtualSites()
    state = context.getState(energy=True)
    return float(state.getPotentialEnergy().value_in_unit(unit.kilojoule_per_mole))


def write_wet(folder: Path, waters: int) -> dict[str, Any]:
    """Peroxide in a periodic box of TIP4P-Ew water; its section ``molecule``."""
    from openmm import app

    put_files(folder)
    # Force fields in one System share the scales of 1-4 forces.
    text = (folder / "peroxide.xml").read_text(encoding="utf-8")
    text = text.replace('coulomb14scale="1"', 'coulomb14scale="0.8333333333333334"')
    (folder / "peroxide.xml").write_text(
        text.replace('lj14scale="1"', 'lj14scale="0.5"'), encoding="utf-8"
    )
    pdb = app.PDBFile(str(folder / "peroxide.pdb"))
    field = app.ForceField(str(folder / "peroxide.xml"), "amber14/tip3p.xml")
    modeller = app.Modeller(pdb.topology, pdb.positions)
    modeller.addSolvent(field, numAdded=waters)
    with (folder / "wet.pdb").open("w", encoding="utf-8") as handle:
        app.PDBFile.writeFile(modeller.topology, modeller.positions, handle, keepIds=True)
    return {
        "structure": "wet.pdb",
        "force_field": ["peroxide.xml", "amber14/tip4pew.xml"],
        "nonbonded": "PME",
        "cutoff": "0.7 nm",
    }
