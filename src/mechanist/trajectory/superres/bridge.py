"""Bridges: paths with learned forces that meet both ends of a gap exactly.

A learned force field F is not exact: the true accelerations are F(x)/m + g(t), with an error g that
is unknown, but small and smooth in time. Velocity Verlet runs from the left end to the right one,

    v' = v + (h/2) [F(x)/m + g],   x' = x + h v',   v'' = v' + (h/2) [F(x')/m + g'],

and the positions and velocities at the right end are 6N conditions on g. Of all g that fulfil them
the most probable one of a Gaussian process with covariance C is chosen (weak-constraint variational
assimilation: Trémolet, Q. J. R. Meteorol. Soc. 132, 2483 (2006); see `dynamics`). With the
residual e at the end and G = d(end)/dg of the linearised motion,

    g <- g + C G' (G C G')^-1 e,

repeated until the end is met (Gauss-Newton, with the stiffness along a first draft). Velocity
Verlet and C are reversible in time. The residual of the last iteration is closed by a Hermite
polynomial, and the paths from the left and from the right are averaged, so that the result is
reversible.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.trajectory.dataset import Ends
from mechanist.trajectory.superres.dynamics import (
    Dynamics,
    between,
    covariance_in_time,
    end_derivatives,
)
from mechanist.trajectory.superres.polynomials import hermite
from mechanist.trajectory.superres.protocol import Filled

SPACING = 4
"""Largest distance, in frames, between points at which the stiffness is computed."""

BATCH = 16
"""Gaps at once."""

SURE = 2
"""Iterations of every gap; more where the residual is still large."""

ENOUGH = 0.02
"""Residual at which iterations stop, relative to the first one."""

LOST = 0.003
"""Largest accepted residual, in nm per coordinate; a larger one means no convergence."""


@dataclass(frozen=True)
class Bridge(Dynamics):
    """Fills gaps with paths of learned forces; ``iterations`` is the largest number of them."""

    iterations: int = 5

    def __call__(self, ends: Ends, accelerations: Array | None = None) -> Filled:
        """Missing frames: the mean of the paths from the left and from the right.

        Gaps without convergence from either end get Hermite polynomials, as long gaps with rigid
        bonds do: forces that depend on positions only cannot keep bonds rigid.

        Parameters
        ----------
        ends
            B gaps.
        accelerations
            (B, 2, N, 3) in nm/ps2 at the ends, if known. Then g is known there, and the Gaussian
            process is conditioned on it.
        """
        parts = []
        with np.errstate(over="ignore", invalid="ignore"):
            for i in range(0, len(ends), BATCH):
                rows = slice(i, i + BATCH)
                known = None if accelerations is None else accelerations[rows]
                parts.append(self._both(ends.rows(rows), known))
        return Filled(
            np.concatenate([part.positions for part in parts]),
            np.concatenate([part.velocities for part in parts]),
        )

    def _both(self, ends: Ends, accelerations: Array | None) -> Filled:
        back = ends.reversed()
        push, alike = self._prior(ends, accelerations)
        draft = _mean(
            _closed(ends, *self.shoot(ends, push)), _closed(back, *self.shoot(back, push[:, ::-1]))
        )
        path = np.concatenate([ends.x0[:, None], draft.positions, ends.x1[:, None]], axis=1)
        finite = np.isfinite(path).all(axis=(1, 2, 3))
        filled = hermite(ends)
        if finite.any():
            ends, back, push = ends.rows(finite), back.rows(finite), push[finite]
            stiffness = self._stiffness(path[finite])
            one, missed = self._one_way(ends, push, self._gain(stiffness, ends.dt_ps, alike))
            gain = self._gain(stiffness[:, ::-1], ends.dt_ps, alike)
            other, missed_back = self._one_way(back, push[:, ::-1], gain)
            mean = _mean(one, other)
            found = np.maximum(missed, missed_back) <= LOST * np.sqrt(2 * ends.x0[0].size)
            rows = np.flatnonzero(finite)[found]
            filled.positions[rows] = mean.positions[found]
            filled.velocities[rows] = mean.velocities[found]
        return filled

    def _prior(self, ends: Ends, accelerations: Array | None) -> tuple[Array, Array]:
        """Mean (B, L, N, 3) of g in nm/ps2, and its covariance (L, L) in time at unit variance."""
        nodes = ends.inner + 2
        alike = covariance_in_time(nodes, ends.dt_ps, self.memory)
        if accelerations is None:
            return np.zeros((len(ends), nodes, *ends.x0.shape[1:])), alike
        known = [0, nodes - 1]
        share = np.linalg.solve(alike[np.ix_(known, known)], alike[known]).T
        learned = [self.accelerations(ends.x0), self.accelerations(ends.x1)]
        wrong = accelerations - np.stack(learned, axis=1)
        mean = np.einsum("le,benx->blnx", share, wrong)
        return np.asarray(mean), alike - share @ alike[known]

    def _one_way(self, ends: Ends, push: Array, gain: Array) -> tuple[Filled, Array]:
        """The path of each gap with the smallest residual at its end, closed, and that residual."""
        push = push.copy()
        x, v = self.shoot(ends, push)
        best, least = (x.copy(), v.copy()), np.linalg.norm(_missed(ends, x, v), axis=1)
        enough = ENOUGH * least
        for count in range(self.iterations):
            rows = np.flatnonzero((least > enough) | (count < SURE))
            if not len(rows):
                break
            some = ends.rows(rows)
            push[rows] += self._correction(some, x[rows], v[rows], gain[rows])
            x[rows], v[rows] = self.shoot(some, push[rows])
            miss = np.linalg.norm(_missed(some, x[rows], v[rows]), axis=1)
            # An iteration may diverge, or give NaN.
            nearer = rows[miss < least[rows]]
            best[0][nearer], best[1][nearer] = x[nearer], v[nearer]
            least[rows] = np.fmin(least[rows], miss)
        return _closed(ends, *best), least

    def shoot(self, ends: Ends, push: Array) -> tuple[Array, Array]:
        """Positions and velocities (B, inner + 2, N, 3) from the left ends, with ``push``."""
        return self.run(ends.x0, ends.v0, ends.dt_ps, ends.inner + 1, push)

    def _stiffness(self, path: Array) -> Array:
        """Derivatives (B, L, 3N, 3N) of accelerations with respect to positions, in 1/ps2.

        They are computed every few frames of the paths and interpolated linearly.
        """
        some = spaced(path.shape[1])
        return between(self.slopes(path[:, some]), some, path.shape[1])

    def _gain(self, stiffness: Array, h: float, alike: Array) -> Array:
        """C G' (G C G')^-1: pushes (B, L, 3N, 6N) in nm/ps2 per nm of residual.

        Velocities are in units of nm / h.
        """
        spread, gram = self.end_covariance(end_derivatives(stiffness, h), alike)
        return np.asarray(self.width[:, None] * (spread @ np.linalg.inv(gram)[:, None]))

    def _correction(self, ends: Ends, x: Array, v: Array, gain: Array) -> Array:
        """Additional pushes (B, L, N, 3) for the residuals at the right ends."""
        missed = _missed(ends, x, v)
        return np.asarray(np.einsum("bkis,bs->bki", gain, missed).reshape(x.shape))


def _missed(ends: Ends, x: Array, v: Array) -> Array:
    """Residuals at the right end, (B, 6N) in nm; velocities times the step."""
    parts = (ends.x1 - x[:, -1], ends.dt_ps * (ends.v1 - v[:, -1]))
    return np.concatenate([part.reshape(len(ends), -1) for part in parts], axis=1)


def spaced(nodes: int) -> NDArray[np.int64]:
    """Some of ``nodes`` frames with both ends, symmetric under reversal."""
    count = -(-(nodes - 1) // SPACING) + 1
    evenly = np.linspace(0, nodes - 1, count)
    left = np.floor(evenly + 0.5).astype(np.int64)[: (count + 1) // 2]
    return np.unique(np.concatenate([left, nodes - 1 - left]))


def _mean(one: Filled, other: Filled) -> Filled:
    """Mean of a path and of one that runs backwards in time."""
    return Filled(
        0.5 * (one.positions + other.positions[:, ::-1]),
        0.5 * (one.velocities - other.velocities[:, ::-1]),
    )


def _closed(ends: Ends, x: Array, v: Array) -> Filled:
    """Inner frames, with the residual at the right end removed by a Hermite polynomial."""
    none = np.zeros_like(ends.x0)
    rest = Ends(none, none, ends.x1 - x[:, -1], ends.v1 - v[:, -1], ends.inner, ends.dt_ps)
    mended = hermite(rest)
    return Filled(x[:, 1:-1] + mended.positions, v[:, 1:-1] + mended.velocities)
