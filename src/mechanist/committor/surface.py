"""Logistic response surfaces: q quadratic in a few chosen inputs, fitted in milliseconds.

A second-order polynomial of the features of the chosen descriptors (for a torsion that is a Fourier
series of second order with all cross terms) approximates a network that has no other inputs (Box
and Wilson, J. R. Stat. Soc. B 13, 1 (1951)). Constants follow by Newton's method on the
binomial likelihood with a ridge; what a further descriptor would gain is first estimated by the
score test (Rao, Math. Proc. Camb. Phil. Soc. 44, 50 (1948)), which needs no fit at all.
"""

import numpy as np

from mechanist.arrays import Array
from mechanist.statistics.binomial import binomial_derivatives, binomial_loss

RIDGE = 1e-3
"""On every constant but the first, in nats per outcome; the inputs have unit variance."""

ITERATIONS = 12
SETTLED = 1e-7
"""A fit ends when a step gains less than this, in nats per outcome."""


def new_columns(chosen: Array, added: Array) -> Array:
    """Columns that a descriptor brings to the surface.

    Parameters
    ----------
    chosen
        (N, S) features that are on the surface already.
    added
        (N, F) features of the new descriptor.

    Returns
    -------
    ndarray
        (N, C): its features, their products with each other and with ``chosen``.
    """
    count = added.shape[1]
    own = [added[:, i : i + 1] * added[:, i:] for i in range(count)]
    mixed = [added[:, i : i + 1] * chosen for i in range(count)]
    return np.concatenate([added, *own, *mixed], axis=1)


def cross_entropy(q: Array, p: Array) -> Array:
    """Loss (N,) of q where the truth is p, in nats per outcome."""
    return binomial_loss(q, 1, p)


def fit(columns: Array, p: Array, start: Array) -> tuple[Array, Array]:
    """Constants of least loss.

    Parameters
    ----------
    columns
        (N, C), the first one constant.
    p
        (N,) probabilities to fit, 0 to 1.
    start
        (C,) first guess.

    Returns
    -------
    tuple of ndarray
        Constants (C,) and q (N,).
    """
    ridge = np.full(columns.shape[1], RIDGE)
    ridge[0] = 1e-9

    def objective(constants: Array) -> tuple[float, Array]:
        q = columns @ constants
        penalty = 0.5 * float(ridge @ constants**2)
        return float(cross_entropy(q, p).mean()) + penalty, q

    constants = start
    value, q = objective(constants)
    for _ in range(ITERATIONS):
        slope, weight = binomial_derivatives(q, 1, p)
        gradient = columns.T @ slope / len(p) + ridge * constants
        hessian = _gram(columns, weight / len(p)) + np.diag(ridge)
        step = np.linalg.solve(hessian, gradient)
        length, before = 1.0, value
        value, q = objective(constants - step)
        # The loss is convex, so a Newton step that is short enough always gains.
        while value > before and length > 1e-6:
            length *= 0.5
            value, q = objective(constants - length * step)
        constants = constants - length * step
        if before - value < SETTLED:
            break
    return constants, q


def _gram(columns: Array, weights: Array) -> Array:
    # A product with itself is symmetric, and numpy computes half of it.
    scaled = columns * np.sqrt(weights)[:, None]
    return np.asarray(scaled.T @ scaled)


class Score:
    """What further columns would gain, to second order, given a fitted surface.

    Parameters
    ----------
    columns, q
        (N, C) and (N,) of the fit.
    p
        (N,) probabilities that were fitted.
    """

    def __init__(self, columns: Array, q: Array, p: Array) -> None:
        slope, weight = binomial_derivatives(q, 1, p)
        self.weights, self.residual = weight / len(p), -slope / len(p)
        self.weighted = columns * self.weights[:, None]
        hessian = columns.T @ self.weighted + RIDGE * np.eye(columns.shape[1])
        self.inverse = np.linalg.inv(hessian)

    def gain(self, added: Array) -> float:
        """Estimated fall of the loss in nats per outcome if ``added`` (N, A) were fitted too."""
        slope = added.T @ self.residual
        cross = self.weighted.T @ added
        hessian = _gram(added, self.weights) - cross.T @ self.inverse @ cross
        hessian += RIDGE * np.eye(len(slope))
        return 0.5 * float(slope @ np.linalg.solve(hessian, slope))
