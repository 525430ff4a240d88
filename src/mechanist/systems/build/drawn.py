"""Molecules as they are drawn: SMILES and SDF, by RDKit, with a 3-D structure.

3-D structures come from distance geometry with torsion preferences, ETKDG (Riniker and Landrum, J.
Chem. Inf. Model. 55, 2562 (2015)), and MMFF94 or, without its parameters, UFF.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.errors import SystemBuildError
from mechanist.systems.build.atoms import MOST_ATOMS, Atoms, checked
from mechanist.systems.build.text import decode

ANGSTROM = 0.1
"""nm."""

CIP = "_CIPCode"
"""Property of RDKit."""

SEED = 1
"""Of the distance geometry, so that a SMILES has one structure."""

STEPS = 2000
"""Of the minimisation by MMFF94 or UFF, at most."""

MOST_LETTERS = 2000
"""Of a SMILES."""


def from_smiles(text: str) -> Atoms:
    """A molecule from a SMILES, protonated as drawn.

    Raises
    ------
    SystemBuildError
        If RDKit is missing, cannot read it, or finds no 3-D structure.
    """
    where = f"--smiles {_short(text)}"
    chem = _rdkit()
    if not text.strip() or len(text) > MOST_LETTERS:
        raise SystemBuildError(where, f"must have 1 to {MOST_LETTERS:,} letters")

    def parse(sanitize: bool) -> Any:
        parameters = chem.SmilesParserParams()
        parameters.sanitize, parameters.removeHs = sanitize, False
        return chem.MolFromSmiles(text, parameters)

    with _parsing(where, "a SMILES"):
        molecule = _sound(chem, parse, where, "cannot be read as a SMILES")
        return _finished(chem, molecule, where, [], True)


def from_sdf(path: Path) -> Atoms:
    """The first molecule of an SDF or MOL file, protonated as drawn.

    Hydrogens that are implied are added; a drawing in the plane gets a 3-D structure.

    Raises
    ------
    SystemBuildError
        If RDKit is missing or cannot read it.
    """
    chem = _rdkit()
    records = decode(path).split("$$$$")
    if not records[0].strip():
        raise SystemBuildError(path.name, "holds no molecule")
    notes = []
    if any(record.strip() for record in records[1:]):
        notes.append(f"{path.name}: the first molecule is read")
    with _parsing(path.name, "an SDF file"):
        block = records[0] if records[0].startswith("\n") else records[0].lstrip("\r")

        def parse(sanitize: bool) -> Any:
            return chem.MolFromMolBlock(block, sanitize=sanitize, removeHs=False)

        fault = "cannot be read as an SDF file: no atom table"
        molecule = _sound(chem, parse, path.name, fault)
        flat = not molecule.GetNumConformers() or not molecule.GetConformer().Is3D()
        if flat and molecule.GetNumConformers():
            places = np.array(molecule.GetConformer().GetPositions())
            flat = len(places) == 0 or not np.abs(places[:, 2]).max() > 0
        return _finished(chem, molecule, path.name, notes, flat)


def _short(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:37] + "...")


def _rdkit() -> Any:
    try:
        from rdkit import Chem, RDLogger
    except ImportError:
        raise SystemBuildError(
            "rdkit",
            "is not installed, and reads SMILES and SDF; pip install rdkit",
        ) from None
    # It would print its warnings beside our one line.
    RDLogger.DisableLog("rdApp.*")
    return Chem


@contextmanager
def _parsing(where: str, what: str) -> Iterator[None]:
    """Turn what RDKit raises into one line."""
    try:
        yield
    except SystemBuildError:
        raise
    except Exception as error:
        # RDKit raises most of the built-in exceptions and its own.
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise SystemBuildError(where, f"cannot be read as {what}: {said}") from None


def _sound(chem: Any, parse: Callable[[bool], Any], where: str, fault: str) -> Any:
    """A molecule with its stereochemistry, which RDKit finds in sound molecules only.

    ``parse`` reads it, without checks if it is given False.
    """
    raw = parse(False)
    if raw is None:
        raise SystemBuildError(where, fault)
    if raw.GetNumAtoms() == 0:
        raise SystemBuildError(where, "holds no atoms")
    faults = chem.DetectChemistryProblems(raw)
    if faults:
        raise SystemBuildError(where, faults[0].Message())
    return parse(True)


def _finished(chem: Any, molecule: Any, where: str, notes: list[str], flat: bool) -> Atoms:
    """Add the hydrogens of a molecule and, if it is ``flat``, find a 3-D structure."""
    for atom in molecule.GetAtoms():
        if atom.GetAtomicNum() == 0:
            raise SystemBuildError(
                where, f"atom {atom.GetIdx()}, {atom.GetSymbol()!r}, is no element"
            )
    if flat and len(chem.GetMolFrags(molecule)) > 1:
        raise SystemBuildError(
            where,
            f"has {len(chem.GetMolFrags(molecule))} molecules, and nothing says how they lie"
            " together; give one, or a file with positions",
        )
    before = molecule.GetNumAtoms()
    molecule = chem.AddHs(molecule, addCoords=not flat)
    if molecule.GetNumAtoms() > MOST_ATOMS:
        raise SystemBuildError(where, f"holds more than {MOST_ATOMS:,} atoms")
    added = molecule.GetNumAtoms() - before
    if flat:
        notes += _embed(chem, molecule, where)
    elif added:
        notes.append(f"{added} hydrogens that the drawing implies were added")
    numbers = tuple(atom.GetAtomicNum() for atom in molecule.GetAtoms())
    positions = ANGSTROM * np.array(molecule.GetConformer().GetPositions(), dtype=np.float64)
    checked(numbers, positions, where)
    charge = int(chem.GetFormalCharge(molecule))
    unpaired = sum(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms())
    notes.append(f"protonation as drawn: {len(numbers)} atoms, charge {charge:+d}")
    if unpaired:
        notes.append(f"{unpaired} unpaired electrons as drawn")
    bonds = tuple((b.GetBeginAtomIdx(), b.GetEndAtomIdx()) for b in molecule.GetBonds())
    isotopes = {a.GetIdx(): (a.GetIsotope(), a.GetSymbol()) for a in molecule.GetAtoms()}
    heavy = frozenset(i for i, isotope in isotopes.items() if isotope == (2, "H"))
    notes += [
        f"atom {i} is drawn as {mass}-{symbol}; it gets the mass of natural {symbol}"
        for i, (mass, symbol) in isotopes.items()
        if mass and i not in heavy
    ]
    block = chem.MolToMolBlock(molecule)
    return Atoms(numbers, positions, bonds, charge, unpaired, tuple(notes), block, heavy)


def _embed(chem: Any, molecule: Any, where: str) -> list[str]:
    """Find a 3-D structure in place; what was chosen, in words."""
    from rdkit.Chem import AllChem

    parameters = AllChem.ETKDGv3()
    parameters.randomSeed = SEED
    parameters.timeout = 60
    if AllChem.EmbedMolecule(molecule, parameters) != 0:
        parameters.useRandomCoords = True
        if AllChem.EmbedMolecule(molecule, parameters) != 0:
            raise SystemBuildError(where, "RDKit finds no 3-D structure of it")
    field = "MMFF94" if AllChem.MMFFHasAllMoleculeParams(molecule) else "UFF"
    if field == "MMFF94":
        AllChem.MMFFOptimizeMolecule(molecule, maxIters=STEPS)
    elif AllChem.UFFHasAllMoleculeParams(molecule):
        AllChem.UFFOptimizeMolecule(molecule, maxIters=STEPS)
    else:
        field = "no force field"
    if not math.isfinite(float(np.abs(molecule.GetConformer().GetPositions()).max())):
        raise SystemBuildError(where, "RDKit finds no 3-D structure of it")
    notes = [f"3-D structure by RDKit (ETKDG, {field})"]
    return notes + _undefined(chem, molecule)


def _undefined(chem: Any, molecule: Any) -> list[str]:
    """Stereo centres and double bonds that the drawing leaves open, as they now are."""
    open_ = [
        info for info in chem.FindPotentialStereo(molecule) if str(info.specified) != "Specified"
    ]
    if not open_:
        return []
    from rdkit.Chem import rdCIPLabeler

    solid = chem.Mol(molecule)
    for bond in solid.GetBonds():
        if bond.GetStereo() == chem.BondStereo.STEREOANY:  # as of a crossed bond; it would stay so
            bond.SetStereo(chem.BondStereo.STEREONONE)
    chem.AssignStereochemistryFrom3D(solid)
    rdCIPLabeler.AssignCIPLabels(solid)
    notes = []
    for info in open_:
        if "Bond" in str(info.type):
            bond = solid.GetBondWithIdx(info.centeredOn)
            what = _label(bond)
            ends = f"{bond.GetBeginAtomIdx()} and {bond.GetEndAtomIdx()}"
            notes.append(
                f"the double bond between atoms {ends} is not specified; here it is {what}"
            )
        else:
            what = _label(solid.GetAtomWithIdx(info.centeredOn))
            notes.append(f"stereo centre {info.centeredOn} is not specified; here it is {what}")
    return notes


def _label(part: Any) -> str:
    """E, Z, R or S of a bond or an atom."""
    return str(part.GetProp(CIP)) if part.HasProp(CIP) else "not named"
