"""Forces from the topology files of Amber, GROMACS and CHARMM, and from serialised Systems."""

from pathlib import Path
from typing import Any

from mechanist.arrays import Array
from mechanist.errors import SystemBuildError
from mechanist.settings.molecule import MoleculeSettings
from mechanist.systems.build.coordinates import Structure, parsing
from mechanist.systems.build.periodic import to_openmm
from mechanist.systems.forces.system_xml import code_in

INCLUDE = "#include"


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
    with parsing(path, "not a readable Amber topology"):
        source = app.AmberPrmtopFile(str(path), periodicBoxVectors=vectors)
        _needs_box(settings, path, source.topology)
        return source.topology, source.createSystem(**options(settings), **_implicit(settings))


def _gromacs(settings: MoleculeSettings, folder: Path, path: Path, vectors: Any) -> tuple[Any, Any]:
    from openmm import app

    include = None if settings.include is None else str(folder / settings.include)
    with parsing(path, "not a readable GROMACS topology"):
        try:
            source = app.GromacsTopFile(str(path), periodicBoxVectors=vectors, includeDir=include)
        except ValueError as error:
            if "#include" not in str(error):
                raise
            raise SystemBuildError(path, f"{error}; molecule.include names its folder") from None
        _needs_box(settings, path, source.topology)
        system = source.createSystem(**options(settings))
    if system.getNumParticles() == 0:
        raise SystemBuildError(path, "damaged or truncated: contains no atoms")
    return source.topology, system


def _charmm(settings: MoleculeSettings, folder: Path, path: Path, vectors: Any) -> tuple[Any, Any]:
    from openmm import app

    files = [folder / name for name in settings.force_field]
    for file in files:
        if not file.is_file():
            raise SystemBuildError(file, "molecule.force_field: there is no such file")
        if file.suffix.lower() not in (".rtf", ".top", ".par", ".prm", ".str", ".inp"):
            raise SystemBuildError(
                file, "molecule.force_field: with a psf these are CHARMM's rtf, par, prm and str"
            )
    with parsing(path, "not a readable CHARMM psf"):
        source = app.CharmmPsfFile(str(path), periodicBoxVectors=vectors)
    with parsing(files[0], "not readable CHARMM parameters"):
        parameters = app.CharmmParameterSet(*map(str, files))
    with parsing(path, "or parameters are missing in its parameter files"):
        _needs_box(settings, path, source.topology)
        # By default a psf includes the energy of constrained bonds; other sources do not.
        chosen = options(settings) | _implicit(settings) | {"flexibleConstraints": False}
        return source.topology, source.createSystem(parameters, **chosen)


def _openmm(path: Path, structure: Structure) -> tuple[Any, Any]:
    import openmm

    with parsing(path, "not a readable System"):
        text = path.read_text(encoding="utf-8")
    named = code_in(text)
    if named is not None:
        raise SystemBuildError(path, f"molecule.topology: contains a {named!r}, which may run code")
    with parsing(path, "not a readable System"):
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


def included(path: Path, folder: Path | None) -> list[Path]:
    """Files beside a GROMACS topology or in ``folder`` that it includes, at all levels.

    Files of a GROMACS installation are not among them.
    """
    found: list[Path] = []
    queue = [path]
    while queue:
        file = queue.pop()
        if not file.is_file():
            continue
        for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
            words = line.split()
            if len(words) < 2 or words[0] != INCLUDE:
                continue
            name = words[1].strip('"<>')
            roots = (file.parent, path.parent, *((folder,) if folder else ()))
            here = next((root / name for root in roots if (root / name).is_file()), None)
            if here is not None and here not in found:
                found.append(here)
                queue.append(here)
    return found
