"""Forces that `mechanist trajectory learn` has learned, as a force law.

Far from all learned geometries the forces of `systems.forces.kernel` vanish, so that a molecule
would drift on without a word: geometries outside of what was learned have no result.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.bookkeeping.files import damage_reported
from mechanist.bookkeeping.model_files import MODELS_FORMAT, read_model
from mechanist.errors import SystemBuildError
from mechanist.systems.forces.kernel import CHUNK, KernelForces, read_forces
from mechanist.systems.forces.law import ForceLawError

FAR = 2.0
"""Largest distance of a geometry from the nearest learned one, in units of the largest distance of
a learned one from its nearest."""


class Learned:
    """A learned force field; one replica costs as much as a row of many.

    Parameters
    ----------
    file
        ``forces.safetensors`` in a folder of models.
    numbers
        (N,) atomic numbers of the system.

    Raises
    ------
    SystemBuildError
        If the forces are those of another molecule.
    DataError
        If a file is missing or damaged.
    """

    batched = True

    def __init__(self, file: str, numbers: NDArray[np.int64]) -> None:
        path = Path(file)
        self._file = file
        known = read_forces(path, path.with_suffix(".json"))
        self._forces = known.forces
        self.error = float(np.sqrt((known.errors**2).mean()))
        _same_molecule(path.parent, numbers, len(known.masses))
        self._limit = FAR * spacing(known.forces)
        print(
            f"mechanist: {file}: learned forces, {len(known.forces.points):,} geometries with their"
            f" permutations; error {self.error:.3g} kJ/mol/nm a component on frames held out",
            file=sys.stderr,
            flush=True,
        )

    def energy_forces(self, positions: Array) -> tuple[Array, Array]:
        """See `mechanist.systems.forces.law.ForceLaw`; NaN outside of what was learned.

        Raises
        ------
        ForceLawError
            If no replica has a result.
        """
        energies, forces, nearest = self._forces.energy_forces(positions)
        outside = ~(nearest <= self._limit**2)
        energies[outside], forces[outside] = np.nan, np.nan
        if not np.isfinite(energies).any():
            raise ForceLawError(self._file, "the geometry is outside of what was learned")
        return energies, forces

    def forget(self) -> None:
        """Do nothing: the law has no memory."""


def spacing(forces: KernelForces) -> float:
    """Largest distance of a learned geometry from its nearest other one, in 1/nm."""
    points, largest = forces.points, 0.0
    for start in range(0, len(points), CHUNK):
        rows = np.arange(start, min(start + CHUNK, len(points)))
        apart = forces.apart(points[rows])
        apart[np.arange(len(rows)), rows] = np.inf
        largest = max(largest, float(apart.min(axis=1).max()))
    return float(np.sqrt(largest))


def _same_molecule(folder: Path, numbers: NDArray[np.int64], count: int) -> None:
    """Refuse forces of other atoms, or of atoms in another order."""
    files = folder / "conformations.safetensors", folder / "card.json"
    tensors = read_model(*files, MODELS_FORMAT, "card of trajectory models")[1]
    with damage_reported(files[0]):
        own = tensors["numbers"].astype(np.int64)
    if len(own) != count or not np.array_equal(own, numbers):
        raise SystemBuildError(
            str(folder),
            f"holds forces of {count} atoms with atomic numbers {_shown(own)}, but the system has"
            f" {_shown(numbers)}, in this order",
        )


def _shown(numbers: NDArray[np.int64]) -> str:
    text = " ".join(map(str, numbers[:12].tolist()))
    return text + (" ..." if len(numbers) > 12 else "")
