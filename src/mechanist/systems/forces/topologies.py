"""Forces from the topology files of Amber, GROMACS and CHARMM, and from serialised Systems."""

import re
import tempfile
from pathlib import Path
from typing import Any

from mechanist.arrays import Array
from mechanist.errors import MechanistError, SystemBuildError
from mechanist.settings.molecule import MoleculeSettings
from mechanist.systems.build.coordinates import Structure, parsing
from mechanist.systems.build.periodic import to_openmm
from mechanist.systems.build.text import decode, plain
from mechanist.systems.forces import gromacs
from mechanist.systems.forces.amber import check_prmtop
from mechanist.systems.forces.charmm import check_nonbonded, parameter_files
from mechanist.systems.forces.gromacs_pairs import as_gromacs
from mechanist.systems.forces.gromacs_torsions import with_exact_types
from mechanist.systems.forces.system_xml import code_in

ROOT = re.compile(r"<\s*([A-Za-z_][\w.-]*)")
"""The first tag of an XML file."""


def options(settings: MoleculeSettings) -> dict[str, Any]:
    """Arguments of ``createSystem`` that all kinds of source share."""
    from openmm import app, unit

    found = {
        "nonbondedMethod": getattr(app, settings.nonbonded),
        "constraints": None
        if settings.constraints == "none"
        else getattr(app, settings.constraints),
        "rigidWater": settings.rigid_water,
        # Langevin dynamics thermalises the centre of mass; with freshly drawn velocities,
        # removing its motion would not be time-reversible.
        "removeCMMotion": False,
        "hydrogenMass": None
        if settings.hydrogen_mass is None
        else settings.hydrogen_mass * unit.dalton,
    }
    if settings.nonbonded != "NoCutoff":
        found["nonbondedCutoff"] = settings.cutoff * unit.nanometer
        found["ewaldErrorTolerance"] = settings.ewald_tolerance
        if settings.switching is not None:
            found["switchDistance"] = settings.switching * unit.nanometer
    return found


def read_topology(
    settings: MoleculeSettings, folder: Path, structure: Structure, box: Array | None
) -> tuple[Any, Any]:
    """OpenMM Topology and System of the ``topology`` file.

    Parameters
    ----------
    settings
        With a topology.
    folder
        Folder of system.yaml.
    structure
        Provides the atoms of a serialised System.
    box
        Vectors (3, 3) in nm; None for those of the topology file, if it has any.

    Raises
    ------
    SystemBuildError
        If a file is missing, damaged or of another format.
    """
    assert settings.topology is not None
    path = folder / settings.topology
    if not path.is_file():
        raise SystemBuildError(path, "molecule.topology: there is no such file")
    vectors = None if box is None else to_openmm(box)
    readers = {"Amber": _amber, "GROMACS": _gromacs, "CHARMM": _charmm}
    if settings.kind == "OpenMM":
        return _openmm(path, structure)
    topology, system = readers[settings.kind](settings, folder, path, vectors)
    return topology, system


def _implicit(settings: MoleculeSettings) -> dict[str, Any]:
    from openmm import app

    if settings.implicit_solvent == "none":
        return {}
    return {"implicitSolvent": getattr(app, settings.implicit_solvent)}


def _amber(settings: MoleculeSettings, folder: Path, path: Path, vectors: Any) -> tuple[Any, Any]:
    from openmm import app

    with path.open("rb") as handle:
        if not handle.read(8).startswith(b"%VERSION"):
            raise SystemBuildError(
                path, "molecule.topology: not an Amber prmtop (%VERSION is missing)"
            )
    check_prmtop(path)
    with plain(path) as (name,), parsing(path, "Amber topology"):
        source = app.AmberPrmtopFile(name, periodicBoxVectors=vectors)
        _needs_box(settings, path, source.topology)
        return source.topology, source.createSystem(**options(settings), **_implicit(settings))


def _gromacs(settings: MoleculeSettings, folder: Path, path: Path, vectors: Any) -> tuple[Any, Any]:
    """Includes and conditions are resolved here; OpenMM reads a single file."""
    from openmm import app

    include = None if settings.include is None else folder / settings.include
    macros = gromacs.defined(settings.define)
    resolved = gromacs.resolve(path, include, macros)
    lines = with_exact_types(as_gromacs(resolved.lines, path, macros))
    with tempfile.TemporaryDirectory(prefix="mechanist-") as place:
        whole = Path(place) / path.name
        heads = [f"#define {name} {value}" for name, value in macros.items()]
        text = "\n".join([*heads, *(line.text for line in lines), ""])
        whole.write_text(text, encoding="ascii", errors="replace")
        try:
            source = app.GromacsTopFile(str(whole), periodicBoxVectors=vectors, includeDir=place)
            _needs_box(settings, path, source.topology)
            system = source.createSystem(**options(settings))
        except MechanistError:
            raise
        except Exception as error:
            line = resolved.line_of(str(error))
            with parsing(path if line is None else Path(line.where), "GROMACS topology"):
                raise
    if system.getNumParticles() == 0:
        raise SystemBuildError(path, "contains no atoms; truncated?")
    return source.topology, system


def _charmm(settings: MoleculeSettings, folder: Path, path: Path, vectors: Any) -> tuple[Any, Any]:
    from openmm import app

    files = parameter_files([folder / name for name in settings.force_field])
    with plain(path) as (name,), parsing(path, "CHARMM psf"):
        source = app.CharmmPsfFile(name, periodicBoxVectors=vectors)
    shown = files[0] if len(files) == 1 else Path(", ".join(file.name for file in files))
    for file in files:
        check_nonbonded(file)
    with plain(*files) as names, parsing(shown, "CHARMM parameters"):
        parameters = app.CharmmParameterSet(*names)
    with parsing(path, "CHARMM psf, or parameters are missing in its parameter files"):
        _needs_box(settings, path, source.topology)
        # By default a psf includes the energy of constrained bonds; other sources do not.
        chosen = options(settings) | _implicit(settings) | {"flexibleConstraints": False}
        return source.topology, source.createSystem(parameters, **chosen)


def _openmm(path: Path, structure: Structure) -> tuple[Any, Any]:
    import openmm

    text = decode(path)
    root = ROOT.search(text)
    if root is not None and root[1] != "System":
        raise SystemBuildError(path, f"molecule.topology: contains a {root[1]}, not a System")
    named = code_in(text)
    if named is not None:
        raise SystemBuildError(path, f"molecule.topology: contains a {named!r}, which may run code")
    with parsing(path, "System"):
        if "<System" in text and "</System>" not in text:
            raise SystemBuildError(path, "molecule.topology: truncated, </System> is missing")
        system = openmm.XmlSerializer.deserialize(text)
        if not isinstance(system, openmm.System):
            kind = type(system).__name__
            raise SystemBuildError(path, f"molecule.topology: contains a {kind}, not a System")
    if structure.topology is None:
        raise SystemBuildError(
            path, "molecule.structure: with an OpenMM System it must be PDB or PDBx/mmCIF"
        )
    return structure.topology, system


def _needs_box(settings: MoleculeSettings, path: Path, topology: Any) -> None:
    if settings.periodic and topology.getPeriodicBoxVectors() is None:
        raise SystemBuildError(
            path, f"molecule.box: missing; nonbonded: {settings.nonbonded} needs one"
        )
