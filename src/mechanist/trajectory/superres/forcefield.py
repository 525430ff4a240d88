"""A force field learned from accelerations: symmetric gradient-domain machine learning.

Chmiela, Sauceda, Mueller and Tkatchenko, Nat. Commun. 9, 3887 (2018). The energy is a Gaussian
process over the inverse distances D of all pairs of atoms, with the Matern kernel

    k(D, D') = (1 + u + u^2/3) exp(-u),   u = sqrt(5) |D - D'| / width,

summed over the permutations of like atoms that motion can bring about. Forces are its derivatives,
so they conserve energy, turn with the molecule and have no net momentum. They are learned from
forces: in a trajectory by velocity Verlet these are the second differences of the positions,

    F(x_n) = m [x_(n+1) - 2 x_n + x_(n-1)] / dt^2.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mechanist.errors import DataError
from mechanist.trajectory.trajectory import Trajectory

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

CHUNK = 512
"""Geometries at once."""

NUGGET = 1e-12
"""Added to the diagonal of the kernel matrix, in parts of its mean."""

LARGEST = 40_000
"""Rows of the kernel matrix at most; it takes 8 bytes for each square."""


def pairs(atoms: int) -> tuple[Rows, Rows]:
    """First and second atom of each of the P pairs."""
    first, second = np.triu_indices(atoms, 1)
    return first, second


def inverse_distances(x: Array) -> tuple[Array, Array]:
    """Inverse distances (B, P) in 1/nm and their gradients (B, P, 3) for the first atom of each."""
    first, second = pairs(x.shape[1])
    away = x[:, first] - x[:, second]
    inverse = 1 / np.sqrt(np.einsum("bpx,bpx->bp", away, away))
    return inverse, -(inverse**3)[..., None] * away


def pair_permutations(permutations: Rows) -> Rows:
    """Permutations (G, P) of pairs that permutations (G, N) of atoms bring about."""
    atoms = permutations.shape[1]
    first, second = pairs(atoms)
    number = np.zeros((atoms, atoms), dtype=np.int64)
    number[first, second] = number[second, first] = np.arange(len(first))
    return np.stack([number[one[first], one[second]] for one in permutations])


@dataclass(frozen=True)
class KernelForces:
    """A learned force field.

    Parameters
    ----------
    points
        (M, P) inverse distances in 1/nm of the geometries that were learned from, with their
        permuted copies.
    weights
        (M, P).
    width
        Of the kernel in 1/nm.
    """

    points: Array
    weights: Array
    width: float

    @cached_property
    def _norms(self) -> tuple[Array, Array]:
        square = np.einsum("mp,mp->m", self.points, self.points)
        return square, np.einsum("mp,mp->m", self.points, self.weights)

    def __call__(self, x: Array) -> Array:
        """Forces (B, N, 3) in kJ/mol/nm at positions (B, N, 3) in nm."""
        parts = [self._forces(x[i : i + CHUNK]) for i in range(0, len(x), CHUNK)]
        return np.concatenate(parts) if parts else np.zeros_like(x)

    def _forces(self, x: Array) -> Array:
        inverse, gradients = inverse_distances(x)
        square, product = self._norms
        own = np.einsum("bp,bp->b", inverse, inverse)
        apart = np.maximum(own[:, None] + square - 2 * inverse @ self.points.T, 0)
        u = np.sqrt(5 * apart) / self.width
        decay = 5 / (3 * self.width**2) * np.exp(-u)
        along = decay * (5 / self.width**2) * (inverse @ self.weights.T - product)
        pull = (decay * (1 + u)) @ self.weights
        pull -= inverse * along.sum(axis=1, keepdims=True) - along @ self.points
        first, second = pairs(x.shape[1])
        each = pull[..., None] * gradients
        forces = np.zeros_like(x)
        for pair, (i, j) in enumerate(zip(first, second, strict=True)):
            forces[:, i] += each[:, pair]
            forces[:, j] -= each[:, pair]
        return forces

    @property
    def parameters(self) -> int:
        """Numbers that were learned."""
        return int(self.weights.size)


def fit_forces(
    positions: Array, forces: Array, permutations: Rows, width: float | None = None
) -> KernelForces:
    """Learn forces by one linear solve.

    Parameters
    ----------
    positions
        (M, N, 3) in nm.
    forces
        (M, N, 3) in kJ/mol/nm.
    permutations
        (G, N) of like atoms.
    width
        Of the kernel in 1/nm; if None, ten times the spread of the inverse distances.

    Returns
    -------
    KernelForces
        The force field.

    Raises
    ------
    DataError
        If there are too many geometries, or two are the same.
    """
    import scipy.linalg

    count, size = len(positions), positions[0].size
    if count * size > LARGEST:
        raise DataError("force field", f"{count} geometries are more than {LARGEST // size}")
    inverse, jacobian = _jacobian(positions)
    if width is None:
        width = float(10 * np.sqrt(inverse.var(axis=0).sum()))
    orders = pair_permutations(permutations)
    matrix = _kernel(inverse, jacobian, orders, width)
    matrix[np.diag_indices(len(matrix))] += NUGGET * np.trace(matrix) / len(matrix)
    try:
        # Of a symmetric matrix the transpose is the same; LAPACK works on it without a copy.
        factor = scipy.linalg.cho_factor(matrix.T, lower=True, overwrite_a=True, check_finite=False)
    except scipy.linalg.LinAlgError:
        raise DataError("force field", "two of its geometries are the same") from None
    solved = scipy.linalg.cho_solve(factor, forces.reshape(-1)).reshape(count, size)
    weights = [np.einsum("mpx,mx->mp", jacobian[:, order], solved) for order in orders]
    points = [inverse[:, order] for order in orders]
    return KernelForces(np.concatenate(points), np.concatenate(weights), width)


def _jacobian(x: Array) -> tuple[Array, Array]:
    """Inverse distances (M, P) and their derivatives (M, P, 3N)."""
    inverse, gradients = inverse_distances(x)
    first, second = pairs(x.shape[1])
    full = np.zeros((*inverse.shape, x.shape[1], 3))
    rows = np.arange(len(first))
    full[:, rows, first], full[:, rows, second] = gradients, -gradients
    return inverse, full.reshape(*inverse.shape, -1)


def _kernel(inverse: Array, jacobian: Array, orders: Rows, width: float) -> Array:
    """Covariance (M x 3N, M x 3N) of forces."""
    count, _, size = jacobian.shape
    matrix = np.zeros((count * size, count * size))
    for order in orders:
        points, slopes = inverse[:, order], jacobian[:, order]
        flat = np.ascontiguousarray(slopes.transpose(1, 0, 2)).reshape(len(order), -1)
        for i in range(count):
            away = inverse[i] - points
            u = np.sqrt(5 * np.einsum("mp,mp->m", away, away)) / width
            decay = 5 / (3 * width**2) * np.exp(-u)
            block = (jacobian[i].T @ flat).reshape(size, count, size)
            block *= (decay * (1 + u))[:, None]
            left = away @ jacobian[i]
            right = np.einsum("mp,mpx->mx", away, slopes) * (decay * 5 / width**2)[:, None]
            block -= left.T[:, :, None] * right
            matrix[i * size : (i + 1) * size] += block.reshape(size, -1)
    return matrix


def known_forces(trajectory: Trajectory) -> tuple[Array, Array]:
    """Geometries with forces to learn from.

    Second differences of the positions where every step of velocity Verlet is stored, so that
    nothing but positions is needed; else the forces that are stored.

    Returns
    -------
    tuple of ndarray
        Positions in nm and forces in kJ/mol/nm, (F, N, 3) each.

    Raises
    ------
    DataError
        If not every step is stored, or that is not known, and there are no forces.
    """
    step = trajectory.meta.integrator_dt_ps
    if step is not None and np.isclose(step, trajectory.dt_ps, rtol=1e-9):
        return verlet_forces(trajectory)
    if trajectory.forces is None:
        raise DataError(
            "trajectory", "does not store every step of its integrator, and has no forces"
        )
    return trajectory.positions, trajectory.forces


def verlet_forces(trajectory: Trajectory) -> tuple[Array, Array]:
    """Positions and forces (T - 2, N, 3) from second differences of the positions.

    Returns
    -------
    tuple of ndarray
        Positions in nm and forces in kJ/mol/nm of all frames but the first and the last.
    """
    x, dt = trajectory.positions, trajectory.dt_ps
    bend = (x[2:] - 2 * x[1:-1] + x[:-2]) / dt**2
    return x[1:-1], trajectory.masses[:, None] * bend
