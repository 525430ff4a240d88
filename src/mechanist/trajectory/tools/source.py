"""What a file of a user holds: positions, and, if they are there, velocities, forces and times.

mdtraj reads its formats, `md17` files of MD17 and sGDML, `store` our own. Two things that files do
not say are found from the numbers. With forces F and second differences of positions, the least
squares of m d2x = dt^2 F give the time between frames; a low correlation of both means that frames
are not in the order of time, or not next to each other. Velocities that fit forward or backward
differences of positions better than central ones belong to half a step before or after, and are
replaced by central differences, which are the velocities of velocity Verlet.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.bookkeeping.npz import read_npz
from mechanist.errors import DataError
from mechanist.trajectory import store
from mechanist.trajectory.md17 import read_md17
from mechanist.trajectory.tools.mdtraj_files import read_file, rounding, topology_of
from mechanist.trajectory.tools.plausible import check_energies, check_positions, fit_of_velocities
from mechanist.trajectory.trajectory import Trajectory

EXACT = 1e-9
"""Rounding of positions in nm up to which second differences are forces."""

CLOSE_PS = 0.0011
"""Time between frames up to which central differences are velocities."""

IN_ORDER = 0.9
"""Least correlation of forces with second differences of positions that follow each other."""

COLDEST, HOTTEST = 50.0, 3000.0
"""Range of mean temperatures in K beyond which forces are in another unit, unless times are given.
"""

EVERY_STEP = 3e-3
"""Relative difference of both up to which every step of velocity Verlet is stored."""

FITTING = 0.9
"""Least correlation of velocities with close steps of positions; else they are of other frames."""

HALF_STEP = 0.5
"""Deviation from one-sided differences, relative to that from central ones, below which velocities
belong to half a step before or after."""


@dataclass(frozen=True)
class Source:
    """A trajectory with what is known of its file.

    Parameters
    ----------
    path
        The file.
    trajectory
        Its frames; velocities belong to the times of the positions.
    topology
        Of mdtraj.
    rounding_nm
        Of positions in the file.
    notes
        What was found, a sentence each.
    """

    path: Path
    trajectory: Trajectory
    topology: Any
    rounding_nm: float
    notes: tuple[str, ...]


def read(
    path: Path,
    top: Any = None,
    dt_ps: float | None = None,
    every_frame: bool = True,
    times: bool = True,
) -> Source:
    """Read a file and find out what it holds.

    Parameters
    ----------
    path
        In a format of mdtraj, or npz of MD17, sGDML or `store`.
    top
        Topology of mdtraj, or a file with one; not needed where the file names its atoms.
    dt_ps
        Time between frames, where the file does not say it or says it wrongly.
    every_frame
        Whether forces must fit second differences of positions; not of every n-th frame.
    times
        Whether the time between frames matters; not of a start.

    Raises
    ------
    DataError
        If the file is missing, damaged, of other atoms, or its frames are not in order of time.
    """
    option = "--dt, such as 0.5fs" if every_frame else "--stride"
    notes: list[str] = []
    if path.suffix.lower() == ".npz":
        trajectory = _of_npz(path, dt_ps, every_frame, option if times else "", notes)
        digits = rounding(trajectory.positions)
        topology = topology_of(trajectory, top, path)
    else:
        trajectory, topology, digits = read_file(path, top, dt_ps, option if times else "")
    check_positions(path, trajectory.positions)
    trajectory = _of_one_step(trajectory, digits, notes)
    trajectory = _on_step(path, trajectory, digits, notes)
    return Source(path, trajectory, topology, digits, tuple(notes))


def _of_npz(
    path: Path, dt_ps: float | None, every_frame: bool, option: str, notes: list[str]
) -> Trajectory:
    content = read_npz(path)
    if "format" in content:
        trajectory = store.load(path)
        return trajectory if dt_ps is None else replace(trajectory, dt_ps=dt_ps)
    trajectory = read_md17(path, 1.0 if dt_ps is None else dt_ps)
    if trajectory.forces is None or not every_frame:
        if dt_ps is None and option:
            raise DataError(path, f"holds no times: state {option}")
        return trajectory
    if trajectory.energy is not None:
        parts = trajectory.positions, trajectory.forces, trajectory.energy
        check_energies(path, *parts)
    alike, found = _times(path, trajectory)
    if alike < IN_ORDER:
        raise DataError(
            path,
            f"forces and second differences of R have correlation {alike:.2f}: its frames are not"
            " in the order of time, or too far apart",
        )
    if dt_ps is not None:
        if abs(found / dt_ps - 1) > 0.02:
            raise DataError(
                path,
                f"--dt {1e3 * dt_ps:g} fs: its forces and positions say {1e3 * found:.4g} fs, or"
                " they are in other units than kcal/mol and Angstrom",
            )
        return trajectory
    found = float(f"{found:.4g}")
    trajectory = replace(trajectory, dt_ps=found)
    warm = _central(trajectory, "", []).temperature()
    said = f"from forces and positions; the mean temperature is then {warm:.0f} K"
    if not COLDEST < warm < HOTTEST:
        raise DataError(
            path,
            f"frames would be {1e3 * found:g} fs apart, {said}: they are in other units than"
            f" kcal/mol and Angstrom; if they are not, state --dt {1e3 * found:g}fs",
        )
    notes.append(f"time between frames {1e3 * found:g} fs, {said}")
    return trajectory


def _times(path: Path, trajectory: Trajectory) -> tuple[float, float]:
    """Correlation of forces with second differences, and the time between frames in ps."""
    assert trajectory.forces is not None
    if len(trajectory) < 3:
        raise DataError(path, f"{len(trajectory)} frames; at least 3 are needed")
    bend, force = _bends(trajectory.positions), trajectory.forces[1:-1]
    bend = bend * trajectory.masses[:, None]
    product = float((bend * force).sum())
    square = float((force**2).sum())
    size = np.sqrt(square * float((bend**2).sum()))
    alike = product / size if size > 0 else 0.0
    return alike, float(np.sqrt(max(product / square, 0.0))) if square > 0 else 0.0


def _bends(x: Array) -> Array:
    return np.asarray(x[2:] - 2 * x[1:-1] + x[:-2])


def _of_one_step(trajectory: Trajectory, digits: float, notes: list[str]) -> Trajectory:
    """Note whether every step is stored, in double precision, so that forces follow from x."""
    if trajectory.meta.integrator_dt_ps is not None or digits > EXACT or len(trajectory) < 3:
        return trajectory
    if trajectory.forces is None:
        if trajectory.dt_ps > CLOSE_PS:
            return trajectory
        notes.append("forces are second differences of positions")
    else:
        bend = trajectory.masses[:, None] * _bends(trajectory.positions) / trajectory.dt_ps**2
        off = np.sqrt(((bend - trajectory.forces[1:-1]) ** 2).mean())
        if off > EVERY_STEP * np.sqrt((trajectory.forces**2).mean()):
            return trajectory
        notes.append("every step of the integrator is stored")
    return replace(trajectory, meta=replace(trajectory.meta, integrator_dt_ps=trajectory.dt_ps))


def _on_step(path: Path, trajectory: Trajectory, digits: float, notes: list[str]) -> Trajectory:
    """The trajectory with velocities at the times of its positions, where they can be had."""
    x, dt = trajectory.positions, trajectory.dt_ps
    close = dt <= CLOSE_PS and digits <= 1e-6 and len(x) > 3
    if trajectory.velocities is None:
        what = "velocities are central differences"
        return _central(trajectory, what, notes) if close else trajectory
    if fit_of_velocities(path, x, trajectory.velocities, dt) < FITTING and close:
        return _central(trajectory, "velocities do not fit positions; differences are used", notes)
    if len(x) > 3 and trajectory.meta.velocity_time == "on-step":
        v = trajectory.velocities[1:-1]
        central = np.abs(v - (x[2:] - x[:-2]) / (2 * dt)).mean()
        ahead = np.abs(v - (x[2:] - x[1:-1]) / dt).mean()
        behind = np.abs(v - (x[1:-1] - x[:-2]) / dt).mean()
        if min(ahead, behind) > HALF_STEP * central:
            return trajectory
    if close:
        what = "velocities belong to half a step before or after; central differences are used"
        return _central(trajectory, what, notes)
    if len(x) <= 3 and trajectory.meta.velocity_time == "on-step":
        return trajectory
    notes.append("velocities do not belong to the times of the positions and are not used")
    return replace(trajectory, velocities=None)


def _central(trajectory: Trajectory, what: str, notes: list[str]) -> Trajectory:
    x = trajectory.positions
    v = (x[2:] - x[:-2]) / (2 * trajectory.dt_ps)
    notes.append(what)
    meta = replace(trajectory.meta, velocity_time="on-step")
    return replace(trajectory[1:-1], velocities=v, meta=meta)


def check_atoms(source: Source, numbers: NDArray[np.int64], model: Path) -> None:
    """Refuse a file of another molecule than that of a model.

    Raises
    ------
    DataError
        If number, elements or order of the atoms differ.
    """
    own = source.trajectory.numbers
    if len(own) != len(numbers):
        raise DataError(
            source.path,
            f"has {len(own)} atoms ({formula(own)}); {model} is a model of"
            f" {len(numbers)} ({formula(numbers)})",
        )
    other = np.flatnonzero(own != numbers)
    if len(other):
        i = int(other[0])
        raise DataError(
            source.path,
            f"atom {i + 1} is {symbol(own[i])}; in {model} it is {symbol(numbers[i])}"
            f" ({formula(numbers)}): another molecule, or another order of atoms",
        )


def symbol(number: Any) -> str:
    """Symbol of an element."""
    from openmm.app import Element

    return str(Element.getByAtomicNumber(int(number)).symbol)


def formula(numbers: NDArray[np.int64]) -> str:
    """Sum formula, C and H first."""
    found = {symbol(z): int((numbers == z).sum()) for z in np.unique(numbers)}
    order = sorted(found, key=lambda name: ({"C": 0, "H": 1}.get(name, 2), name))
    return "".join(name + (str(found[name]) if found[name] > 1 else "") for name in order)
