"""Reader of MD17, rMD17 and sGDML files, which users download.

MD17: Chmiela, Tkatchenko, Sauceda, Poltavsky, Schuett and Mueller, Sci. Adv. 3, e1603015 (2017).
rMD17: Christensen and von Lilienfeld, Mach. Learn.: Sci. Technol. 1, 045018 (2020). Lengths are in
Angstrom, energies in kcal/mol, unless an sGDML file names other units. The frames of rMD17 are
drawn at random, so they are not a trajectory.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.bookkeeping.npz import read_npz
from mechanist.errors import DataError
from mechanist.trajectory.trajectory import Meta, Trajectory, masses_of

LENGTHS = {"ang": 0.1, "angstrom": 0.1, "å": 0.1, "bohr": 0.0529177211, "nm": 1.0}
"""Units of ``r_unit`` in nm."""

ENERGIES = {
    "kcal/mol": 4.184,
    "kj/mol": 1.0,
    "ev": 96.4853321,
    "mev": 0.0964853321,
    "ha": 2625.49964,
    "hartree": 2625.49964,
}
"""Units of ``e_unit`` in kJ/mol."""

NAMES = {
    "positions": ("R", "coords"),
    "numbers": ("z", "nuclear_charges"),
    "energy": ("E", "energies"),
    "forces": ("F", "forces"),
}
"""Names of the arrays in MD17 and sGDML files, and in rMD17 files."""


def read_md17(
    path: Path, dt_ps: float, temperature_K: float | None = None, ordered: bool = True
) -> Trajectory:
    """Read a file as a trajectory.

    Parameters
    ----------
    path
        An npz file.
    dt_ps
        Time between frames in ps, which the files do not contain; MD17: 0.0005.
    temperature_K
        Of the thermostat; MD17: 500.
    ordered
        Whether frames must be in the order of time. If not, rMD17 is read too, as geometries with
        forces to learn from.

    Returns
    -------
    Trajectory
        Without velocities, which the files do not hold.

    Raises
    ------
    DataError
        If the file is missing or damaged, holds objects, its arrays do not match, or a unit is
        unknown.
    """
    content = read_npz(path)
    if ordered and "old_indices" in content:
        raise DataError(path, "rMD17: its frames are drawn at random and have no order in time")
    parts = {name: _find(content, names) for name, names in NAMES.items()}
    positions, numbers = parts["positions"], parts["numbers"]
    if positions is None or numbers is None:
        raise DataError(path, "lacks R and z, as MD17 and sGDML files have them")
    energy, forces = parts["energy"], parts["forces"]
    _check(path, positions, numbers, energy, forces)
    whole = numbers.astype(np.int64)
    length = _unit(path, content, "r_unit", "Ang", LENGTHS)
    joule = _unit(path, content, "e_unit", "kcal/mol", ENERGIES)
    try:
        return Trajectory(
            positions=positions.astype(np.float64) * length,
            dt_ps=dt_ps,
            numbers=whole,
            masses=masses_of(whole),
            forces=None if forces is None else forces.astype(np.float64) * (joule / length),
            energy=None if energy is None else energy.astype(np.float64).reshape(-1) * joule,
            meta=Meta(
                ensemble="nvt-global",
                source=path.name,
                level_of_theory=str(content.get("theory", "")),
                temperature_K=temperature_K,
            ),
        )
    except DataError as error:
        raise DataError(path, error.what) from None


def _find(content: dict[str, NDArray[Any]], names: tuple[str, ...]) -> NDArray[Any] | None:
    return next((content[name] for name in names if name in content), None)


def _unit(
    path: Path, content: dict[str, NDArray[Any]], key: str, usual: str, known: dict[str, float]
) -> float:
    """The unit that an sGDML file names."""
    name = str(content.get(key, usual)).strip()
    if name.lower() not in known:
        raise DataError(path, f"{key} {name[:20]!r} is none of {', '.join(known)}")
    return known[name.lower()]


def _check(
    path: Path,
    positions: NDArray[Any],
    numbers: NDArray[Any],
    energy: NDArray[Any] | None,
    forces: NDArray[Any] | None,
) -> None:
    """Refuse arrays of text, of the wrong shape or of another number of frames."""
    for name, array in (("R", positions), ("z", numbers), ("E", energy), ("F", forces)):
        if array is not None and array.dtype.kind not in "fiu":
            raise DataError(path, f"{name} does not hold numbers")
    if positions.ndim != 3 or positions.shape[2] != 3 or len(positions) == 0:
        raise DataError(path, f"R is {positions.shape}, not (frames, atoms, 3)")
    if numbers.shape != (positions.shape[1],):
        raise DataError(path, f"z names {numbers.size} atoms, R holds {positions.shape[1]}")
    if energy is not None and energy.size != len(positions):
        raise DataError(path, f"E has {energy.size} frames, R {len(positions)}")
    if forces is not None and forces.shape != positions.shape:
        raise DataError(path, f"F is {forces.shape}, R {positions.shape}")
