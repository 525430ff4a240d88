"""The state at the end of a history of positions, for dynamics with a small error.

Positions x_k at K equal times are exact; velocities v_k at these times are sought. Velocity Verlet
with learned forces takes (x_k, v_k) to (x^, v^) at the next time. With A and B the derivatives of
x^ and v^ in v_k, a correction d_k of every v_k leaves the
residuals

    [ x_(k+1) - x^ - A d_k ;  v_(k+1) + d_(k+1) - v^ - B d_k ].

They are caused by the error of the learned forces in a segment: normal with the covariance
Q = G C G' of a Gaussian process in time (see `superres.error_model`). The most probable d solves a
linear least-squares problem, repeated from the corrected velocities (Gauss-Newton). This
is weak-constraint variational assimilation (Tremolet, Q. J. R. Meteorol. Soc. 132, 2483 (2006)) of
positions only, with shooting from every known frame, which does not diverge.
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array
from mechanist.trajectory.forecast.stiffness import stiffness
from mechanist.trajectory.integrator import begin, walk
from mechanist.trajectory.superres.error_model import (
    covariance_in_time,
    end_covariance,
    end_derivatives,
)
from mechanist.trajectory.superres.forcefield import KernelForces

FLOOR = 1e-10
"""Regularisation of Q, relative to its mean diagonal."""


@dataclass(frozen=True)
class Dynamics:
    """Learned dynamics with the statistics of its error.

    Parameters
    ----------
    forces
        The learned force field.
    masses
        (N,) in Da.
    errors
        (N,) standard deviation of the error of the forces on each atom in kJ/mol/nm.
    memory
        Correlation time of that error in ps.
    dt_ps
        Step of velocity Verlet.
    """

    forces: KernelForces
    masses: Array
    errors: Array
    memory: float
    dt_ps: float

    def run(self, x: Array, v: Array, steps: int) -> tuple[Array, Array]:
        """Positions and velocities (B, steps + 1, N, 3), the start (B, N, 3) included."""

        def pull(x: Array) -> Array:
            return self.forces(x) / self.masses[:, None]

        path = list(walk(pull, begin(pull, x, v), self.dt_ps, steps))
        return np.stack([one.x for one in path], 1), np.stack([one.v for one in path], 1)

    def slopes(self, x: Array) -> Array:
        """Derivatives (..., 3N, 3N) of accelerations with respect to positions, in 1/ps2."""
        flat = x.reshape(-1, *x.shape[-2:])
        size = 3 * len(self.masses)
        result = stiffness(self.forces, flat) / np.repeat(self.masses, 3)[:, None]
        return result.reshape(*x.shape[:-2], size, size)


@dataclass(frozen=True)
class Segments:
    """Linearised motion over B x (K - 1) segments.

    Parameters
    ----------
    of_x, of_v
        (B, K - 1, 3N, 3N) derivatives of position and of velocity times the step at the end in
        velocity times the step at the start.
    precision
        (B, K - 1, 6N, 6N) inverse of Q in the same units.
    """

    of_x: Array
    of_v: Array
    precision: Array


def linearised(dynamics: Dynamics, known: Array, path: Array) -> Segments:
    """Segments between known frames.

    Parameters
    ----------
    dynamics
        The learned dynamics.
    known
        (B, K, 3N, 3N) slopes at the known frames.
    path
        (B, K - 1, steps + 1, N, 3) drafts of the segments; slopes are also taken at their middles.
    """
    count, segments, nodes = path.shape[:3]
    middle = (nodes - 1) // 2
    inner = dynamics.slopes(path[:, :, middle])
    share = np.interp(np.arange(nodes), [0, middle, nodes - 1], [0.0, 1.0, 2.0])[:, None, None]
    early = np.minimum(share, 1.0)
    late = np.maximum(share - 1, 0.0)
    start, end = known[:, :-1, None], known[:, 1:, None]
    between = (1 - early) * start + (early - late) * inner[:, :, None] + late * end
    size = between.shape[-1]
    h = dynamics.dt_ps
    pulls = end_derivatives(between.reshape(-1, nodes, size, size), h)
    width = np.repeat(dynamics.errors / dynamics.masses, 3)
    alike = covariance_in_time(nodes, h, dynamics.memory)
    gram = end_covariance(pulls * width, alike, FLOOR)[1]
    # A change of velocity acts like a push at the first node over half a step.
    of_start = pulls[:, 0] / (0.5 * h * h)
    shape = (count, segments)
    return Segments(
        of_start[:, :size].reshape(*shape, size, size),
        of_start[:, size:].reshape(*shape, size, size),
        np.asarray(np.linalg.inv(gram), np.float64).reshape(*shape, 2 * size, 2 * size),
    )


def corrections(parts: Segments, missed: Array, prior: Array) -> Array:
    """The most probable corrections (B, K, 3N) of the velocities, times the step.

    Parameters
    ----------
    parts
        The linearised segments.
    missed
        (B, K - 1, 6N) residuals at the ends of segments: positions, then velocities times the step.
    prior
        (3N,) precision of each correction.
    """
    count, segments, size = parts.of_x.shape[:3]
    normal = np.zeros((count, segments + 1, size, segments + 1, size))
    right = np.zeros((count, segments + 1, size))
    for k in range(segments + 1):
        normal[:, k, :, k] += np.diag(prior)
    effect = np.concatenate([parts.of_x, parts.of_v], axis=2)
    weighted = parts.precision @ effect
    pull = np.einsum("bkst,bkt->bks", parts.precision, missed)
    for k in range(segments):
        normal[:, k, :, k] += effect[:, k].swapaxes(1, 2) @ weighted[:, k]
        normal[:, k + 1, :, k + 1] += parts.precision[:, k, size:, size:]
        normal[:, k + 1, :, k] -= weighted[:, k, size:]
        normal[:, k, :, k + 1] -= weighted[:, k, size:].swapaxes(1, 2)
        right[:, k] += np.einsum("bst,bs->bt", effect[:, k], pull[:, k])
        right[:, k + 1] -= pull[:, k, size:]
    total = (segments + 1) * size
    solved = np.linalg.solve(normal.reshape(count, total, total), right.reshape(count, total, 1))
    return np.asarray(solved.reshape(count, segments + 1, size))
