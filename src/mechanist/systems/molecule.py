"""A molecule's OpenMM System from a structure file and a force field."""

from pathlib import Path
from typing import Any

from mechanist.errors import SystemBuildError
from mechanist.settings.system import MoleculeSettings
from mechanist.systems.xml import check_force_field


def read_structure(path: Path) -> Any:
    """Topology and positions of a PDB or PDBx/mmCIF file, as OpenMM reads them.

    Raises
    ------
    SystemBuildError
        If the file is missing, empty or damaged.
    """
    from openmm import OpenMMException, app

    if not path.is_file():
        raise SystemBuildError(path, "molecule.structure: there is no such file")
    reader = app.PDBxFile if path.suffix.lower() in (".cif", ".pdbx", ".mmcif") else app.PDBFile
    try:
        structure = reader(str(path))
    except (
        ValueError,
        IndexError,
        KeyError,
        AttributeError,
        AssertionError,
        OpenMMException,
        UnicodeDecodeError,
        TypeError,
    ) as error:
        raise SystemBuildError(
            path, f"damaged or truncated, no structure to read ({error})"
        ) from None
    if structure.topology.getNumAtoms() == 0:
        raise SystemBuildError(path, "holds no atoms")
    return structure


def build_molecule(settings: MoleculeSettings, folder: Path) -> tuple[Any, Any, Any]:
    """Topology, positions and System of a molecule.

    Parameters
    ----------
    settings
        The ``molecule`` section of system.yaml.
    folder
        Where system.yaml lies; structure and local force field files are looked for there.

    Raises
    ------
    SystemBuildError
        If the structure cannot be read or the force field does not cover it.
    """
    from openmm import app

    path = folder / settings.structure
    structure = read_structure(path)
    for name in settings.force_field:
        check_force_field(folder / name)
    files = [str(folder / f) if (folder / f).is_file() else f for f in settings.force_field]
    try:
        force_field = app.ForceField(*files)
    except (ValueError, OSError, KeyError, SyntaxError) as error:
        raise SystemBuildError(
            folder / "system.yaml", f"molecule.force_field: {list(settings.force_field)}: {error}"
        ) from None
    constraints = None if settings.constraints == "none" else getattr(app, settings.constraints)
    try:
        # Langevin dynamics thermalises the centre of mass; removing its motion would not be
        # time-reversible together with freshly drawn velocities.
        system = force_field.createSystem(
            structure.topology,
            nonbondedMethod=getattr(app, settings.nonbonded),
            constraints=constraints,
            removeCMMotion=False,
        )
    except (ValueError, KeyError) as error:
        hint = "truncated file, missing hydrogens, or a residue the force field does not know"
        raise SystemBuildError(path, f"{error} ({hint})") from None
    return structure.topology, structure.positions, system
