"""A folder below systems/ for a molecule of the user's own."""

import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.bookkeeping.files import write_text
from mechanist.errors import SettingsError, SystemBuildError
from mechanist.settings.forces import LearnedSettings, law_file
from mechanist.settings.load import SYSTEM_FILE, validate
from mechanist.settings.molecule import MoleculeSettings
from mechanist.settings.yaml_text import parse_yaml
from mechanist.systems.build.coordinates import read_structure
from mechanist.systems.build.copies import take, take_force_field, take_models, take_topology
from mechanist.systems.build.minimise import check_energy
from mechanist.systems.build.molecule import Molecule, build_molecule
from mechanist.systems.build.periodic import as_vectors, density, largest_cutoff
from mechanist.systems.build.sanity import without_hydrogens
from mechanist.systems.build.suggest import candidates, groups
from mechanist.systems.build.template import Draft, system_yaml
from mechanist.systems.descriptors.labels import topology_of
from mechanist.systems.descriptors.waters import is_water
from mechanist.systems.prepared import masses_of

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
PROTEIN, WATER = "amber14-all.xml", "amber14/tip3p.xml"
CUTOFF = 0.9
LIQUID, DENSE = 10, 0.3
"""Molecules, and g/cm^3, from which a box without water is taken for a liquid or a solid."""


@dataclass(frozen=True)
class Sources:
    """Files that a new system is made from."""

    structure: Path
    topology: Path | None = None
    force_field: Sequence[str] = ()
    include: Path | None = None
    define: Sequence[str] = ()
    forces: str | None = None
    """A force law as YAML: its name, or a section."""


def new(
    name: str, sources: Sources, root: Path, said: Callable[[str], None] = lambda text: None
) -> Path:
    """Make ``root``/systems/``name`` with copies of the files and a system.yaml to be edited.

    ``said`` is called with what a user should know about the files.

    Raises
    ------
    SettingsError
        If the name is invalid, or the folder exists already.
    SystemBuildError
        If the files cannot be read or do not fit each other; no folder is left behind.
    """
    with new_folder(name, root) as (folder, partial):
        settings = copy_files(sources, partial)
        write_text(partial / SYSTEM_FILE, system_yaml(draft_of(name, settings, partial, said)))
    return folder


@contextmanager
def new_folder(name: str, root: Path) -> Iterator[tuple[Path, Path]]:
    """Give the folder of a new system and a partial one, which takes its name on success.

    Raises
    ------
    SettingsError
        If the name is invalid, or the folder exists already.
    SystemBuildError
        As raised inside, without the path of the partial folder.
    """
    folder = root / "systems" / name
    if not NAME.fullmatch(name):
        raise SettingsError("new", f"NAME: {name!r}: letters, digits, _ and - only")
    if folder.exists():
        raise SettingsError(folder, "exists already; choose another name or remove it")
    # Written under another name first, so that an error leaves no incomplete folder.
    partial = folder.with_name(f".{name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield folder, partial
        partial.rename(folder)
    except SystemBuildError as error:
        raise SystemBuildError(Path(error.where).name, error.what) from None
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def copy_files(sources: Sources, folder: Path) -> MoleculeSettings:
    """Copy the files; return the section ``molecule`` that names them."""
    content: dict[str, Any] = {"structure": take(sources.structure, folder, "--structure")}
    if sources.forces is not None:
        return _under_law(sources, content, folder)
    if sources.topology is not None:
        content["topology"], found = take_topology(sources.topology, sources.include, folder)
        include = str(sources.include.resolve()) if sources.include is not None else None
        if found or include:
            content["include"] = found or include
    if sources.define:
        content["define"] = list(sources.define)
    names = [
        take_force_field(Path(f), folder) if Path(f).is_file() else f for f in sources.force_field
    ]
    amber = sources.topology is not None and sources.topology.suffix.lower() != ".psf"
    structure = read_structure(folder / content["structure"], amber)
    if sources.topology is None:
        waters = structure.topology is not None and any(
            is_water(residue) or len(list(residue.atoms())) == 1
            for residue in structure.topology.residues()
        )
        # Amber's files of waters hold the ions, too.
        names = names or [PROTEIN, *([WATER] if waters else [])]
    if names:
        content["force_field"] = names
    settings = validate(MoleculeSettings, content, "new")
    if settings.kind == "OpenMM":
        return settings
    molecule = build_molecule(settings, folder)
    content["constraints"] = "HBonds"
    content["nonbonded"] = "NoCutoff"
    if is_periodic(molecule):
        assert molecule.box is not None
        content["nonbonded"] = "PME"
        largest = largest_cutoff(as_vectors(molecule.box))
        content["cutoff"] = f"{min(CUTOFF, round(0.95 * largest, 2)):g} nm"
    return validate(MoleculeSettings, content, "new")


def _under_law(sources: Sources, content: dict[str, Any], folder: Path) -> MoleculeSettings:
    """The section ``molecule`` with a force law; its file is copied."""
    assert sources.forces is not None
    if sources.topology is not None or sources.force_field or sources.include or sources.define:
        raise SettingsError(
            "new", "--forces: goes with none of --topology, --force-field and others"
        )
    try:
        content["forces"] = parse_yaml(sources.forces)
    except ValueError as error:
        raise SettingsError("new", f"--forces: {sources.forces!r}: not YAML: {error}") from None
    settings = validate(MoleculeSettings, content, "new")
    assert settings.forces is not None
    if isinstance(settings.forces, LearnedSettings):
        own = take_models(Path(settings.forces.learned), folder)
        content["forces"] |= {"learned": own}
        return validate(MoleculeSettings, content, "new")
    file = law_file(settings.forces)
    if file is None:
        return settings
    kind = "python" if file.endswith(".py") else "torch"
    content["forces"] |= {kind: take(Path(file), folder, "--forces")}
    return validate(MoleculeSettings, content, "new")


def is_periodic(molecule: Molecule) -> bool:
    """Whether the box of a molecule is filled: with water, or as densely as a liquid."""
    if molecule.box is None:
        return False
    if any(map(is_water, molecule.topology.residues())):
        return True
    return _molecules(molecule) >= LIQUID and _dense(molecule)


def _dense(molecule: Molecule) -> bool:
    assert molecule.box is not None
    weight = float(masses_of(molecule.system).sum())
    return density(weight, as_vectors(molecule.box)) > DENSE


def _molecules(molecule: Molecule) -> int:
    """Number of molecules: what bonds and constraints hold together; without virtual sites."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    system, count = molecule.system, len(molecule.positions)
    pairs = [(bond[0].index, bond[1].index) for bond in molecule.topology.bonds()]
    pairs += [
        tuple(system.getConstraintParameters(k)[:2]) for k in range(system.getNumConstraints())
    ]
    rows, columns = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(rows)), (rows, columns)), shape=(count, count))
    _, labels = connected_components(graph, directed=False)
    return len(set(labels[masses_of(system) > 0].tolist()))


def why(molecule: Molecule) -> str:
    """Why a new system is periodic or not, in words."""
    waters = sum(map(is_water, molecule.topology.residues()))
    water = f"{waters:,} waters" if waters != 1 else "1 water"
    if molecule.box is None:
        verb = "is" if waters == 1 else "are"
        return f"Not periodic: no file has a box{f', but there {verb} {water}' if waters else ''}."
    edges = " x ".join(f"{edge:.3f}" for edge in np.diag(molecule.box))
    if is_periodic(molecule):
        return f"Periodic: a box of {edges} nm with {water if waters else 'a liquid or solid'}."
    if not _dense(molecule):
        return f"Not periodic: a box of {edges} nm, but no water, and it is mostly empty."
    count = _molecules(molecule)
    few = f"{count} molecules" if count != 1 else "one molecule"
    return f"Not periodic: a box of {edges} nm, but no water, and {few} in it."


def draft_of(
    name: str,
    settings: MoleculeSettings,
    folder: Path,
    said: Callable[[str], None],
    molecule: Molecule | None = None,
) -> Draft:
    """What system.yaml is made from; ``molecule`` as built, or None: it is built here."""
    molecule = build_molecule(settings, folder) if molecule is None else molecule
    topology = topology_of(molecule.topology)
    reason = "" if settings.kind in ("OpenMM", "law") else why(molecule)
    said(reason or (_own_box(molecule) if molecule.law is None else _own_law(molecule)))
    for note in molecule.notes:
        said(note)
    if (finding := without_hydrogens(topology)) is not None:
        said(finding.what)
    if molecule.law is None:  # a force law without an energy is refused as it is built
        structure = folder / settings.structure
        check_energy(molecule.system, molecule.positions, structure, molecule.topology)
    constrained = molecule.system.getNumConstraints() > 0
    return Draft(
        name,
        settings,
        candidates(topology, molecule.positions),
        groups(topology),
        _timestep(settings, constrained),
        len(molecule.positions),
        reason,
        not settings.periodic and not any(residue.is_water for residue in topology.residues),
    )


def _timestep(settings: MoleculeSettings, constrained: bool) -> float:
    """In fs; under a force law bonds of hydrogens are flexible, and may break."""
    if settings.kind == "law":
        return 0.5
    return 2.0 if constrained or settings.kind != "OpenMM" else 1.0


def _own_law(molecule: Molecule) -> str:
    assert molecule.law is not None
    return f"Not periodic: forces by {molecule.law.spec.name}."


def _own_box(molecule: Molecule) -> str:
    """Whether a serialised System is periodic, in words."""
    kind = "Periodic" if molecule.system.usesPeriodicBoundaryConditions() else "Not periodic"
    return f"{kind}, as the System says."
