"""Trajectories in the formats of mdtraj, with the velocities and forces that it leaves out."""

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.bookkeeping.files import atomic
from mechanist.errors import DataError
from mechanist.systems.build.radii import bonded_pairs
from mechanist.trajectory.store import save
from mechanist.trajectory.trajectory import Meta, Trajectory

HDF5 = (".h5", ".hdf5")
WITH_ATOMS = (".pdb", ".ent", ".gro", ".cif", ".pdbx", *HDF5)
"""Formats that name their atoms."""

TIMED = (".xtc", ".trr", ".nc", ".ncdf", ".netcdf", ".gro", ".dtr", ".stk", *HDF5)
"""Formats whose times mdtraj reads; for others, such as DCD, it counts frames as ps."""

DECIMALS = (1e-2, 1e-3, 1e-4, 1e-5)
"""Roundings in nm that files have; xtc 0.001 nm for ten atoms and more."""

SINGLE = 2e-7
"""Rounding in nm of single precision."""

UNEVEN = 1e-3
"""Largest relative difference of times between frames."""


def read_file(
    path: Path, top: Any, dt_ps: float | None, option: str
) -> tuple[Trajectory, Any, float]:
    """A trajectory, its topology, and the rounding of positions in nm.

    ``option`` states the time between frames if there is none; it is empty if this does not matter.

    Raises
    ------
    DataError
        If the file or its topology cannot be read, times are uneven or missing, or molecules are
        cut.
    """
    suffix = path.suffix.lower()
    if not path.is_file():
        raise DataError(path, "there is no such file")
    if suffix in HDF5 and find_spec("tables") is None:
        raise DataError(path, "mdtraj needs PyTables for HDF5: pip install tables")
    found = _loaded(path, None if suffix in WITH_ATOMS else topology_file(top, path))
    if found.n_frames == 0:
        raise DataError(path, "holds no frames")
    topology = found.topology
    numbers = np.array(
        [0 if a.element is None else a.element.atomic_number for a in topology.atoms]
    )
    if (numbers < 1).any():
        first = int(np.flatnonzero(numbers < 1)[0])
        raise DataError(path, f"atom {first + 1} has no element; models of beads are not learned")
    x = np.asarray(found.xyz, dtype=np.float64)
    if not np.isfinite(x).all():
        raise DataError(path, "holds a position that is not finite")
    _check_whole(path, x, found.unitcell_lengths)
    velocities, forces = _moving(path, suffix, x)
    if dt_ps is None and suffix not in TIMED and len(x) > 1 and option:
        raise DataError(path, f"holds no times: state {option}")
    times = dt_ps or _spacing(path, np.asarray(found.time, dtype=np.float64))
    trajectory = Trajectory(
        x,
        times,
        numbers.astype(np.int64),
        np.array([a.element.mass for a in topology.atoms]),
        velocities,
        forces,
        meta=Meta(ensemble="langevin", source=path.name),
    )
    return trajectory, topology, max(rounding(x), SINGLE)


def rounding(x: Array) -> float:
    """The rounding of positions in nm, found from their digits; 0 if there is none."""
    for unit in DECIMALS:
        if np.abs(x / unit - np.round(x / unit)).max() < 0.02:
            return unit
    return 0.0


def _loaded(path: Path, top: Any) -> Any:
    import mdtraj

    return _read(path, "", lambda: mdtraj.load(str(path), **({} if top is None else {"top": top})))


def _read(path: Path, option: str, load: Callable[[], Any]) -> Any:
    """What mdtraj reads, without its warnings of boxes that mean nothing in PDB files."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return load()
    except Exception as error:
        # Its readers raise whatever a damaged file leads to.
        reason = " ".join(str(error).split())[:160]
        raise DataError(path, f"{option}mdtraj cannot read it ({reason})") from None


def topology_file(top: Any, path: Path, option: str = "--top: ") -> Any:
    """Topology of mdtraj in a file, or as it is given.

    Raises
    ------
    DataError
        If there is none, or it cannot be read.
    """
    import mdtraj

    if top is None:
        raise DataError(path, "does not name its atoms: state --top, such as a PDB file")
    if not isinstance(top, Path):
        return top
    if not top.is_file():
        raise DataError(top, f"{option}there is no such file")
    return _read(top, option, lambda: mdtraj.load_topology(str(top)))


def topology_of(trajectory: Trajectory, top: Any, path: Path) -> Any:
    """Topology of a file that has atomic numbers only; bonds are found from distances.

    Raises
    ------
    DataError
        If a topology is given and is of other atoms.
    """
    import mdtraj
    from mdtraj.core.element import Element

    if top is not None:
        known = topology_file(top, path)
        other = np.array([atom.element.atomic_number for atom in known.atoms])
        if not np.array_equal(other, trajectory.numbers):
            raise DataError(path, f"its atoms are not those of --top ({len(other)} atoms)")
        return known
    made = mdtraj.Topology()
    residue = made.add_residue("MOL", made.add_chain())
    atoms = []
    for number, z in enumerate(trajectory.numbers):
        element = Element.getByAtomicNumber(int(z))
        atoms.append(made.add_atom(f"{element.symbol}{number + 1}", element, residue))
    for i, j in bonded_pairs(trajectory.numbers.tolist(), trajectory.positions[0]):
        made.add_bond(atoms[i], atoms[j])
    return made


def _moving(path: Path, suffix: str, x: Array) -> tuple[Array | None, Array | None]:
    """Velocities and forces, which mdtraj.load leaves out."""
    from mdtraj.formats import HDF5TrajectoryFile, TRRTrajectoryFile

    parts: tuple[Any, Any] = (None, None)
    if suffix in HDF5:
        with HDF5TrajectoryFile(str(path)) as handle:
            parts = handle.read().velocities, None
    elif suffix == ".trr":
        with TRRTrajectoryFile(str(path)) as handle:
            has = handle._check_has_velocities_forces()
            read = handle._read(len(x), None, get_velocities=has[0], get_forces=has[1])
            parts = (read[5] if has[0] else None), (read[6] if has[1] else None)
    return _array(path, "velocities", parts[0], x), _array(path, "forces", parts[1], x)


def _array(path: Path, name: str, part: Any, x: Array) -> Array | None:
    if part is None:
        return None
    made = np.asarray(part, dtype=np.float64)
    if made.shape != x.shape or not np.isfinite(made).all():
        raise DataError(path, f"{name} are {made.shape} or not finite; positions are {x.shape}")
    return made if made.any() else None


def _spacing(path: Path, times: Array) -> float:
    """Time between frames in ps."""
    if len(times) < 2:
        return 1.0
    steps = np.diff(times)
    mean = float(steps.mean())
    if mean <= 0 or np.abs(steps - mean).max() > UNEVEN * mean + 2e-7 * float(np.abs(times).max()):
        i = int(np.abs(steps - mean).argmax())
        raise DataError(
            path,
            f"times of frames {i + 1} and {i + 2} are {times[i]:g} and {times[i + 1]:g} ps, the"
            f" mean step is {mean:g} ps: frames must be equally spaced; or state --dt",
        )
    return float(f"{mean:.6g}")


def _check_whole(path: Path, x: Array, lengths: NDArray[Any] | None) -> None:
    """Refuse molecules that jump across a periodic box."""
    if lengths is None or len(x) < 2 or not np.all(np.asarray(lengths) > 0):
        return
    jump = np.abs(np.diff(x, axis=0)).max(axis=2)
    if (jump > 0.5 * float(np.min(lengths))).any():
        frame, atom = (int(i) for i in np.argwhere(jump > 0.5 * float(np.min(lengths)))[0])
        raise DataError(
            path,
            f"atom {atom + 1} moves by {jump[frame, atom]:.2f} nm from frame {frame + 1} to the"
            " next: molecules are cut by the box; make them whole first (mdtraj"
            " Trajectory.image_molecules)",
        )


def write(trajectory: Trajectory, topology: Any, path: Path) -> None:
    """Write a trajectory in a format of mdtraj, or as npz.

    Velocities are written to npz and HDF5 only.

    Raises
    ------
    DataError
        If mdtraj knows no such format.
    """
    import mdtraj

    suffix = path.suffix.lower()
    check_writable(path)
    if suffix == ".npz":
        save(trajectory, path)
        return
    times = trajectory.dt_ps * np.arange(len(trajectory))
    made = mdtraj.Trajectory(trajectory.positions.astype(np.float32), topology, time=times)
    with atomic(path) as temporary:
        if suffix in HDF5:
            with mdtraj.formats.HDF5TrajectoryFile(str(temporary), "w") as handle:
                handle.write(coordinates=made.xyz, time=made.time, velocities=trajectory.velocities)
                handle.topology = topology
        else:
            made.save(str(temporary))


def check_writable(path: Path, given: Path | None = None) -> None:
    """Refuse names of files that cannot be written, or that of the file that is read.

    Raises
    ------
    DataError
        If the suffix is unknown, or a package is missing.
    """
    import mdtraj

    suffix = path.suffix.lower()
    known = [
        ".npz",
        *sorted(mdtraj.Trajectory._savers(mdtraj.Trajectory(np.zeros((1, 1, 3)), None))),
    ]
    if suffix not in known:
        raise DataError(path, f"--out: suffix {suffix!r} is none of {', '.join(known)}")
    if given is not None and path.resolve() == given.resolve():
        raise DataError(path, "--out: is the file that is read")
    if suffix in HDF5 and find_spec("tables") is None:
        raise DataError(path, "--out: mdtraj needs PyTables for HDF5: pip install tables")
