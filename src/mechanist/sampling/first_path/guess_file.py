"""A guessed path of the user: its atoms, its box and its molecules must be those of the system."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array, Frames
from mechanist.errors import DataError, SystemBuildError
from mechanist.systems.barostat import with_box
from mechanist.systems.build.bonded import bonds_of
from mechanist.systems.build.identity import centres, check_lengths, mirrored, order_by_names
from mechanist.systems.build.names import Name
from mechanist.systems.build.periodic import as_vectors, largest_cutoff, whole
from mechanist.systems.build.text import plain
from mechanist.systems.descriptors.box import box_of
from mechanist.systems.prepared import Prepared

WITH_NAMES = (".pdb", ".ent", ".gro", ".h5", ".hdf5", ".cif", ".pdbx")
"""Formats that name their atoms."""

TEXT = (".pdb", ".ent", ".gro", ".cif", ".pdbx")
HDF5 = (".h5", ".hdf5", ".lh5")

BOX_ERROR = 0.01
"""Relative difference of edges up to which a box is that of the system."""


def read_guess(path: Path, topology: Path, prepared: Prepared) -> tuple[Frames, list[str]]:
    """Frames (F, N, 3) in nm of a trajectory of the user, molecules whole, and what was changed.

    Parameters
    ----------
    path
        In a format of mdtraj.
    topology
        PDB file of the system.
    prepared
        The system.

    Raises
    ------
    DataError
        If the file is missing or unreadable, or does not fit the system.
    """
    trajectory, own = _load(path, topology)
    names = [Name.of_mdtraj(atom) for atom in own.atoms]
    frames, said = np.asarray(trajectory.xyz, dtype=np.float32), []
    if not np.isfinite(frames).all():
        raise DataError(path, "initial.path: a position is not finite")
    if path.suffix.lower() in WITH_NAMES:
        given = [Name.of_mdtraj(atom) for atom in trajectory.topology.atoms]
        order = _or_data_error(path, order_by_names, given, names, path)
        if order is not None:
            frames = frames[:, order]
            moved = int((order != np.arange(len(order))).sum())
            said.append(f"{moved:,} atoms were put in the order of the system by their names")
    boxes = trajectory.unitcell_vectors
    _check_box(path, boxes, prepared)
    frames, made = _whole(frames, boxes, prepared)
    if made:
        said.append(f"molecules of {made:,} frames were cut by the box and made whole")
    _or_data_error(path, check_lengths, names, prepared.system, frames, path)
    _check_handedness(path, frames, names, prepared)
    if prepared.frame_box is not None:
        each = [np.array(prepared.frame_box)] * len(frames) if boxes is None else list(boxes)
        rows = [with_box(frame, as_vectors(box)) for frame, box in zip(frames, each, strict=True)]
        frames = np.stack(rows).astype(np.float32)
    return frames, said


def _load(path: Path, topology: Path) -> tuple[Any, Any]:
    """The trajectory, and the mdtraj Topology of the system."""
    import mdtraj

    if not path.is_file():
        raise DataError(path, "initial.path: there is no such file")
    suffix = path.suffix.lower()
    if suffix in HDF5 and find_spec("tables") is None:
        raise DataError(
            path, "initial.path: mdtraj needs PyTables for HDF5: pip install tables, or write xtc"
        )
    own = mdtraj.load_topology(str(topology))
    try:
        if suffix in TEXT:
            with plain(path) as (name,):
                trajectory = mdtraj.load(name)
        elif suffix in WITH_NAMES:
            trajectory = mdtraj.load(str(path))
        else:
            trajectory = mdtraj.load(str(path), top=own)
    except SystemBuildError as error:
        raise DataError(error.where, f"initial.path: {error.what}") from None
    except Exception as error:
        # Its readers raise whatever a damaged file leads to, and ImportError for some formats.
        reason = f"mdtraj cannot read it ({' '.join(str(error).split())[:200]})"
        raise DataError(path, f"initial.path: {reason}; does it have the same atoms?") from None
    if trajectory.n_frames == 0:
        raise DataError(path, "initial.path: holds no frames")
    if trajectory.n_atoms != own.n_atoms:
        raise DataError(
            path,
            f"initial.path: has {trajectory.n_atoms} atoms, not the same atoms as the system,"
            f" which has {own.n_atoms}",
        )
    return trajectory, own


def _or_data_error(path: Path, check: Any, *arguments: Any) -> Any:
    """What a check returns; its error becomes one about initial.path."""
    try:
        return check(*arguments)
    except SystemBuildError as error:
        raise DataError(path, f"initial.path: {error.what}") from None


def _check_box(path: Path, boxes: Array | None, prepared: Prepared) -> None:
    """Refuse a trajectory in another box than the periodic one of the system."""
    vectors = box_of(prepared.system)
    if vectors is None or boxes is None:
        return
    own = as_vectors(np.asarray(vectors))
    for number, one in enumerate(boxes):
        box = as_vectors(one)
        if np.abs(box - own).max() > BOX_ERROR * np.diag(own).min():
            sizes = [" x ".join(f"{x:.3f}" for x in np.diag(b)) for b in (box, own)]
            raise DataError(
                path,
                f"initial.path: frame {number} has a box of {sizes[0]} nm, the system one of"
                f" {sizes[1]} nm; both must be the same, since paths have a fixed box",
            )


def _whole(frames: Frames, boxes: Array | None, prepared: Prepared) -> tuple[Frames, int]:
    """Frames with whole molecules, and how many of them had been cut by their box."""
    own = box_of(prepared.system)
    bonds = list(bonds_of(prepared.system).bonds)
    if (own is None and boxes is None) or not bonds:
        return frames, 0
    pairs = np.array(bonds)
    result, made = frames.copy(), 0
    for number, frame in enumerate(frames):
        box = as_vectors(np.asarray(own if boxes is None else boxes[number]))
        lengths = np.linalg.norm(frame[pairs[:, 1]] - frame[pairs[:, 0]], axis=1)
        if lengths.max() > largest_cutoff(box):
            result[number] = whole(frame.astype(np.float64), bonds, box)
            made += 1
    return result, made


def _check_handedness(path: Path, frames: Frames, names: list[Name], prepared: Prepared) -> None:
    """Refuse frames with a centre that is a mirror image of that of the system."""
    light = {i for i, name in enumerate(names) if name.element == "H"}
    found = centres(bonds_of(prepared.system).bonds, light)
    for number, frame in enumerate(frames):
        centre = mirrored(found, prepared.positions, frame)
        if centre is not None:
            raise DataError(
                path,
                f"initial.path: atom {centre}, {names[centre]}, is in frame {number} the mirror"
                " image of what it is in the system",
            )
