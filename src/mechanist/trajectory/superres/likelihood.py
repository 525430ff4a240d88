"""Scales of inverse distances that maximise the likelihood of the training forces.

The energy may depend strongly on some inverse distances and weakly on others. With the covariance K
of a Gaussian process, known up to a factor, the log-likelihood of n forces y is, up to a constant
and for the best factor,

    -(n / 2) log(y' K^-1 y / n) - (1 / 2) log det K

(Rasmussen and Williams, Gaussian Processes for Machine Learning, MIT Press (2006), section 5.4).
It is maximised over one scale for each class of pairs that permutations exchange, on a few of the
training geometries. Derivatives are in closed form.
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Rows
from mechanist.errors import DataError
from mechanist.systems.forces.kernel import derivatives
from mechanist.trajectory.superres.forcefield import (
    Metric,
    covariance,
    internal,
    motions,
    pair_permutations,
    plain_metric,
)

ROWS = 1700
"""Approximate largest number of rows of the covariance."""

EVALUATIONS = 15
"""Largest number of evaluations of the likelihood."""

WIDEST = 4.0
"""Largest change of the logarithm of a scale."""

NUGGET = 1e-10
"""Regularisation of the covariance, relative to its mean diagonal."""


@dataclass(frozen=True)
class Likelihood:
    """Likelihood of forces as a function of the scales.

    Parameters
    ----------
    inverse, slopes, known
        See `forcefield.internal`.
    orders
        (G, P) permutations of pairs.
    """

    inverse: Array
    slopes: Array
    known: Array
    orders: Rows

    def __call__(self, scale: Array) -> tuple[float, Array]:
        """Negative log-likelihood for scales (P,) at kernel width 1, and its derivatives (P,).

        Raises
        ------
        DataError
            If two geometries are equal.
        """
        import scipy.linalg

        matrix = covariance(self.inverse * scale, self.slopes * scale[:, None], self.orders, 1.0)
        size, y = len(matrix), self.known.reshape(-1)
        matrix[np.diag_indices(size)] += NUGGET * np.trace(matrix) / size
        factor, info = scipy.linalg.lapack.dpotrf(matrix.T)
        if info:
            raise DataError("force field", "two of its geometries are equal")
        solved = scipy.linalg.cho_solve((factor, False), y)
        value = 0.5 * size * np.log(y @ solved / size) + np.log(np.diag(factor)).sum()
        inner = scipy.linalg.lapack.dpotri(factor)[0]
        inner = np.triu(inner) + np.triu(inner, 1).T
        pull = 0.5 * (inner - size / (y @ solved) * np.outer(solved, solved))
        pull[np.diag_indices(size)] += NUGGET * np.trace(pull) / size
        return float(value), self._pulled(scale, pull)

    def _pulled(self, scale: Array, pull: Array) -> Array:
        """Derivatives (P,) of the sum of ``pull`` times the covariance."""
        count, _, each = self.slopes.shape
        blocks = pull.reshape(count, each, count, each)
        result = np.zeros_like(scale)
        for order in self.orders:
            for i in range(count):
                result += self._of_row(scale, i, blocks[i].swapaxes(0, 1), order)
        return result

    def _of_row(self, scale: Array, i: int, pull: Array, order: Rows) -> Array:
        """The part of one geometry with all others, ``pull`` (M, R, R), and one permutation.

        With a = D_i - D_j and unscaled slopes A_i and A_j, and scales s, a block is
        A_i' s [c s - e (s a) (s a)' s] A_j with the derivatives c and e of the kernel.
        """
        mine, theirs = self.slopes[i], self.slopes[:, order]
        square = scale**2
        away = self.inverse[i] - self.inverse[:, order]
        apart = away**2 @ square
        soft, steep = derivatives(apart, 1.0)
        steeper = 343 / 15 * np.exp(-np.sqrt(7 * apart))
        half = pull @ theirs.swapaxes(1, 2)
        each = np.einsum("pr,mrp->mp", mine, half)
        left, right = (square * away) @ mine, np.matmul((square * away)[:, None], theirs)[:, 0]
        turned = np.matmul(pull, right[..., None])[..., 0]
        bent = np.einsum("mr,mr->m", left, turned)
        both = turned @ mine.T + np.matmul(left[:, None], half)[:, 0]
        result = soft @ each * 2 - steep @ (2 * away * both)
        return np.asarray(scale * (result + (steeper * bent - steep * (each @ square)) @ away**2))


def likely_metric(positions: Array, forces: Array, permutations: Rows) -> Metric:
    """Scales and width of largest likelihood.

    Parameters
    ----------
    positions, forces
        (M, N, 3) in nm and kJ/mol/nm; evenly spaced ones are used, as many as `ROWS` allows.
    permutations
        (G, N) of like atoms.

    Raises
    ------
    DataError
        If two geometries are equal.
    """
    from scipy.optimize import minimize

    most = max(2, ROWS // motions(positions.shape[1]))
    rows = np.unique(np.linspace(0, len(positions) - 1, most).round().astype(np.int64))
    orders = pair_permutations(permutations)
    parts = internal(positions[rows], forces[rows])
    likelihood = Likelihood(*parts, orders)
    start = plain_metric(parts[0], orders)
    classes = np.unique(orders.min(axis=0), return_inverse=True)[1]
    first = np.log(start.scale / start.width)
    seen: list[tuple[float, Array]] = []

    def look(change: Array) -> tuple[float, Array]:
        logarithms = first + change[classes]
        value, slope = likelihood(np.exp(logarithms))
        seen.append((value, logarithms))
        return value, np.bincount(classes, slope * np.exp(logarithms)).astype(np.float64)

    count = int(classes.max()) + 1
    limits = [(-WIDEST, WIDEST)] * count
    options = {"maxfun": EVALUATIONS, "maxiter": EVALUATIONS}
    minimize(look, np.zeros(count), jac=True, method="L-BFGS-B", bounds=limits, options=options)
    best = min(seen, key=lambda one: one[0])[1]
    middle = float(best.mean())
    return Metric(np.exp(best - middle), float(np.exp(-middle)))
