"""A force field learned from accelerations: symmetric gradient-domain machine learning.

Chmiela, Sauceda, Mueller and Tkatchenko, Nat. Commun. 9, 3887 (2018). The energy is a Gaussian
process over the inverse distances of all pairs of atoms, each times a scale: D. Its kernel is the
Matérn kernel of order 7/2 (theirs is of order 5/2),

    k(D, D') = (1 + u + 2 u^2/5 + u^3/15) exp(-u),   u = sqrt(7) |D - D'| / width,

summed over the permutations of like atoms that occur in motion. Forces are derivatives of the
energy: they conserve energy, are equivariant to rotation and conserve momentum. They are learned
from forces, which in a trajectory by velocity Verlet are second differences of positions,

    F(x_n) = m [x_(n+1) - 2 x_n + x_(n-1)] / dt^2.
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Rows
from mechanist.errors import DataError
from mechanist.systems.forces.kernel import KernelForces, derivatives, inverse_distances, pairs
from mechanist.trajectory.trajectory import Trajectory

NUGGET = 1e-12
"""Regularisation of the kernel matrix, relative to its mean diagonal."""

LARGEST = 40_000
"""Largest number of rows of the kernel matrix, which takes 8 bytes per element."""


def pair_permutations(permutations: Rows) -> Rows:
    """Permutations (G, P) of pairs under permutations (G, N) of atoms."""
    atoms = permutations.shape[1]
    first, second = pairs(atoms)
    number = np.zeros((atoms, atoms), dtype=np.int64)
    number[first, second] = number[second, first] = np.arange(len(first))
    return np.stack([number[one[first], one[second]] for one in permutations])


@dataclass(frozen=True)
class Metric:
    """Distance between geometries.

    Parameters
    ----------
    scale
        (P,) factors of the inverse distances, the same for pairs that permutations exchange.
    width
        Of the kernel in 1/nm.
    """

    scale: Array
    width: float


def plain_metric(inverse: Array, orders: Rows) -> Metric:
    """Inverse distances (M, P) relative to their means, and a kernel ten times their spread.

    ``orders`` (G, P) are the permutations of pairs.
    """
    mean = inverse.mean(axis=0)[orders].mean(axis=0)
    scale = np.exp(np.log(mean).mean()) / mean
    return Metric(scale, float(10 * np.sqrt((scale * inverse).var(axis=0).sum())))


def fit_forces(
    positions: Array, forces: Array, permutations: Rows, metric: Metric | None = None
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
    metric
        Scale and width of the kernel; if None, `plain_metric`.

    Returns
    -------
    KernelForces
        The force field.

    Raises
    ------
    DataError
        If there are too many geometries, or two are equal.
    """
    import scipy.linalg

    count, size = len(positions), motions(positions.shape[1])
    if count * size > LARGEST:
        raise DataError("force field", f"{count} geometries are more than {LARGEST // size}")
    orders = pair_permutations(permutations)
    inverse, slopes, known = internal(positions, forces)
    metric = plain_metric(inverse, orders) if metric is None else metric
    inverse, slopes = inverse * metric.scale, slopes * metric.scale[:, None]
    matrix = covariance(inverse, slopes, orders, metric.width)
    matrix[np.diag_indices(len(matrix))] += NUGGET * np.trace(matrix) / len(matrix)
    try:
        # Only the lower triangle is filled; its transpose is the upper one in column order, which
        # LAPACK factorises without a copy.
        factor = scipy.linalg.cho_factor(matrix.T, overwrite_a=True, check_finite=False)
    except scipy.linalg.LinAlgError:
        raise DataError("force field", "two of its geometries are equal") from None
    solved = scipy.linalg.cho_solve(factor, known.reshape(-1)).reshape(known.shape)
    weights = [np.einsum("mpr,mr->mp", slopes[:, order], solved) for order in orders]
    points = [inverse[:, order] for order in orders]
    return KernelForces(np.concatenate(points), np.concatenate(weights), metric.width, metric.scale)


def motions(atoms: int) -> int:
    """Number of motions that change distances."""
    return 1 if atoms == 2 else 3 * atoms - 6


def internal(positions: Array, forces: Array) -> tuple[Array, Array, Array]:
    """Forces along motions that change distances; those along other motions vanish.

    Returns
    -------
    tuple of ndarray
        Inverse distances (M, P), their derivatives (M, P, R) along R orthonormal motions of each
        geometry, and the forces (M, R) along them.
    """
    inverse, gradients = inverse_distances(positions)
    count, atoms = positions.shape[:2]
    flat = jacobian(gradients, atoms)
    along = np.linalg.eigh(flat.swapaxes(1, 2) @ flat)[1][:, :, -motions(atoms) :]
    known = np.einsum("mx,mxr->mr", forces.reshape(count, -1), along)
    return inverse, flat @ along, known


def jacobian(gradients: Array, atoms: int) -> Array:
    """Derivatives (B, P, 3N) of inverse distances from those (B, P, 3) for the first atoms."""
    first, second = pairs(atoms)
    full, rows = np.zeros((*gradients.shape[:2], atoms, 3)), np.arange(len(first))
    full[:, rows, first], full[:, rows, second] = gradients, -gradients
    return full.reshape(*gradients.shape[:2], -1)


def covariance(inverse: Array, slopes: Array, orders: Rows, width: float) -> Array:
    """Covariance (M x R, M x R) of forces, lower triangle."""
    count, each, size = slopes.shape
    matrix = np.zeros((count * size, count * size))
    for order in orders:
        points, turned = inverse[:, order], slopes[:, order]
        flat = np.ascontiguousarray(turned.transpose(1, 0, 2))
        for i in range(count):
            upto = i + 1
            away = inverse[i] - points[:upto]
            soft, steep = derivatives(np.einsum("mp,mp->m", away, away), width)
            block = slopes[i].T @ flat[:, :upto].reshape(each, -1)
            block = block.reshape(size, upto, size)
            block *= soft[:, None]
            right = np.matmul(away[:, None], turned[:upto])[:, 0] * steep[:, None]
            block -= (away @ slopes[i]).T[:, :, None] * right
            matrix[i * size : upto * size, : upto * size] += block.reshape(size, -1)
    return matrix


def known_forces(trajectory: Trajectory) -> tuple[Array, Array]:
    """Geometries with forces to learn from.

    Where every step of velocity Verlet is stored, second differences of positions; else stored
    forces.

    Returns
    -------
    tuple of ndarray
        Positions in nm and forces in kJ/mol/nm, (F, N, 3) each.

    Raises
    ------
    DataError
        If not every step is stored, or this is unknown, and there are no forces.
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
