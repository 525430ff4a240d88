"""What a new system is to be made from, as the command line says it, and the files of it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mechanist.errors import SettingsError, SystemBuildError
from mechanist.settings.forces import XTB
from mechanist.settings.load import validate
from mechanist.settings.molecule import MoleculeSettings
from mechanist.systems.build.atoms import Atoms, check_electrons, topology_from, write_pdb
from mechanist.systems.build.complete import Completion, complete, force_field_of
from mechanist.systems.build.copies import check_source, take
from mechanist.systems.build.drawn import from_sdf, from_smiles
from mechanist.systems.build.gaff import with_gaff
from mechanist.systems.build.new import Sources, copy_files
from mechanist.systems.build.xyz import read_xyz

Log = Callable[[str], None]

SDF, XYZ = (".sdf", ".mol"), (".xyz", ".extxyz")
GAFF = "gaff2"
LAWS = ("ase", "openmm-ml", "torch", "python", "learned")
"""Force laws with an argument after a colon."""


@dataclass(frozen=True)
class Request:
    """What a new system is made from.

    Parameters
    ----------
    sources
        Structure and files of the forces; the structure is any file, SDF and XYZ included. The
        force law may also be gaff2, ase:MODULE:Class, openmm-ml:NAME, torch:FILE,
        python:FILE or learned:FOLDER.
    smiles
        In place of a structure.
    to
        Structure of the other end.
    charge, multiplicity
        Of the molecule under a force law; None: as drawn, else 0 and 1.
    completion
        Hydrogens and solvent to be added.
    """

    sources: Sources
    smiles: str | None = None
    to: Path | None = None
    charge: int | None = None
    multiplicity: int | None = None
    completion: Completion = field(default_factory=Completion)

    @property
    def forces(self) -> str | None:
        """The force law, or gaff2."""
        return self.sources.forces


@dataclass(frozen=True)
class Ingredients:
    """Files in the folder of a new system.

    Parameters
    ----------
    settings
        The section ``molecule``.
    other
        Name of the second structure, or None.
    notes
        How the structure was made, one a line, for system.yaml.
    """

    settings: MoleculeSettings
    other: str | None
    notes: tuple[str, ...] = ()


def ingredients(name: str, request: Request, folder: Path, said: Log) -> Ingredients:
    """Put the files of a new system into its folder.

    Raises
    ------
    SettingsError
        If options do not go together, or a file is missing.
    SystemBuildError
        If a file cannot be read, or there are no forces for it.
    """
    request.completion.check()
    structure = Path(request.sources.structure)
    if request.smiles is None:
        check_source(structure, "--structure" if request.to is None else "--from")
    if request.to is not None:
        check_source(request.to, "--to")
    drawn = request.smiles is not None or _suffix(structure) in (*SDF, *XYZ)
    _check_options(request, drawn)
    if drawn or request.forces is not None:
        return _drawn(name, request, folder, said, drawn)
    sources = request.sources
    if request.completion.ph is not None or request.completion.water is not None:
        fields = force_field_of(sources.force_field, request.completion)
        files = [structure, *([request.to] if request.to is not None else [])]
        targets = [folder / f"{file.stem}_complete.pdb" for file in files]
        notes = complete(files, targets, fields, request.completion)
        for note in notes:
            said(note)
        # Without a choice of the user those for what is in the file, such as waters of a crystal.
        used = fields if request.completion.water or sources.force_field else ()
        settings = copy_files(Sources(targets[0], None, used), folder)
        other = targets[1].name if request.to is not None else None
        return Ingredients(settings, other, tuple(notes))
    settings = copy_files(sources, folder)
    other = None if request.to is None else take(request.to, folder, "--to")
    return Ingredients(settings, other)


def _suffix(file: Path) -> str:
    return file.suffix.lower()


def _check_options(request: Request, drawn: bool) -> None:
    """Refuse options that do not go together."""
    completion = request.completion
    adding = completion.ph is not None or completion.water is not None
    law = request.forces not in (None, GAFF)
    sources = request.sources
    others = sources.topology or sources.force_field or sources.include or sources.define
    if request.forces is not None and others:
        raise SettingsError(
            "new", "--forces: goes with none of --topology, --force-field and others"
        )
    if drawn and (request.sources.topology or request.sources.force_field):
        raise SettingsError(
            "new", "--topology and --force-field: not with SMILES, SDF and XYZ; give --forces"
        )
    if adding and (drawn or request.forces or request.sources.topology):
        raise SettingsError(
            "new",
            "--add-hydrogens and --solvate: for a PDB file with a force field in XML only, not with"
            " --forces, --topology, SMILES, SDF and XYZ",
        )
    if not law and (request.multiplicity is not None):
        raise SettingsError("new", "--multiplicity: for a force law only; give --forces")
    if not (law or drawn) and request.charge is not None:
        raise SettingsError("new", "--charge: for a force law only; give --forces")


def _atoms(request: Request, file: Path) -> Atoms | None:
    """A drawn molecule or that of an XYZ file; None for a structure with names of atoms."""
    if _suffix(file) in SDF:
        return from_sdf(file)
    return read_xyz(file) if _suffix(file) in XYZ else None


def _drawn(name: str, request: Request, folder: Path, said: Log, drawn: bool) -> Ingredients:
    """Files of a molecule that is drawn, or of any molecule under a force law."""
    file = Path(request.sources.structure)
    smiles = request.smiles
    atoms = from_smiles(smiles) if smiles is not None else _atoms(request, file)
    where = f"--smiles {smiles!r}" if smiles is not None else file.name
    notes = [] if smiles is None else [f"SMILES {smiles}"]
    notes += atoms.notes if atoms is not None else ()
    stem = name if smiles is not None else file.stem
    if request.forces in (None, GAFF):
        if atoms is None:
            raise SettingsError("new", "--forces gaff2: for SMILES and SDF only")
        structure, topology = with_gaff(_charged(atoms, request, where), folder, stem, where)
        notes.append("GAFF2 with AM1-BCC charges, by antechamber")
        content: dict[str, Any] = {"structure": structure, "topology": topology}
        content |= {"constraints": "HBonds", "nonbonded": "NoCutoff"}
        settings = validate(MoleculeSettings, content, "new")
    else:
        structure = _written(atoms, file, folder, stem)
        charge, multiplicity = _electrons(atoms, request, where)
        law = _law(str(request.forces), charge, multiplicity)
        settings = copy_files(Sources(folder / structure, forces=law), folder)
    for note in notes:
        said(note)
    return Ingredients(settings, _second(request, folder), tuple(notes))


def _charged(atoms: Atoms, request: Request, where: str) -> Atoms:
    """The molecule, if --charge agrees with what is drawn."""
    if request.charge is not None and atoms.charge not in (None, request.charge):
        raise SystemBuildError(
            where, f"--charge {request.charge}: is drawn with charge {atoms.charge:+d}"
        )
    return atoms


def _written(atoms: Atoms | None, file: Path, folder: Path, stem: str) -> str:
    """Name of the PDB file of a molecule in the folder of the system."""
    if atoms is None:
        return take(file, folder, "--structure")
    write_pdb(topology_from(atoms), atoms.positions, folder / f"{stem}.pdb")
    return f"{stem}.pdb"


def _second(request: Request, folder: Path) -> str | None:
    """Name of the second structure in the folder, as PDB if it was SDF or XYZ."""
    if request.to is None:
        return None
    atoms = _atoms(request, request.to)
    if atoms is None:
        return take(request.to, folder, "--to")
    stem = request.to.stem
    if (folder / f"{stem}.pdb").exists():
        stem += "_2"
    return _written(atoms, request.to, folder, stem)


def _electrons(atoms: Atoms | None, request: Request, where: str) -> tuple[int, int]:
    """Charge and multiplicity: as given, as drawn, or 0 and 1; checked against the electrons."""
    if atoms is None:
        return request.charge or 0, request.multiplicity or 1
    _charged(atoms, request, where)
    charge = request.charge if request.charge is not None else atoms.charge or 0
    multiplicity = request.multiplicity or atoms.unpaired + 1
    # A section has keys of its own for these.
    if not str(request.forces).lstrip().startswith("{"):
        options = request.charge is not None, request.multiplicity is not None
        check_electrons(atoms, charge, multiplicity, where, options)
    return charge, multiplicity


def _law(text: str, charge: int, multiplicity: int) -> str:
    """The force law as YAML; a section as it is."""
    kind, _, rest = text.partition(":")
    changed = {"charge": charge} if charge else {}
    changed |= {"multiplicity": multiplicity} if multiplicity != 1 else {}
    if text.lstrip().startswith("{"):
        if changed:
            raise SettingsError(
                "new",
                f"--forces: {text!r}: charge and multiplicity are keys of a section; give"
                f" {json.dumps(changed)[1:-1]} there",
            )
        return text
    if text.lower() in XTB:
        return json.dumps({"xtb": text.lower()} | changed) if changed else text.lower()
    if ":" not in text:
        return text  # what it must be, the schema says
    if kind not in LAWS or not rest:
        raise SettingsError(
            "new",
            f"--forces: {text!r}: must be {', '.join(XTB)}, {GAFF}, ase:MODULE:Class,"
            " openmm-ml:NAME, torch:FILE, python:FILE, learned:FOLDER, or a section of system.yaml"
            " in braces",
        )
    if changed and kind != "openmm-ml":
        raise SettingsError("new", f"--charge and --multiplicity: not known to {kind}")
    return json.dumps({kind: rest} | changed)


def refuse_nothing(sources: Sequence[object]) -> None:
    """Refuse a command line that names no molecule, or several.

    Raises
    ------
    SettingsError
        If not exactly one of ``sources`` is given.
    """
    if sum(source is not None for source in sources) != 1:
        raise SettingsError(
            "new", "give one of --structure, --smiles, --sdf, --xyz, or --from and --to"
        )
