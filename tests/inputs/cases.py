"""Files of the matrix: what is in them, how they are made, what they are to be read with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import openmm
from openmm import app, unit

from tests.inputs.molecules import (
    CHLOROETHANE,
    chloroethane,
    dinucleotide,
    dipeptide,
    disulfide,
    relax,
    solvate,
    two_dipeptides,
)
from tests.inputs.parm import structure_of, write_amber, write_charmm, write_gromacs

COLUMNS = ("PDB", "mmCIF", "Amber", "GROMACS", "CHARMM", "System XML")
MODELS = ("HCT", "OBC1", "OBC2", "GBn", "GBn2")
CUTOFF = 0.65


@dataclass(frozen=True)
class Made:
    """A molecule, its force field, and how both are made.

    Parameters
    ----------
    rows
        Rows of the matrix that it is a case of.
    field
        Force-field files.
    make
        From an OpenMM ForceField to a Modeller.
    molecule
        Further keys of the section ``molecule``.
    origin
        Where the molecule comes from.
    missing
        Columns without this case, and why.
    """

    rows: tuple[str, ...]
    field: tuple[str, ...]
    make: Callable[[Any], Any]
    molecule: dict[str, Any] = field(default_factory=dict)
    origin: str = ""
    missing: dict[str, str] = field(default_factory=dict)


def _boxed(shape: str, edge: float, make: Callable[[], Any], **options: Any) -> Any:
    return lambda f: solvate(make(), f, shape, edge, **options)


PME = {"nonbonded": "PME", "cutoff": f"{CUTOFF} nm"}
SALT = {"ionicStrength": 0.5 * unit.molar}
OWN = "alanine dipeptide of `systems/alanine_dipeptide`"

MADE = {
    "disulfide": Made(
        ("vacuum", "disulfide", "CMAP", "HMR"),
        ("amber19-all.xml",),
        disulfide,
        {"hydrogen_mass": "3 dalton"},
        "ACE-CYS-GLY-GLY-CYS-NME from PDBFixer's templates",
    ),
    "nucleic": Made(
        ("nucleic acid",),
        ("amber14-all.xml",),
        dinucleotide,
        origin="d(CG) from PDBFixer's templates",
    ),
    "cubic": Made(
        ("cubic", "TIP3P", "ions", "two equal chains"),
        ("amber14-all.xml", "amber14/tip3p.xml"),
        _boxed("cubic", 1.7, two_dipeptides, **SALT),
        PME,
        f"two times {OWN}, NaCl, water by OpenMM's Modeller",
    ),
    "triclinic": Made(
        ("triclinic", "TIP4P"),
        ("amber14-all.xml", "amber14/tip4pew.xml"),
        _boxed("triclinic", 1.5, dipeptide, model="tip4pew"),
        PME,
        f"{OWN}, water by OpenMM's Modeller",
    ),
    "octahedral": Made(
        ("octahedral", "OPC"),
        ("amber14-all.xml", "amber14/opc.xml"),
        _boxed("octahedral", 1.8, dipeptide, model="tip4pew", **SALT),
        PME,
        f"{OWN}, NaCl, water by OpenMM's Modeller",
    ),
    "lonepair": Made(
        ("lone pairs",),
        ("chloroethane.xml",),
        chloroethane,
        origin="chloroethane with a lone pair behind Cl, written for this",
        missing={"Amber": "OpenMM places only the sites of waters in a prmtop; refused"},
    ),
}
IMPLICIT = {
    model: Made(
        (f"implicit {model}",),
        ("amber14-all.xml", f"implicit/{model.lower()}.xml"),
        lambda f: dipeptide(),
        origin=OWN,
        missing={"GROMACS": "a top has no implicit solvent that OpenMM reads"},
    )
    for model in MODELS
}


def options_of(molecule: dict[str, Any]) -> dict[str, Any]:
    """Arguments of ``createSystem`` for plain OpenMM."""
    found: dict[str, Any] = {"constraints": app.HBonds, "removeCMMotion": False}
    if "nonbonded" in molecule:
        found |= {"nonbondedMethod": app.PME, "nonbondedCutoff": CUTOFF * unit.nanometer}
        found |= {"ewaldErrorTolerance": 5e-4}
    if "hydrogen_mass" in molecule:
        found["hydrogenMass"] = 3 * unit.dalton
    if "implicit_solvent" in molecule:
        found["implicitSolvent"] = getattr(app, molecule["implicit_solvent"])
    return found


FILES: dict[str, tuple[str, str | None]] = {
    "PDB": ("x.pdb", None),
    "mmCIF": ("x.cif", None),
    "Amber": ("x.rst7", "x.prmtop"),
    "GROMACS": ("x.gro", "x.top"),
    "CHARMM": ("x.crd", "x.psf"),
    "System XML": ("x.pdb", "system.xml"),
}


@dataclass(frozen=True)
class Files:
    """Files that a user would give, and the settings that they are read with.

    Parameters
    ----------
    column
        Their format.
    structure, topology
        Paths.
    forces
        Force-field files, or CHARMM's parameters.
    molecule
        Further keys of the section ``molecule``.
    box
        Vectors in nm with all digits, or None.
    positions
        (N, 3) in nm where energies are compared; None: those of the structure.
    """

    column: str
    structure: Path
    topology: Path | None = None
    forces: tuple[str, ...] = ()
    molecule: dict[str, Any] = field(default_factory=dict)
    box: tuple[tuple[float, ...], ...] | None = None
    positions: Any = None


def files_of(case: Made, column: str, folder: Path) -> Files:
    """Those that `write` wrote for a column."""
    structure, topology = FILES[column]
    forces: tuple[str, ...] = ()
    if column in ("PDB", "mmCIF"):
        forces = tuple(str(folder / f) if (folder / f).is_file() else f for f in case.field)
    elif column == "CHARMM":
        forces = (str(folder / "x.prm"),)
    molecule = dict(case.molecule)
    if column in ("Amber", "CHARMM"):
        models = [row.split()[1] for row in case.rows if row.startswith("implicit")]
        molecule |= {"implicit_solvent": models[0]} if models else {}
    box = None
    if "nonbonded" in molecule:
        text = (folder / "system.xml").read_text(encoding="utf-8")
        rows = openmm.XmlSerializer.deserialize(text).getDefaultPeriodicBoxVectors()
        box = tuple(tuple(row.value_in_unit(unit.nanometer)) for row in rows)
    if column == "System XML":
        molecule = {}
    return Files(
        *(column, folder / structure, None if topology is None else folder / topology),
        *(forces, molecule, box, np.load(folder / "positions.npy")),
    )


def write(case: Made, folder: Path, convert: bool = True) -> None:
    """All files of a case: x.pdb, x.cif, x.prmtop, ...; without ParmEd only those of OpenMM."""
    folder.mkdir(parents=True)
    if "chloroethane.xml" in case.field:
        (folder / "chloroethane.xml").write_text(CHLOROETHANE, encoding="utf-8")
    files = [str(folder / f) if (folder / f).is_file() else f for f in case.field]
    force_field = app.ForceField(*files)
    made = case.make(force_field)
    options = options_of(case.molecule)
    system = force_field.createSystem(made.topology, **options)
    positions = relax(made.topology, system, made.positions)
    place = positions * unit.nanometer
    for name, writer in (("x.pdb", app.PDBFile), ("x.cif", app.PDBxFile)):
        with (folder / name).open("w", encoding="utf-8") as handle:
            writer.writeFile(made.topology, place, handle, keepIds=True)
    text = openmm.XmlSerializer.serialize(system)
    (folder / "system.xml").write_text(text, encoding="utf-8")
    np.save(folder / "positions.npy", positions)
    if not convert:
        return
    # Implicit solvent is an option of the reader; files of other programs do not hold it.
    plain = [f for f in files if "implicit/" not in f]
    options = {k: v for k, v in options.items() if k not in ("constraints", "hydrogenMass")}
    flexible = app.ForceField(*plain).createSystem(made.topology, rigidWater=False, **options)

    def structure(rigid: bool = False) -> Any:
        return structure_of(made.topology, flexible, positions, rigid)

    if "Amber" not in case.missing:
        write_amber(structure(True), folder)
    if "GROMACS" not in case.missing:
        write_gromacs(structure(), folder)
    if "CHARMM" not in case.missing:
        write_charmm(structure(), flexible, folder)
