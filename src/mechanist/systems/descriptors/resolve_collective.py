"""From settings to collective variables: groups of atoms, and structures from files."""

from itertools import pairwise
from pathlib import Path

import numpy as np

from mechanist.arrays import Array
from mechanist.settings.collective import (
    CentreDistancePart,
    CentreDistanceSettings,
    PathPart,
    PathSSettings,
    PathZSettings,
    RmsdPart,
    RmsdSettings,
)
from mechanist.settings.load import key_error
from mechanist.systems.descriptors.collective import squared_deviation
from mechanist.systems.descriptors.descriptor_set import Descriptor
from mechanist.systems.descriptors.resolve_solvent import Selector
from mechanist.systems.descriptors.shapes import Centres, PathVariable, Reference, Rmsd

CollectiveSettings = CentreDistanceSettings | RmsdSettings | PathSSettings | PathZSettings

OVERLAP = 2.3
"""lambda times the mean squared deviation of neighbouring structures, by which weights of a path
overlap (Branduardi and others, 2007)."""

FEWEST = 3
"""Atoms that a superposition needs."""


def collective_descriptor(name: str, settings: CollectiveSettings, find: Selector) -> Descriptor:
    """A named collective variable."""
    key = f"descriptors.{name}"
    if isinstance(settings, CentreDistanceSettings):
        return _centres(f"{key}.centre_distance", name, settings.centre_distance, find)
    if isinstance(settings, RmsdSettings):
        return _rmsd(f"{key}.rmsd", name, settings.rmsd, find)
    if isinstance(settings, PathSSettings):
        return _path(f"{key}.path_s", name, "path_s", settings.path_s, find)
    return _path(f"{key}.path_z", name, "path_z", settings.path_z, find)


def _centres(key: str, name: str, part: CentreDistancePart, find: Selector) -> Descriptor:
    groups = [tuple(find.select(f"{key}.between.{i}", text)) for i, text in enumerate(part.between)]
    if groups[0] == groups[1]:
        raise key_error(find.file, f"{key}.between", "both selections match the same atoms")
    masses = [float(atom.element.mass) for atom in find.topology.atoms]
    own = [tuple(masses[i] if part.weights == "mass" else 1.0 for i in group) for group in groups]
    return Descriptor(
        name, "centre_distance", groups[0], 0, (groups[1],), Centres((own[0], own[1]))
    )


def _rmsd(key: str, name: str, part: RmsdPart, find: Selector) -> Descriptor:
    atoms = _atoms(f"{key}.select", part.select, find)
    frames = _structures(f"{key}.to", part.to, atoms, find)
    if len(frames) != 1:
        raise key_error(find.file, f"{key}.to", f"{part.to!r}: has {len(frames)} models, not 1")
    return Descriptor(name, "rmsd", atoms, shape=Rmsd(frames[0], find.topology.n_atoms))


def _path(key: str, name: str, kind: str, part: PathPart, find: Selector) -> Descriptor:
    atoms = _atoms(f"{key}.select", part.select, find)
    frames = _structures(f"{key}.frames", part.frames, atoms, find)
    if len(frames) < 2:
        raise key_error(find.file, f"{key}.frames", f"{part.frames!r}: has 1 model, not several")
    sharpness = part.sharpness
    if sharpness == "auto":
        sharpness = OVERLAP / _spacing(frames)
        if not np.isfinite(sharpness):
            raise key_error(find.file, f"{key}.frames", f"{part.frames!r}: all models are the same")
    shape = PathVariable(tuple(frames), float(sharpness), find.topology.n_atoms)
    return Descriptor(name, kind, atoms, shape=shape)


def _atoms(key: str, selection: str, find: Selector) -> tuple[int, ...]:
    found = tuple(find.select(key, selection))
    if len(found) < FEWEST:
        what = f"{selection!r}: matches {len(found)} atoms; a superposition needs {FEWEST}"
        raise key_error(find.file, key, what)
    return found


def _spacing(frames: list[Reference]) -> float:
    """Mean squared deviation in nm^2 of neighbouring structures after superposition."""
    return float(
        np.mean([squared_deviation(np.array([one]), other)[0] for one, other in pairwise(frames)])
    )


def _structures(key: str, name: str, atoms: tuple[int, ...], find: Selector) -> list[Reference]:
    """Positions of the atoms in each model of a PDB file beside system.yaml.

    The file has the atoms of the system, or those of the selection alone, in their order.
    """
    import mdtraj

    file = Path(find.file).parent / name
    if not file.is_file():
        raise key_error(find.file, key, f"{name!r}: there is no such file beside system.yaml")
    try:
        trajectory = mdtraj.load_pdb(str(file))
    except Exception as error:
        # mdtraj raises whatever a damaged file leads to.
        reason = " ".join(str(error).split())[:200]
        raise key_error(find.file, key, f"{name!r}: mdtraj cannot read it ({reason})") from None
    own = find.topology
    if trajectory.n_atoms == own.n_atoms:
        chosen = list(atoms)
    elif trajectory.n_atoms == len(atoms):
        chosen = list(range(len(atoms)))
    else:
        raise key_error(
            find.file,
            key,
            f"{name!r}: has {trajectory.n_atoms} atoms; must have the {own.n_atoms} of the system,"
            f" or the {len(atoms)} that are selected",
        )
    for mine, other in zip(atoms, chosen, strict=True):
        names = own.atom(mine).name, trajectory.topology.atom(other).name
        if names[0] != names[1]:
            what = f"{name!r}: atom {other} is {names[1]}, that of the system {names[0]}"
            raise key_error(find.file, key, f"{what}; both must have the same order")
    xyz: Array = trajectory.xyz[:, chosen].astype(np.float64)
    if not np.isfinite(xyz).all():
        raise key_error(find.file, key, f"{name!r}: a position is not finite")
    return [
        tuple((float(x), float(y), float(z)) for x, y, z in np.round(frame, 6)) for frame in xyz
    ]
