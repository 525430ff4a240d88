"""Numerical solutions of the backward Kolmogorov equation on grids.

Overdamped, in two dimensions: div(exp(-beta V) grad p) = 0 between the states, p = 0 in A and 1 in
B, reflecting box; five-point finite volumes with sqrt(rho_i rho_j) on the edges.

Langevin, in one dimension: v dp/dx + (-V'(x)/m - gamma v) dp/dv + gamma kT/m d2p/dv2 = 0 in phase
space (Kramers), p = 0 where trajectories enter A and 1 where they enter B. Velocities are expanded
in Hermite functions about the Maxwell distribution, so that the friction term is diagonal; x is a
staggered grid.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.linalg import spsolve

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Grid2D:
    """Committor (X, Y) on a grid with its axes, and the equilibrium density there."""

    x: Array
    y: Array
    committor: Array
    density: Array

    def q(self, positions: Array) -> Array:
        """ln(p / (1 - p)) at positions (F, 1, 3), bilinear in the logit."""
        from scipy.interpolate import RegularGridInterpolator

        p = np.clip(self.committor, 1e-12, 1 - 1e-12)
        table = RegularGridInterpolator(
            (self.x, self.y), np.log(p / (1 - p)), bounds_error=False, fill_value=None
        )
        xy = np.clip(positions[:, 0, :2], (self.x[0], self.y[0]), (self.x[-1], self.y[-1]))
        return np.clip(table(xy), -12, 12)


def overdamped_2d(
    potential: Callable[[Array, Array], Array],
    kt: float,
    box: tuple[float, float, float, float],
    in_a: Callable[[Array, Array], NDArray[np.bool_]],
    in_b: Callable[[Array, Array], NDArray[np.bool_]],
    size: int,
) -> Grid2D:
    """Solve the overdamped equation on ``size`` by ``size`` cells of a box (x0, x1, y0, y1)."""
    x, y = np.linspace(box[0], box[1], size), np.linspace(box[2], box[3], size)
    xx, yy = np.meshgrid(x, y, indexing="ij")
    energy = potential(xx, yy) / kt
    log_density = -(energy - energy.min())
    a, b = in_a(xx, yy), in_b(xx, yy)
    number = np.arange(size * size).reshape(size, size)
    spacing = (x[1] - x[0], y[1] - y[0])
    rows, columns, values = [], [], []
    for axis in (0, 1):
        first = number[:-1, :] if axis == 0 else number[:, :-1]
        second = number[1:, :] if axis == 0 else number[:, 1:]
        i, j = first.ravel(), second.ravel()
        flat = log_density.ravel()
        # Rows are scaled by the density of their own cell, which keeps the matrix well scaled.
        for m, n in ((i, j), (j, i)):
            rate = np.exp(np.clip(0.5 * (flat[n] - flat[m]), -200, 200)) / spacing[axis] ** 2
            rows += [m, m]
            columns += [n, m]
            values += [rate, -rate]
    matrix = coo_matrix(
        (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns))),
        shape=(size * size, size * size),
    ).tocsr()
    fixed = (a | b).ravel()
    p = np.where(b.ravel(), 1.0, 0.0)
    free = ~fixed
    p[free] = spsolve(matrix[free][:, free].tocsc(), -matrix[free][:, fixed] @ p[fixed])
    density = np.exp(log_density)
    return Grid2D(x, y, p.reshape(size, size), density / density.sum())
