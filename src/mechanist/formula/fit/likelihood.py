"""Binomial likelihood of shooting outcomes, maximised over the constants of an expression.

Each shooting point i ended n_A times in A and n_B times in B; q is the logit of p_B:
loss = sum_i [n_A softplus(q) + n_B softplus(-q)] / sum_i (n_A + n_B), in nats per outcome
(Peters and Trout, J. Chem. Phys. 125, 054108 (2006), written with softplus so that a large q does
not overflow). Constants follow by Fisher scoring with Levenberg's damping; their covariance is the
sandwich clustered by chain (Liang and Zeger, Biometrika 73, 13 (1986)), since neighbouring shots of
a chain start from paths that share frames.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array
from mechanist.formula.tape import Tape
from mechanist.statistics import clusters
from mechanist.statistics.binomial import binomial_derivatives, binomial_loss

ITERATIONS = 60
LARGEST = 1e8
"""A constant beyond this has run away, for example because the outcomes are separable."""


@dataclass(frozen=True)
class Outcomes:
    """How shots from N points ended.

    Parameters
    ----------
    n_a, n_b
        (N,) ends in A and in B; fractions stand for known probabilities.
    chain
        (N,) the chain of each point.
    """

    n_a: Array
    n_b: Array
    chain: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.n_a)

    def select(self, rows: NDArray[np.bool_] | NDArray[np.int64]) -> "Outcomes":
        """Some of the points."""
        return Outcomes(self.n_a[rows], self.n_b[rows], self.chain[rows])


@dataclass(frozen=True)
class Fit:
    """Constants (K,) of largest likelihood and the loss there, in nats per outcome."""

    constants: Array
    loss: float


def point_losses(q: Array, outcomes: Outcomes) -> Array:
    """Loss of each point (N,) in nats, summed over its outcomes."""
    return binomial_loss(q, outcomes.n_a + outcomes.n_b, outcomes.n_b)


def loss(q: Array, outcomes: Outcomes) -> float:
    """Loss in nats per outcome."""
    return float(point_losses(q, outcomes).sum() / (outcomes.n_a.sum() + outcomes.n_b.sum()))


def curvature(q: Array, outcomes: Outcomes) -> tuple[Array, Array]:
    """First and second derivative (N,) of each point's loss by q."""
    return binomial_derivatives(q, outcomes.n_a + outcomes.n_b, outcomes.n_b)


def fit(
    tape: Tape, columns: Array, start: Array, outcomes: Outcomes, settled: float = 1e-9
) -> Fit | None:
    """Constants of largest likelihood, or None if there are none that are finite.

    Parameters
    ----------
    tape
        The compiled expression.
    columns
        (N, P) inputs.
    start
        (K,) first guess.
    outcomes
        Of the N points.
    settled
        Fall of the loss, in nats per outcome, at which a fit is done. One that has not come there
        after `ITERATIONS` steps is given up.
    """
    constants = np.array(start, dtype=np.float64)
    q, jacobian = tape.jacobian(columns, constants)
    if not (np.isfinite(q).all() and np.isfinite(jacobian).all()):
        return None
    best, damping = loss(q, outcomes), 1e-3
    for _ in range(ITERATIONS):
        step = _step(tape, columns, constants, outcomes, q, jacobian, damping)
        if step is None:
            return Fit(constants, best)
        gain, constants, best = best - step.loss, step.constants, step.loss
        damping = max(step.damping / 8, 1e-9)
        if np.abs(constants).max(initial=0) > LARGEST:
            return None
        if gain < settled and step.decrement < 10 * settled:
            return Fit(constants, best)
        q, jacobian = tape.jacobian(columns, constants)
        if not np.isfinite(jacobian).all():
            return None
    return None


@dataclass(frozen=True)
class _Step:
    """A step that does not raise the loss; ``decrement`` bounds what is left to gain."""

    constants: Array
    loss: float
    damping: float
    decrement: float


def _step(
    tape: Tape,
    columns: Array,
    constants: Array,
    outcomes: Outcomes,
    q: Array,
    jacobian: Array,
    damping: float,
) -> _Step | None:
    """One damped step of Fisher scoring; None if not even the smallest one helps."""
    now = loss(q, outcomes)
    slope, weight = curvature(q, outcomes)
    gradient = jacobian.T @ slope
    hessian = jacobian.T @ (jacobian * weight[:, None])
    diagonal = np.diag(np.diag(hessian) + 1e-12 * (1 + np.trace(hessian)))
    total = float(outcomes.n_a.sum() + outcomes.n_b.sum())
    while damping < 1e10:
        change = np.linalg.solve(hessian + damping * diagonal, gradient)
        new = tape.value(columns, constants - change)
        value = loss(new, outcomes) if np.isfinite(new).all() else np.inf
        if value <= now:
            return _Step(constants - change, value, damping, float(gradient @ change) / total)
        damping *= 8
    return None


def information(tape: Tape, columns: Array, constants: Array, outcomes: Outcomes) -> Array:
    """Fisher information (K, K) of the constants, in nats."""
    q, jacobian = tape.jacobian(columns, constants)
    weight = curvature(q, outcomes)[1]
    return np.asarray(jacobian.T @ (jacobian * weight[:, None]))


def covariance(tape: Tape, columns: Array, constants: Array, outcomes: Outcomes) -> Array:
    """Covariance (K, K) of fitted constants, clustered by chain.

    With fewer than two chains each point is a cluster of its own.
    """
    q, jacobian = tape.jacobian(columns, constants)
    slope, weight = curvature(q, outcomes)
    bread = np.linalg.pinv(jacobian.T @ (jacobian * weight[:, None]), hermitian=True)
    scores = cluster_sums(jacobian * slope[:, None], outcomes.chain)
    clusters = len(scores)
    filling = scores.T @ scores * clusters / max(clusters - 1, 1)
    return np.asarray(bread @ filling @ bread)


def cluster_sums(rows: Array, chain: NDArray[np.int64]) -> Array:
    """Sums of ``rows`` (N, K) over each chain, (G, K); the rows themselves if G would be 1."""
    sums = clusters.cluster_sums(rows, chain)
    return rows if len(sums) < 2 else sums
