"""Numerical solutions of the backward Kolmogorov equation on grids.

Overdamped, in two dimensions: div(exp(-beta V) grad p) = 0 between the states, p = 0 in A and 1 in
B, reflecting box; five-point finite volumes with sqrt(rho_i rho_j) on the edges.

Langevin, in one dimension: v dp/dx + (-V'(x)/m - gamma v) dp/dv + gamma kT/m d2p/dv2 = 0 in phase
space (Kramers), p = 0 where trajectories enter A and 1 where they enter B. Finite differences of
second order: in x the equation is asked for at the middles of cells, with means and differences of
the values at their ends; in v on a grid without v = 0, with the friction term as a flux between
neighbours that leaves the Maxwell distribution as it is. (Gauss-Hermite nodes in v converge with
fewer of them but lose all digits beyond 32: their outer weights fall below rounding.)
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, diags, identity, kron
from scipy.sparse.linalg import spsolve

from mechanist.arrays import Array


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


@dataclass(frozen=True)
class PhaseSpace1D:
    """Committor (X, V) at positions x (X,) and velocities v (V,), which have weights w (V,)."""

    x: Array
    v: Array
    w: Array
    committor: Array
    energy: Array
    kt: float

    @property
    def p_b(self) -> Array:
        """(X,) committor of x with a thermal velocity."""
        return self.committor @ self.w

    @property
    def p_transition(self) -> Array:
        """(X,) chance that a two-way shot from x joins A and B.

        The halves share one velocity, so it is the mean of p(v)(1 - p(-v)) + p(-v)(1 - p(v)) over
        velocities, and 2 p_B (1 - p_B) only where friction makes the halves forget it at once.
        """
        back = self.committor[:, ::-1]
        return 2 * (self.committor * (1 - back)) @ self.w

    def at(self, values: Array, x: Array) -> Array:
        """Interpolate a property (X,) of the grid at positions (F,)."""
        from scipy.interpolate import CubicSpline

        return np.asarray(CubicSpline(self.x, values)(np.clip(x, self.x[0], self.x[-1])))

    def path_density(self, edges: Array) -> Array:
        """(K,) share of the time of transition paths that is spent between ``edges`` (K + 1,)."""
        from scipy.interpolate import CubicSpline

        mass = CubicSpline(self.x, np.exp(-self.energy / self.kt) * self.p_transition)
        shares = np.array([mass.integrate(a, b) for a, b in pairwise(edges)])
        return np.asarray(shares / shares.sum())

    def mean_path(self) -> float:
        """Mean duration of transition paths: time on them over flux of them, through each x."""
        from scipy.interpolate import CubicSpline

        density = np.exp(-self.energy / self.kt)
        time = CubicSpline(self.x, density * self.p_transition / 2).integrate(*self.x[[0, -1]])
        back = self.committor[:, ::-1]
        flux = density * ((self.committor * (1 - back)) @ (self.w * self.v))
        return float(time / np.median(flux))


def langevin_1d(
    energy: Callable[[Array], Array],
    force: Callable[[Array], Array],
    kt: float,
    friction: float,
    ends: tuple[float, float],
    cells: int,
    velocities: int,
) -> PhaseSpace1D:
    """Solve the Langevin equation for mass 1 between A, left of ``ends``, and B, right of them.

    ``cells`` in x; ``velocities``, an even number, out to six thermal velocities.
    """
    edge = np.linspace(-6, 6, velocities + 1) * np.sqrt(kt)
    v = 0.5 * (edge[1:] + edge[:-1])
    h = edge[1] - edge[0]
    w = np.exp(-(v**2) / (2 * kt))
    between = np.exp(-(edge[1:-1] ** 2) / (2 * kt)) * friction * kt / h**2
    up, down = np.append(between / w[:-1], 0), np.append(0, between / w[1:])
    thermostat = diags([down[1:], -up - down, up[:-1]], [-1, 0, 1])
    slope = diags([-np.ones(velocities - 1), np.ones(velocities - 1)], [-1, 1]).tolil() / (2 * h)
    slope = slope.tolil()
    slope[0, :2], slope[-1, -2:] = [-1 / h, 1 / h], [-1 / h, 1 / h]
    x = np.linspace(ends[0], ends[1], cells + 1)
    push = force(0.5 * (x[1:] + x[:-1]))
    local = kron(diags(push), slope) + kron(identity(cells), thermostat)
    mean = diags([0.5, 0.5], [0, 1], shape=(cells, cells + 1))
    step = diags([-1.0, 1.0], [0, 1], shape=(cells, cells + 1)) / (x[1] - x[0])
    stay = identity(velocities)
    matrix = (local @ kron(mean, stay) + kron(step, diags(v))).tocsc()
    known = np.zeros((cells + 1, velocities), dtype=bool)
    known[0, v < 0], known[-1, v > 0] = True, True
    p = np.zeros((cells + 1, velocities))
    p[-1, v > 0] = 1.0
    free, flat = ~known.ravel(), p.ravel()
    flat[free] = spsolve(matrix[:, free], -matrix[:, ~free] @ flat[~free])
    return PhaseSpace1D(x, v, w / w.sum(), p, energy(x), kt)
