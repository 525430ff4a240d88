"""Ridge regression with many penalties from one eigendecomposition.

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
        return np.asarray(1 / self._damped(penalty))

    def weights(self, penalty: float) -> Array:
        """W, (I, O)."""
        return np.asarray(self.vectors @ (self.projected / self._damped(penalty)[:, None]))

    def _damped(self, penalty: float) -> Array:
        # Rounding can make eigenvalues negative.
        return np.asarray(np.maximum(self.values, 0) + penalty)


def decomposed(x: Array, y: Array) -> Decomposed:
    """Decompose the regression of targets (B, O) on inputs (B, I), both centred."""
    values, vectors = np.linalg.eigh(x.T @ x)
    return Decomposed(values, vectors, vectors.T @ (x.T @ y))


def best_held_out(
    train: tuple[Array, Array],
    validate: tuple[Array, Array],
    strengths: Sequence[float],
    judged: int | None = None,
) -> tuple[Array, float]:
    """Weights with the penalty of least mean absolute error on held-out data.

    Parameters
    ----------
    train, validate
        Inputs (B, I) and targets (B, O), less the means of the training data.
    strengths
        Penalties as fractions of the largest eigenvalue.
    judged
        Number of leading targets that the error is taken over; all if None.

    Returns
    -------
    ndarray, float
        Weights (I, O), and the strength.
    """
    parts = decomposed(*train)
    turned, truth = validate[0] @ parts.vectors, validate[1][:, :judged]
    projected = parts.projected[:, :judged]

    def error(strength: float) -> float:
        inverse = parts.inverse(strength * parts.values[-1])
        return float(np.abs(turned @ (inverse[:, None] * projected) - truth).mean())

    best = min(strengths, key=error)
    return parts.weights(best * parts.values[-1]), best
