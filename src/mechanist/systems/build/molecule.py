"""The OpenMM System of a molecule from the files that the section ``molecule`` names."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.settings.forces import law_file
from mechanist.settings.load import SYSTEM_FILE, key_error
from mechanist.settings.molecule import MoleculeSettings
from mechanist.systems.build.bonded import add_bonds
from mechanist.systems.build.coordinates import Structure, read_structure
from mechanist.systems.build.identity import check_lengths, check_masses, order_by_names
from mechanist.systems.build.minimise import check_context
from mechanist.systems.build.names import Name
from mechanist.systems.build.no_template import without_template
from mechanist.systems.build.periodic import (
    as_vectors,
    from_openmm,
    largest_cutoff,
    to_openmm,
    whole,
)
from mechanist.systems.build.under_law import all_under_law, part_under_law
from mechanist.systems.forces.amber import radii_note
from mechanist.systems.forces.attach import Attached
from mechanist.systems.forces.charmm import named_in
from mechanist.systems.forces.gromacs import included
from mechanist.systems.forces.rigid_water import make_rigid
from mechanist.systems.forces.system_xml import check_force_field
from mechanist.systems.forces.topologies import options, read_topology

REMOVED = {
    "CMMotionRemover": "removes the motion of the centre of mass",
    "AndersenThermostat": "is a thermostat",
    "MonteCarloBarostat": "is a barostat",
    "MonteCarloAnisotropicBarostat": "is a barostat",
    "MonteCarloMembraneBarostat": "is a barostat",
    "MonteCarloFlexibleBarostat": "is a barostat",
}
"""Forces of a System that belong to its dynamics; paths have dynamics of their own."""

REFUSED = {
    "DrudeForce": "Drude particles need an integrator of their own",
    "RMSDForce": "an RMSD bias is not allowed in unbiased dynamics",
}


ROUNDING = 1e-4
"""nm; largest difference between the box vectors of a System and their rounded values in a file."""


@dataclass(frozen=True)
class Molecule:
    """Atoms, positions and forces.

    Parameters
    ----------
    topology
        OpenMM Topology.
    positions
        (N, 3) in nm, molecules in one piece.
    system
        OpenMM System with its box, without thermostats and barostats.
    notes
        Changes that were made to what the files say, in words.
    box
        Vectors (3, 3) in nm of the structure or, without them, of the topology; None without any.
    law
        The force law that was added to the System, of all atoms or a part, or None.
    """

    topology: Any
    positions: Array
    system: Any
    notes: tuple[str, ...] = ()
    box: Array | None = None
    law: Attached | None = None


def molecule_files(settings: MoleculeSettings, folder: Path) -> list[Path]:
    """Files beside system.yaml that a molecule is built from."""
    names = [settings.structure, *settings.force_field]
    if settings.topology is not None:
        names.append(settings.topology)
    if settings.forces is not None and (own := law_file(settings.forces)) is not None:
        names.append(own)
    files = [folder / name for name in names if (folder / name).is_file()]
    if settings.kind == "GROMACS" and settings.topology is not None:
        root = None if settings.include is None else folder / settings.include
        files += included(folder / settings.topology, root)
    for file in files:
        files += [inner for inner in named_in(file) if inner.is_file() and inner not in files]
    return list(dict.fromkeys(files))


def build_molecule(settings: MoleculeSettings, folder: Path) -> Molecule:
    """Topology, positions and System of a molecule.

    Parameters
    ----------
    settings
        The ``molecule`` section of system.yaml.
    folder
        Folder of system.yaml, which file names are relative to.

    Raises
    ------
    SystemBuildError
        If a file cannot be read, files do not fit each other, or the force field lacks parameters.
    """
    path = folder / settings.structure
    structure = read_structure(path, settings.kind == "Amber")
    box = _given_box(settings, folder) if settings.box is not None else structure.box
    positions = structure.positions
    if settings.kind == "law":
        assert settings.forces is not None
        topology, system, law, said = all_under_law(settings.forces, path, structure)
        return Molecule(topology, positions, system, tuple(said), structure.box, law)
    if settings.kind == "XML":
        topology, positions, system = _from_xml(settings, folder, structure, box)
    else:
        topology, system = read_topology(settings, folder, structure, box)
    atoms, count = system.getNumParticles(), len(positions)
    if atoms != count or topology.getNumAtoms() != atoms:
        raise SystemBuildError(
            path, f"molecule.structure: holds {count:,} atoms, {_source(settings)} {atoms:,}"
        )
    source = folder / (settings.topology or settings.structure)
    if settings.kind != "OpenMM" and settings.rigid_water:
        make_rigid(topology, system)
    notes = [*structure.notes, *_clean(system, source)]
    if settings.kind == "Amber":
        notes += radii_note(source, settings.implicit_solvent)
    positions, note = _arranged(settings, structure, topology, system, positions, path)
    notes += [*note, *_frozen(settings, topology, system, source)]
    if settings.dispersion_correction is not None:
        _set_dispersion(system, settings.dispersion_correction)
    found = from_openmm(topology.getPeriodicBoxVectors()) if box is None else box
    if system.usesPeriodicBoundaryConditions():
        notes += _other_box(settings, system, box)
        positions = _in_box(system, topology, positions, box, folder / SYSTEM_FILE)
    else:
        topology.setPeriodicBoxVectors(None)
        if found is not None:
            positions = _whole_if_broken(topology, positions, found)
    check_context(system, source)
    check_lengths([Name.of(atom) for atom in topology.atoms()], system, positions, path)
    if settings.forces is None:
        return Molecule(topology, positions, system, tuple(notes), found)
    parts = part_under_law(settings.forces, folder, topology, system, positions)
    system, positions, law, said = parts
    return Molecule(topology, positions, system, (*notes, *said), found, law)


def _arranged(
    settings: MoleculeSettings,
    structure: Structure,
    topology: Any,
    system: Any,
    positions: Array,
    path: Path,
) -> tuple[Array, list[str]]:
    """Positions in the order of the topology, and a note if that of the structure is another."""
    if settings.kind == "XML":
        return positions, []
    if settings.kind == "OpenMM":
        add_bonds(topology, system)
        check_masses(topology, system, path)
        return positions, []
    if structure.names is None:
        return positions, []
    own = [Name.of(atom) for atom in topology.atoms()]
    order = order_by_names(structure.names, own, path)
    if order is None:
        return positions, []
    moved = int((order != np.arange(len(order))).sum())
    return positions[order], [
        f"{path.name}: {moved:,} atoms stand in another order than in {settings.topology};"
        " they were put in its order by their names"
    ]


def _whole_if_broken(topology: Any, positions: Array, box: Array) -> Array:
    """Positions with whole molecules, where a box of the structure has cut one."""
    pairs = np.array([(b[0].index, b[1].index) for b in topology.bonds()], dtype=np.int64)
    pairs = pairs.reshape(-1, 2)
    lengths = np.linalg.norm(positions[pairs[:, 1]] - positions[pairs[:, 0]], axis=1)
    box = as_vectors(box)
    if len(pairs) == 0 or lengths.max() <= largest_cutoff(box):
        return positions
    return whole(positions, [(int(i), int(j)) for i, j in pairs], box)


def _other_box(settings: MoleculeSettings, system: Any, box: Array | None) -> list[str]:
    """A note if the structure has another box than a serialised System."""
    own = from_openmm(system.getDefaultPeriodicBoxVectors())
    if settings.kind != "OpenMM" or own is None or box is None or settings.box is not None:
        return []
    if np.abs(as_vectors(box) - own).max() < ROUNDING:
        return []
    sizes = [" x ".join(f"{edge:.4g}" for edge in np.diag(one)) for one in (box, own)]
    return [
        f"{settings.structure}: its box, {sizes[0]} nm, is used, not that of"
        f" {settings.topology}, {sizes[1]} nm"
    ]


def _source(settings: MoleculeSettings) -> str:
    return f"molecule.topology {settings.topology!r}" if settings.topology else "the force field"


def _given_box(settings: MoleculeSettings, folder: Path) -> Array:
    assert settings.box is not None
    try:
        return as_vectors(settings.box)
    except ValueError as error:
        raise key_error(folder / SYSTEM_FILE, "molecule.box", str(error)) from None


def _from_xml(
    settings: MoleculeSettings, folder: Path, structure: Structure, box: Array | None
) -> tuple[Any, Array, Any]:
    """Topology, positions and System from force-field XML files."""
    from openmm import app, unit

    path = folder / settings.structure
    if structure.topology is None:
        raise SystemBuildError(
            path, "molecule.structure: with force_field XML it must be PDB or PDBx/mmCIF"
        )
    if settings.periodic and box is None:
        raise SystemBuildError(
            path, f"molecule.box: missing; nonbonded: {settings.nonbonded} needs one"
        )
    structure.topology.setPeriodicBoxVectors(None if box is None else to_openmm(box))
    field = _force_field(settings, folder)
    try:
        system = field.createSystem(structure.topology, **options(settings))
        return structure.topology, structure.positions, system
    except Exception as error:
        fault = str(error)
    # PDB files rarely contain massless sites such as M of TIP4P.
    modeller = app.Modeller(structure.topology, structure.positions * unit.nanometer)
    try:
        modeller.addExtraParticles(field)
        system = field.createSystem(modeller.topology, **options(settings))
    except Exception:
        said = without_template(fault, structure.topology, settings.force_field)
        raise SystemBuildError(path, said) from None
    rows = [list(row) for row in modeller.positions.value_in_unit(unit.nanometer)]
    return modeller.topology, np.array(rows, dtype=np.float64), system


def _force_field(settings: MoleculeSettings, folder: Path) -> Any:
    from openmm import app

    files = [str(folder / f) if (folder / f).is_file() else f for f in settings.force_field]
    for name in settings.force_field:
        check_force_field(folder / name)
    try:
        return app.ForceField(*files)
    except Exception as error:
        raise key_error(
            folder / SYSTEM_FILE, "molecule.force_field", f"{list(settings.force_field)}: {error}"
        ) from None


def _clean(system: Any, path: Path) -> tuple[str, ...]:
    """Remove forces that belong to the dynamics; one note for each."""
    notes = []
    for i in reversed(range(system.getNumForces())):
        name = type(system.getForce(i)).__name__
        if name in REFUSED:
            raise SystemBuildError(path, f"{name}: {REFUSED[name]}; this System cannot be sampled")
        if name in REMOVED:
            system.removeForce(i)
            notes.append(f"{path.name}: {name} was removed: it {REMOVED[name]}")
    return tuple(reversed(notes))


def _frozen(settings: MoleculeSettings, topology: Any, system: Any, path: Path) -> list[str]:
    """A note on atoms without mass, which stay where they are; meant only in a serialised System.

    OpenMM knows the positions of the extra points of waters alone when it reads Amber's files.
    """
    still = [
        atom
        for atom in topology.atoms()
        if system.getParticleMass(atom.index)._value == 0 and not system.isVirtualSite(atom.index)
    ]
    if not still:
        return []
    first = f"atom {still[0].index}, {Name.of(still[0])}"
    if settings.kind != "OpenMM":
        raise SystemBuildError(
            path,
            f"{first}, has no mass, and OpenMM reads no rule for its position, so it would never"
            " move; of extra points and lone pairs in this format only those of water are read",
        )
    return [f"{path.name}: {len(still):,} atoms without mass never move, such as {first}"]


def _set_dispersion(system: Any, wanted: bool) -> None:
    for force in system.getForces():
        if type(force).__name__ == "NonbondedForce":
            force.setUseDispersionCorrection(wanted)
        elif type(force).__name__ == "CustomNonbondedForce":
            force.setUseLongRangeCorrection(wanted)


def cutoff_of(system: Any) -> float:
    """Largest cutoff in nm of the periodic forces; 0 without any."""
    from openmm import unit

    cutoffs = [
        force.getCutoffDistance().value_in_unit(unit.nanometer)
        for force in system.getForces()
        if hasattr(force, "getCutoffDistance") and force.usesPeriodicBoundaryConditions()
    ]
    return max(cutoffs, default=0.0)


def _in_box(system: Any, topology: Any, positions: Array, box: Array | None, file: Path) -> Array:
    """Set the box of System and topology; positions with whole molecules."""
    own = from_openmm(system.getDefaultPeriodicBoxVectors())
    if box is None:
        box = from_openmm(topology.getPeriodicBoxVectors())
    if box is None or (own is not None and np.abs(own - box).max() < ROUNDING):
        # A System stores its box with all digits, a PDB file with few.
        box = own
    try:
        if box is None:
            raise ValueError("missing")
        box = as_vectors(box)
    except ValueError as error:
        raise key_error(file, "molecule.box", str(error)) from None
    cutoff, most = cutoff_of(system), largest_cutoff(box)
    if cutoff > most:
        raise key_error(
            file,
            "molecule.cutoff",
            f"{cutoff:g} nm: must be at most half the box, {most:.3f} nm",
        )
    system.setDefaultPeriodicBoxVectors(*to_openmm(box))
    topology.setPeriodicBoxVectors(to_openmm(box))
    bonds = [(bond[0].index, bond[1].index) for bond in topology.bonds()]
    return whole(positions, bonds, box)
