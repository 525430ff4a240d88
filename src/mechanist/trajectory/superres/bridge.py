"""Bridges: paths of learned forces that meet both ends of a gap exactly.

A learned force field F is not exact: the true accelerations are F(x)/m + g(t), with an error g
that nobody knows but that is small, about as large for every atom of a kind, and smooth in time.
With it, velocity Verlet runs from the left end to the right one,

    v' = v + (h/2) [F(x)/m + g],   x' = x + h v',   v'' = v' + (h/2) [F(x')/m + g'],

and the positions and velocities at the right end are 6N conditions on g. Of all g that fulfil them
the most probable one of a Gaussian process with covariance C is taken (weak-constraint variational
assimilation: Tremolet, Q. J. R. Meteorol. Soc. 132, 2483 (2006)): with e what the end is missed by
and G = d(end)/dg of the linearised motion,

    g <- g + C G' (G C G')^-1 e,

repeated until the end is met (Gauss and Newton). Velocity Verlet and C are the same in both
directions of time. What rounding and the last iteration leave is shared by the path that starts at
the left and the one that starts at the right, so that the result is reversible to the last bit.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.trajectory.dataset import Ends
from mechanist.trajectory.superres.polynomials import hermite
from mechanist.trajectory.superres.protocol import Filled

Array = NDArray[np.float64]
Forces = Callable[[Array], Array]
"""Positions (B, N, 3) in nm to forces (B, N, 3) in kJ/mol/nm."""

STEP = 1e-6
"""Displacement in nm for derivatives of forces."""

BATCH = 16
"""Gaps at once."""


@dataclass(frozen=True)
class Bridge:
    """Fills gaps with paths of learned forces.

    Parameters
    ----------
    forces
        The learned force field.
    masses
        (N,) in Da.
    errors
        (N,) standard deviation of the error of the forces on each atom in kJ/mol/nm.
    memory
        Time in ps over which that error stays alike.
    iterations
        Of Gauss and Newton.
    """

    forces: Forces
    masses: Array
    errors: Array
    memory: float = 0.005
    iterations: int = 3

    def __call__(self, ends: Ends) -> Filled:
        """Missing frames: the mean of the paths from the left and from the right."""
        parts = [self._both(ends.rows(slice(i, i + BATCH))) for i in range(0, len(ends), BATCH)]
        return Filled(
            np.concatenate([part.positions for part in parts]),
            np.concatenate([part.velocities for part in parts]),
        )

    def _both(self, ends: Ends) -> Filled:
        one, other = self._one_way(ends), self._one_way(ends.reversed())
        return Filled(
            0.5 * (one.positions + other.positions[:, ::-1]),
            0.5 * (one.velocities - other.velocities[:, ::-1]),
        )

    def _one_way(self, ends: Ends) -> Filled:
        nodes = ends.inner + 2
        shape = (len(ends), nodes, *ends.x0.shape[1:])
        push = np.zeros(shape)
        x, v = self.shoot(ends, push)
        for _ in range(self.iterations):
            push = push + self._correction(ends, x, v)
            x, v = self.shoot(ends, push)
        return _closed(ends, x, v)

    def shoot(self, ends: Ends, push: Array) -> tuple[Array, Array]:
        """Velocity Verlet from the left ends with additional accelerations ``push``.

        Parameters
        ----------
        ends
            B gaps.
        push
            (B, inner + 2, N, 3) in nm/ps2.

        Returns
        -------
        tuple of ndarray
            Positions and velocities (B, inner + 2, N, 3) in nm and nm/ps.
        """
        x, v = np.empty_like(push), np.empty_like(push)
        x[:, 0], v[:, 0] = ends.x0, ends.v0
        h = ends.dt_ps
        a = self._accelerations(ends.x0) + push[:, 0]
        for k in range(ends.inner + 1):
            half = v[:, k] + 0.5 * h * a
            x[:, k + 1] = x[:, k] + h * half
            a = self._accelerations(x[:, k + 1]) + push[:, k + 1]
            v[:, k + 1] = half + 0.5 * h * a
        return x, v

    def _accelerations(self, x: Array) -> Array:
        return self.forces(x) / self.masses[:, None]

    def _stiffness(self, x: Array) -> Array:
        """Derivatives (B, 3N, 3N) of accelerations with respect to positions, in 1/ps2."""
        size = x[0].size
        shifts = STEP * np.eye(size).reshape(size, *x.shape[1:])
        moved = (x[:, None] + shifts).reshape(-1, *x.shape[1:])
        backs = (x[:, None] - shifts).reshape(-1, *x.shape[1:])
        slopes = (self._accelerations(moved) - self._accelerations(backs)) / (2 * STEP)
        return slopes.reshape(len(x), size, size).swapaxes(1, 2)

    def _correction(self, ends: Ends, x: Array, v: Array) -> Array:
        """The most probable additional accelerations (B, inner + 2, N, 3) that meet the end."""
        count, nodes = x.shape[:2]
        size = ends.x0[0].size
        # Positions are counted in units of h v, so that both halves of the state weigh alike.
        h = ends.dt_ps
        missed = np.concatenate(
            [(ends.x1 - x[:, -1]).reshape(count, -1), h * (ends.v1 - v[:, -1]).reshape(count, -1)],
            axis=1,
        )
        reach = self._reach(x, h)
        width = np.repeat(self.errors / self.masses, 3)
        reach *= width
        times = h * np.arange(nodes)
        alike = np.exp(-0.5 * ((times[:, None] - times) / self.memory) ** 2)
        spread = np.einsum("kl,blsi->bksi", alike, reach)
        gram = np.einsum("bksi,bkti->bst", reach, spread, optimize=True)
        trace = np.trace(gram, axis1=1, axis2=2) / (2 * size)
        gram += 1e-10 * trace[:, None, None] * np.eye(2 * size)
        weights = np.linalg.solve(gram, missed[..., None])[..., 0]
        push = np.einsum("bksi,bs->bki", spread, weights) * width
        return np.asarray(push.reshape(x.shape))

    def _reach(self, x: Array, h: float) -> Array:
        """How the end (positions, h times velocities) follows each push: (B, inner + 2, 6N, 3N)."""
        count, nodes = x.shape[:2]
        size = x[0, 0].size
        identity, zero = np.eye(size), np.zeros((size, size))
        of_x = np.tile(np.concatenate([identity, zero]), (count, 1, 1))
        of_v = np.tile(np.concatenate([zero, h * identity]), (count, 1, 1))
        reach = np.empty((count, nodes, 2 * size, size))
        reach[:, -1] = 0.5 * h * of_v
        after = self._stiffness(x[:, -1])
        for k in range(nodes - 2, -1, -1):
            before = self._stiffness(x[:, k])
            of_x = of_x + 0.5 * h * (of_v @ after)
            of_v = of_v + h * of_x
            of_x = of_x + 0.5 * h * (of_v @ before)
            reach[:, k] = (h if k else 0.5 * h) * of_v
            after = before
        return reach


def _closed(ends: Ends, x: Array, v: Array) -> Filled:
    """Inner frames, with what the right end is still missed by spread over them by Hermite."""
    none = np.zeros_like(ends.x0)
    rest = Ends(none, none, ends.x1 - x[:, -1], ends.v1 - v[:, -1], ends.inner, ends.dt_ps)
    mended = hermite(rest)
    return Filled(x[:, 1:-1] + mended.positions, v[:, 1:-1] + mended.velocities)
