"""What a new system is to be made from, as the command line says it, and the files of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mechanist.errors import SettingsError
from mechanist.settings.load import validate
from mechanist.settings.molecule import MoleculeSettings
from mechanist.systems.build.atoms import Atoms, topology_from, write_pdb
from mechanist.systems.build.complete import Completion, complete, force_field_of
from mechanist.systems.build.coordinates import formal_charge
from mechanist.systems.build.copies import check_source, take
from mechanist.systems.build.drawn import from_sdf, from_smiles
from mechanist.systems.build.electrons import GAFF, electrons_of, law_with_electrons
from mechanist.systems.build.gaff import with_gaff
from mechanist.systems.build.new import Sources, copy_files
from mechanist.systems.build.two_drawn import check_same
from mechanist.systems.build.xyz import read_xyz

Log = Callable[[str], None]

SDF, XYZ = (".sdf", ".mol"), (".xyz", ".extxyz")


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
    notes = [] if smiles is None else [f"SMILES {' '.join(smiles.split())}"]
    notes += atoms.notes if atoms is not None else ()
    stem = name if smiles is not None else file.stem
    if request.forces in (None, GAFF):
        if atoms is None:
            raise SettingsError("new", "--forces gaff2: for SMILES and SDF only")
        electrons_of(atoms, None, (request.charge, None), where)
        structure, topology = with_gaff(atoms, folder, stem, where)
        notes.append("GAFF2 with AM1-BCC charges, by antechamber")
        if atoms.deuterium:
            notes.append("deuterium gets the mass of hydrogen under GAFF2")
        content: dict[str, Any] = {"structure": structure, "topology": topology}
        content |= {"constraints": "HBonds", "nonbonded": "NoCutoff"}
        settings = validate(MoleculeSettings, content, "new")
    else:
        structure = _written(atoms, file, folder, stem)
        formal = formal_charge(folder / structure) if atoms is None else None
        given = request.charge, request.multiplicity
        known = electrons_of(atoms, formal, given, where)
        law, reasons = law_with_electrons(str(request.forces), known)
        notes += reasons
        settings = copy_files(Sources(folder / structure, forces=law), folder)
    other, more = _second(request, atoms, folder)
    notes += more
    for note in notes:
        said(note)
    return Ingredients(settings, other, tuple(notes))


def _written(atoms: Atoms | None, file: Path, folder: Path, stem: str) -> str:
    """Name of the PDB file of a molecule in the folder of the system."""
    if atoms is None:
        return take(file, folder, "--structure")
    write_pdb(topology_from(atoms), atoms.positions, folder / f"{stem}.pdb")
    return f"{stem}.pdb"


def _second(request: Request, first: Atoms | None, folder: Path) -> tuple[str | None, list[str]]:
    """Name of the second structure in the folder, as PDB if it was SDF or XYZ, and notes on it."""
    if request.to is None:
        return None, []
    atoms = _atoms(request, request.to)
    if atoms is None:
        return take(request.to, folder, "--to"), []
    name = request.to.name
    notes = [note if name in note else f"{name}: {note}" for note in atoms.notes]
    if first is not None:
        charge = first.charge if request.charge is None else request.charge
        if charge is None and not str(request.forces).lstrip().startswith("{"):
            charge = 0
        notes += check_same(first, atoms, charge, Path(request.sources.structure).name, name)
    stem = request.to.stem
    if (folder / f"{stem}.pdb").exists():
        stem += "_2"
    return _written(atoms, request.to, folder, stem), notes


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
