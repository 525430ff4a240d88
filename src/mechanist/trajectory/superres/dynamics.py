"""Motion by forces with an error of known size, and what that error does to the end of a path.

The true accelerations are F(x)/m + g(t). The error g is unknown: a Gaussian process, independent
between atoms, with the standard deviation of each atom and the covariance
exp[-(t - t')^2 / (2 memory^2)] in time. With G = d(end)/dg of the linearised motion, the end has
the covariance G C G'.

| symbol | variable | meaning |
|---|---|---|
| C | ``alike`` | covariance in time, in units of the variance of an atom |
| G | ``pulls`` | derivatives of the end, (positions, h times velocities), in g at each node |
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Rows
from mechanist.trajectory.integrator import begin, walk
from mechanist.trajectory.superres.stiffness import Forces, stiffness

NUGGET = 1e-10
"""Regularisation of G C G', relative to its mean diagonal."""


@dataclass(frozen=True)
class Dynamics:
    """Forces with the statistics of their error.

    Parameters
    ----------
    forces
        The force field.
    masses
        (N,) in Da.
    errors
        (N,) standard deviation of the error of the forces on each atom in kJ/mol/nm.
    memory
        Correlation time of that error in ps.
    """

    forces: Forces
    masses: Array
    errors: Array
    memory: float

    @property
    def width(self) -> Array:
        """(3N,) standard deviation of g in nm/ps2."""
        return np.repeat(self.errors / self.masses, 3)

    def accelerations(self, x: Array) -> Array:
        """In nm/ps2 at positions (B, N, 3) in nm."""
        return self.forces(x) / self.masses[:, None]

    def run(
        self, x: Array, v: Array, h: float, steps: int, push: Array | None = None
    ) -> tuple[Array, Array]:
        """Velocity Verlet from states (B, N, 3).

        Parameters
        ----------
        x, v
            In nm and nm/ps.
        h
            Step in ps.
        steps
            Their number.
        push
            (B, steps + 1, N, 3) additional accelerations in nm/ps2.

        Returns
        -------
        tuple of ndarray
            Positions and velocities (B, steps + 1, N, 3), the start included.
        """
        pushes = iter(np.zeros(steps + 1) if push is None else push.swapaxes(0, 1))

        def pull(x: Array) -> Array:
            return np.asarray(self.accelerations(x) + next(pushes))

        path = list(walk(pull, begin(pull, x, v), h, steps))
        return np.stack([one.x for one in path], 1), np.stack([one.v for one in path], 1)

    def slopes(self, x: Array) -> Array:
        """Derivatives (..., 3N, 3N) of accelerations with respect to positions, in 1/ps2."""
        flat = x.reshape(-1, *x.shape[-2:])
        result = stiffness(self.forces, flat) / np.repeat(self.masses, 3)[:, None]
        return result.reshape(*x.shape[:-2], *result.shape[1:])

    def end_covariance(self, pulls: Array, alike: Array) -> tuple[Array, Array]:
        """C G' (B, L, 3N, 6N), in units of `width`, and G C G' (B, 6N, 6N)."""
        pulls = pulls * self.width
        spread = np.einsum("kl,blsi->bkis", alike, pulls, optimize=True)
        gram = np.einsum("bksi,bkit->bst", pulls, spread, optimize=True)
        size = gram.shape[1]
        trace = np.trace(gram, axis1=1, axis2=2) / size
        gram += NUGGET * trace[:, None, None] * np.eye(size)
        return spread, gram


def covariance_in_time(nodes: int, h: float, memory: float) -> Array:
    """C (L, L) at L times a step ``h`` apart; ``memory`` in the same unit."""
    times = h * np.arange(nodes)
    return np.asarray(np.exp(-0.5 * ((times[:, None] - times) / memory) ** 2))


def end_derivatives(slopes: Array, h: float) -> Array:
    """G of velocity Verlet: (B, L, 6N, 3N), from slopes (B, L, 3N, 3N) in 1/ps2 along a path.

    The step is ``h`` in ps.
    """
    count, nodes, size = slopes.shape[:3]
    identity, zero = np.eye(size), np.zeros((size, size))
    of_x = np.tile(np.concatenate([identity, zero]), (count, 1, 1))
    of_v = np.tile(np.concatenate([zero, h * identity]), (count, 1, 1))
    pulls = np.empty((count, nodes, 2 * size, size))
    pulls[:, -1] = 0.5 * h * of_v
    for k in range(nodes - 2, -1, -1):
        of_x = of_x + 0.5 * h * (of_v @ slopes[:, k + 1])
        of_v = of_v + h * of_x
        of_x = of_x + 0.5 * h * (of_v @ slopes[:, k])
        pulls[:, k] = (h if k else 0.5 * h) * of_v
    return pulls


def between(known: Array, at: Rows, nodes: int) -> Array:
    """Matrices (B, L, ...) at all L nodes by linear interpolation from (B, K, ...) at some."""
    share = np.array([np.interp(np.arange(nodes), at, one) for one in np.eye(len(at))])
    return np.asarray(np.einsum("kl,bk...->bl...", share, known, optimize=True))
