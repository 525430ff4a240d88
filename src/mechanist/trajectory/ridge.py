"""Linear maps by ridge regression, with many penalties from one eigendecomposition.

For centred inputs X (B, I) and targets Y (B, O), with X'X = V diag(s) V', the weights are

    W = V diag[1 / (s + penalty)] V' X'Y

(Hoerl and Kennard, Technometrics 12, 55 (1970)).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array


@dataclass(frozen=True)
class Decomposed:
    """A regression for any penalty.

    Parameters
    ----------
    values
        (I,) eigenvalues s in rising order.
    vectors
        (I, I) eigenvectors V as columns.
    projected
        (I, O), V' X'Y.
    """

    values: Array
    vectors: Array
    projected: Array

    def inverse(self, penalty: float) -> Array:
        """1 / (s + penalty), (I,)."""
        # Rounding can make eigenvalues negative.
        return np.asarray(1 / (np.maximum(self.values, 0) + penalty))


def decomposed(x: Array, y: Array) -> Decomposed:
    """Decompose the regression of targets (B, O) on inputs (B, I), both centred."""
    values, vectors = np.linalg.eigh(x.T @ x)
    return Decomposed(values, vectors, vectors.T @ (x.T @ y))


@dataclass(frozen=True)
class LinearMap:
    """From inputs (B, I) to targets (B, O).

    Parameters
    ----------
    mean, scale
        (I,) of the inputs.
    weights
        (I + 1, O); the last row is the constant.
    """

    mean: Array
    scale: Array
    weights: Array

    def __call__(self, inputs: Array) -> Array:
        """Targets (B, O)."""
        return np.asarray((inputs - self.mean) / self.scale @ self.weights[:-1] + self.weights[-1])


def best_held_out(
    train: tuple[Array, Array],
    validate: tuple[Array, Array],
    strengths: Sequence[float],
    scale: Array,
    judged: int | None = None,
) -> LinearMap:
    """The map with the penalty of least mean absolute error on held-out data.

    Parameters
    ----------
    train, validate
        Inputs (B, I) and targets (B, O).
    strengths
        Penalties as fractions of the largest eigenvalue.
    scale
        (I,) of the inputs.
    judged
        Number of leading targets that the error is taken over; all if None.
    """
    mean, offset = train[0].mean(axis=0), train[1].mean(axis=0)
    parts = decomposed((train[0] - mean) / scale, train[1] - offset)
    turned = (validate[0] - mean) / scale @ parts.vectors
    truth, projected = (validate[1] - offset)[:, :judged], parts.projected[:, :judged]

    def inverse(strength: float) -> Array:
        return parts.inverse(strength * parts.values[-1])[:, None]

    def error(strength: float) -> float:
        return float(np.abs(turned @ (inverse(strength) * projected) - truth).mean())

    weights = parts.vectors @ (inverse(min(strengths, key=error)) * parts.projected)
    return LinearMap(mean, scale, np.concatenate([weights, offset[None]]))
