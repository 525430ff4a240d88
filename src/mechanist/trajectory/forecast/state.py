"""Velocities behind a history of positions, for dynamics with a small error.

Positions x_k at K equal times are exact; velocities v_k at these times are sought. Velocity Verlet
with learned forces takes (x_k, v_k) to (x^, v^) at the next time. With A and B the derivatives of
x^ and v^ in v_k, a correction d_k of every v_k leaves the residuals

    [ x_(k+1) - x^ - A d_k ;  v_(k+1) + d_(k+1) - v^ - B d_k ].

They are caused by the error of the learned forces in a segment: normal with the covariance
Q = G C G' of a Gaussian process in time (see `superres.dynamics`). The most probable d solves a
linear least-squares problem, repeated from the corrected velocities (Gauss-Newton). This
is weak-constraint variational assimilation (Tremolet, Q. J. R. Meteorol. Soc. 132, 2483 (2006)) of
positions only, with shooting from every known frame, which does not diverge.
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array
from mechanist.trajectory.forecast.windows import History
from mechanist.trajectory.superres.dynamics import (
    Dynamics,
    between,
    covariance_in_time,
    end_derivatives,
)
from mechanist.trajectory.trajectory import GAS

LINEARISED, ITERATIONS = 2, 3
"""Gauss-Newton iterations with fresh derivatives, and in total."""

PRIOR_K = 1000.0
"""Temperature in K of the prior on corrections of velocities; weak by its width."""


@dataclass(frozen=True)
class Segments:
    """Linearised motion over B x (K - 1) segments.

    Parameters
    ----------
    effect
        (B, K - 1, 6N, 3N) derivatives of position and of velocity times the step at the end in
        velocity times the step at the start.
    precision
        (B, K - 1, 6N, 6N) inverse of Q in the same units.
    """

    effect: Array
    precision: Array


def fit_velocities(dynamics: Dynamics, history: History, steps: int) -> Array:
    """Velocities (B, K, N, 3) in nm/ps at the known frames, fitted to the dynamics.

    There are ``steps`` steps from one known frame to the next. The first guess is a cubic spline; a
    failed iteration keeps the previous velocities.
    """
    from scipy.interpolate import CubicSpline

    x, h = history.positions, history.spacing_ps / steps
    count, known, atoms = x.shape[:3]
    times = history.spacing_ps * np.arange(known)
    v = np.asarray(CubicSpline(times, x, axis=1)(times, 1))
    slopes = dynamics.slopes(x)
    prior = np.repeat(dynamics.masses, 3) / (GAS * PRIOR_K * h**2)
    starts = x[:, :-1].reshape(-1, atoms, 3)
    segments = None
    for iteration in range(ITERATIONS):
        path, speed = dynamics.run(starts, v[:, :-1].reshape(-1, atoms, 3), h, steps)
        path = path.reshape(count, known - 1, steps + 1, atoms, 3)
        speed = speed.reshape(path.shape)
        lack = (x[:, 1:] - path[:, :, -1], h * (v[:, 1:] - speed[:, :, -1]))
        missed = np.concatenate([part.reshape(count, known - 1, -1) for part in lack], axis=2)
        if segments is None or iteration < LINEARISED:
            segments = linearised(dynamics, slopes, path, h)
        change = corrections(segments, missed, prior).reshape(v.shape) / h
        v = np.where(np.isfinite(change), v + change, v)
    return v


def linearised(dynamics: Dynamics, known: Array, path: Array, h: float) -> Segments:
    """Segments between known frames.

    Parameters
    ----------
    dynamics
        The learned dynamics.
    known
        (B, K, 3N, 3N) slopes at the known frames.
    path
        (B, K - 1, steps + 1, N, 3) drafts of the segments; slopes are also taken at their middles.
    h
        Step in ps.
    """
    nodes = path.shape[2]
    at = np.array([0, (nodes - 1) // 2, nodes - 1])
    some = np.stack([known[:, :-1], dynamics.slopes(path[:, :, at[1]]), known[:, 1:]], axis=2)
    pulls = end_derivatives(between(some.reshape(-1, *some.shape[2:]), at, nodes), h)
    gram = dynamics.end_covariance(pulls, covariance_in_time(nodes, h, dynamics.memory))[1]
    # A change of velocity acts like a push at the first node over half a step.
    effect = pulls[:, 0] / (0.5 * h * h)
    parts = effect, np.asarray(np.linalg.inv(gram))
    return Segments(*(one.reshape(*path.shape[:2], *one.shape[1:]) for one in parts))


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
    effect, precision = parts.effect, parts.precision
    count, segments, _, size = effect.shape
    normal = np.zeros((count, segments + 1, size, segments + 1, size))
    right = np.zeros((count, segments + 1, size))
    for k in range(segments + 1):
        normal[:, k, :, k] += np.diag(prior)
    weighted = precision @ effect
    pull = np.einsum("bkst,bkt->bks", precision, missed)
    for k in range(segments):
        normal[:, k, :, k] += effect[:, k].swapaxes(1, 2) @ weighted[:, k]
        normal[:, k + 1, :, k + 1] += precision[:, k, size:, size:]
        normal[:, k + 1, :, k] -= weighted[:, k, size:]
        normal[:, k, :, k + 1] -= weighted[:, k, size:].swapaxes(1, 2)
        right[:, k] += np.einsum("bst,bs->bt", effect[:, k], pull[:, k])
        right[:, k + 1] -= pull[:, k, size:]
    total = (segments + 1) * size
    solved = np.linalg.solve(normal.reshape(count, total, total), right.reshape(count, total, 1))
    return np.asarray(solved.reshape(count, segments + 1, size))
