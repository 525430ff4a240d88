"""Learned forces: a Gaussian process over inverse distances, on many geometries at once.

With inverse distances of all pairs of atoms times a scale, D, those D_m of the learned geometries
and their weights w_m, d_m = D - D_m and u = sqrt(7) |d_m| / width,

    E(D) = -sum_m 7 / (15 width^2) (3 + 3 u + u^2) exp(-u) d_m . w_m,

up to a constant (Matérn kernel 7/2; Chmiela et al., Nat. Commun. 9, 3887 (2018)); forces are its
negative gradient. `mechanist.trajectory.superres.forcefield` learns the weights.
"""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from mechanist.arrays import Array, Rows
from mechanist.bookkeeping.files import damage_reported
from mechanist.bookkeeping.model_files import FORCES_FORMAT, read_model, write_model
from mechanist.errors import DataError

CHUNK = 32
"""Geometries at once, so that their kernel fits the cache."""


def pairs(atoms: int) -> tuple[Rows, Rows]:
    """First and second atom of each of the P pairs."""
    first, second = np.triu_indices(atoms, 1)
    return first, second


def inverse_distances(x: Array) -> tuple[Array, Array]:
    """Inverse distances (B, P) in 1/nm and gradients (B, P, 3) for the first atom of each pair."""
    first, second = pairs(x.shape[1])
    away = x[:, first] - x[:, second]
    inverse = 1 / np.sqrt(np.einsum("bpx,bpx->bp", away, away))
    return inverse, -(inverse**3)[..., None] * away


def derivatives(apart: Array, width: float) -> tuple[Array, Array]:
    """Of the kernel at squared distances r^2: -k'/r, and -1/r times the derivative of that."""
    u = np.sqrt(7 * apart) / width
    decay = 7 / (15 * width**2) * np.exp(-u)
    return decay * (3 + u * (3 + u)), decay * (7 / width**2) * (1 + u)


@dataclass(frozen=True)
class KernelForces:
    """A learned force field.

    Parameters
    ----------
    points
        (M, P) scaled inverse distances in 1/nm of the learned geometries, with permuted copies.
    weights
        (M, P).
    width
        Of the kernel in 1/nm.
    scale
        (P,) factors of the inverse distances.
    """

    points: Array
    weights: Array
    width: float
    scale: Array

    @cached_property
    def _fixed(self) -> tuple[Array, Array, Array]:
        """|D_m|^2 and D_m . w_m (M,), and (N, P) with 1 and -1 for the atoms of each pair."""
        count = self.points.shape[1]
        atoms, rows = (1 + round((1 + 8 * count) ** 0.5)) // 2, np.arange(count)
        signs = np.zeros((atoms, count))
        for sign, atom in zip((1, -1), pairs(atoms), strict=True):
            signs[atom, rows] = sign
        square = np.einsum("mp,mp->m", self.points, self.points)
        return square, np.einsum("mp,mp->m", self.points, self.weights), signs

    def __call__(self, x: Array) -> Array:
        """Forces (B, N, 3) in kJ/mol/nm at positions (B, N, 3) in nm."""
        return self.energy_forces(x)[1]

    def energy(self, x: Array) -> Array:
        """Energies (B,) in kJ/mol, up to a constant, at positions (B, N, 3) in nm."""
        return self.energy_forces(x)[0]

    def energy_forces(self, x: Array) -> tuple[Array, Array, Array]:
        """Energies (B,), forces (B, N, 3), and squared distances (B,) from the nearest D_m."""
        parts = [self._chunk(x[i : i + CHUNK]) for i in range(0, len(x), CHUNK)]
        if not parts:
            return np.zeros(0), np.zeros_like(x), np.zeros(0)
        energies, forces, nearest = (np.concatenate(part) for part in zip(*parts, strict=True))
        return energies, forces, nearest

    @property
    def parameters(self) -> int:
        """Number of parameters."""
        return int(self.weights.size)

    def apart(self, scaled: Array) -> Array:
        """Squared distances (B, M) of scaled inverse distances (B, P) from the learned ones."""
        own = np.einsum("bp,bp->b", scaled, scaled)
        return np.asarray(np.maximum(own[:, None] + self._fixed[0] - 2 * scaled @ self.points.T, 0))

    def _chunk(self, x: Array) -> tuple[Array, Array, Array]:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            inverse, gradients = inverse_distances(x)
            scaled = inverse * self.scale
            apart = self.apart(scaled)
            soft, steep = derivatives(apart, self.width)
            along = scaled @ self.weights.T - self._fixed[1]
            energies = -np.einsum("bm,bm->b", soft, along)
            steep *= along
            pull = soft @ self.weights
            pull -= scaled * steep.sum(axis=1, keepdims=True) - steep @ self.points
            forces = self._fixed[2] @ ((pull * self.scale)[..., None] * gradients)
        return energies, forces, apart.min(axis=1)


@dataclass(frozen=True)
class ForcesOnFile:
    """A learned force field with what is known of it.

    Parameters
    ----------
    forces
        The force field.
    masses
        (N,) in Da.
    errors
        (N,) standard deviation of the error on each atom in kJ/mol/nm, on held-out frames.
    memory
        Correlation time of that error in ps.
    iterations
        Of bridges over gaps.
    """

    forces: KernelForces
    masses: Array
    errors: Array
    memory: float
    iterations: int


def write_forces(found: ForcesOnFile, weights_path: Path, json_path: Path) -> None:
    """Write learned forces."""
    forces = found.forces
    tensors = {name: getattr(forces, name) for name in ("points", "weights", "scale")}
    tensors |= {"masses": found.masses, "errors": found.errors}
    card = {
        "meaning": "sGDML forces over scaled inverse distances, Matern 7/2; bridges over gaps",
        "units": "points and width in 1/nm, masses in Da, errors in kJ/mol/nm, memory in ps",
        "width": forces.width,
        "memory": found.memory,
        "iterations": found.iterations,
    }
    write_model(weights_path, json_path, tensors, FORCES_FORMAT, card)


def read_forces(weights_path: Path, json_path: Path) -> ForcesOnFile:
    """Read learned forces.

    Raises
    ------
    DataError
        If a file is missing or damaged, or the two do not match.
    """
    card, tensors = read_model(weights_path, json_path, FORCES_FORMAT, "card of learned forces")
    with damage_reported(json_path):
        points, weights, scale = tensors["points"], tensors["weights"], tensors["scale"]
        masses, errors = tensors["masses"], tensors["errors"]
        width, memory = float(card["width"]), float(card["memory"])
        iterations = int(card["iterations"])
    atoms = len(masses)
    fits = points.shape == weights.shape == (len(points), atoms * (atoms - 1) // 2)
    fits = fits and scale.shape == points.shape[1:] and bool((scale > 0).all())
    if not fits or errors.shape != masses.shape or min(width, memory, iterations) <= 0:
        raise DataError(weights_path, f"shapes do not fit {json_path.name}; delete both")
    if not all(np.isfinite(value).all() for value in tensors.values()):
        raise DataError(weights_path, "holds numbers that are not finite; delete it")
    return ForcesOnFile(
        KernelForces(points, weights, width, scale), masses, errors, memory, iterations
    )
