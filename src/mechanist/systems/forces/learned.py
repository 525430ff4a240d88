"""Forces that `mechanist trajectory learn` has learned, as a force law.

With inverse distances of all pairs of atoms times a scale, D, those D_m of the learned geometries
and their weights w_m, d_m = D - D_m and u = sqrt(7) |d_m| / width,

    E(D) = -sum_m 7 / (15 width^2) (3 + 3 u + u^2) exp(-u) d_m . w_m,

up to a constant (Matérn kernel 7/2; Chmiela et al., Nat. Commun. 9, 3887 (2018); see
`mechanist.trajectory.superres.forcefield`). Far from all D_m the forces vanish, so that a molecule
would drift on without a word: geometries outside of what was learned have no result.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.bookkeeping.files import damage_reported
from mechanist.bookkeeping.model_files import FORCES_FORMAT, MODELS_FORMAT, read_model
from mechanist.errors import SystemBuildError
from mechanist.systems.forces.law import ForceLawError

FAR = 2.0
"""Largest distance of a geometry from the nearest learned one, in units of the largest distance of
a learned one from its nearest."""

CHUNK = 64
"""Geometries at once, so that their kernel fits the cache."""


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
        card, tensors = read_model(path, path.with_suffix(".json"), FORCES_FORMAT, "card of forces")
        with damage_reported(path):
            self._points, self._weights = tensors["points"], tensors["weights"]
            self._scale, self._width = tensors["scale"], float(card["width"])
            self.error = float(np.sqrt((tensors["errors"] ** 2).mean()))
            count = len(tensors["masses"])
        _same_molecule(path.parent, numbers, count)
        self._first, self._second = np.triu_indices(count, 1)
        self._signs = np.zeros((count, len(self._first)))
        rows = np.arange(len(self._first))
        self._signs[self._first, rows], self._signs[self._second, rows] = 1, -1
        self._square = np.einsum("mp,mp->m", self._points, self._points)
        self._product = np.einsum("mp,mp->m", self._points, self._weights)
        self._limit = FAR * self._spacing()
        print(
            f"mechanist: {file}: learned forces, {len(self._points):,} geometries with their"
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
        parts = [self._chunk(positions[i : i + CHUNK]) for i in range(0, len(positions), CHUNK)]
        energies, forces = (np.concatenate([part[i] for part in parts]) for i in (0, 1))
        if not np.isfinite(energies).any():
            raise ForceLawError(self._file, "the geometry is outside of what was learned")
        return energies, forces

    def forget(self) -> None:
        """Do nothing: the law has no memory."""

    def _chunk(self, x: Array) -> tuple[Array, Array]:
        """Energies (B,) and forces (B, N, 3) at positions (B, N, 3)."""
        away = x[:, self._first] - x[:, self._second]
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            inverse = 1 / np.sqrt(np.einsum("bpx,bpx->bp", away, away))
            gradients = -(inverse**3)[..., None] * away
            scaled = inverse * self._scale
            apart = self._apart(scaled)
            u = np.sqrt(7 * apart) / self._width
            decay = 7 / (15 * self._width**2) * np.exp(-u)
            soft, steep = decay * (3 + u * (3 + u)), decay * (7 / self._width**2) * (1 + u)
            along = scaled @ self._weights.T - self._product
            steep *= along
            pull = soft @ self._weights
            pull -= scaled * steep.sum(axis=1, keepdims=True) - steep @ self._points
            forces = self._signs @ ((pull * self._scale)[..., None] * gradients)
            energies = -(soft * along).sum(axis=1)
            outside = ~(apart.min(axis=1) <= self._limit**2)
        energies[outside], forces[outside] = np.nan, np.nan
        return energies, forces

    def _apart(self, scaled: Array) -> Array:
        """Squared distances (B, M) of scaled inverse distances (B, P) from the learned ones."""
        own = np.einsum("bp,bp->b", scaled, scaled)
        return np.asarray(np.maximum(own[:, None] + self._square - 2 * scaled @ self._points.T, 0))

    def _spacing(self) -> float:
        """Largest distance of a learned geometry from its nearest other one."""
        largest = 0.0
        for start in range(0, len(self._points), CHUNK):
            rows = np.arange(start, min(start + CHUNK, len(self._points)))
            apart = self._apart(self._points[rows])
            apart[np.arange(len(rows)), rows] = np.inf
            largest = max(largest, float(apart.min(axis=1).max()))
        return float(np.sqrt(largest))


def _same_molecule(folder: Path, numbers: NDArray[np.int64], count: int) -> None:
    """Refuse forces of other atoms, or of atoms in another order."""
    own: Any = None
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
