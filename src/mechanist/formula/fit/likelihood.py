"""Binomial likelihood of shooting outcomes, maximised over the constants of an expression.

With n_A and n_B shots from point i that ended in A and in B (Peters and Trout, J. Chem. Phys. 125,
054108 (2006); `mechanist.statistics.binomial`),

    loss = sum_i [n_A softplus(q) + n_B softplus(-q)] / sum_i (n_A + n_B)   [nats per outcome]

Constants c follow by Fisher scoring with Levenberg's damping (Marquardt, J. Soc. Ind. Appl. Math.
11, 431 (1963)), their covariance is the sandwich clustered by chain (Liang and Zeger, Biometrika
73, 13 (1986)), since neighbouring shots of a chain start from paths that share frames:

    step = (H + lambda diag H)^-1 J.g,   H = J.WJ
    cov(c) = H^-1 [G/(G-1) sum_chains s s^T] H^-1,   s = sum of J_i g_i over a chain

====== ===================================== ============
symbol meaning                               variable
====== ===================================== ============
J      derivatives (N, K) of q by constants  ``jacobian``
g      slope (N,) of the loss by q           ``slope``
W      curvature (N,) of the loss by q       ``weight``
lambda damping                               ``damping``
G      number of chains                      ``clusters``
====== ===================================== ============
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Ends, Features, Mask, Q, Rows
from mechanist.formula.tape import Tape
from mechanist.statistics.binomial import binomial_derivatives, binomial_loss
from mechanist.statistics.clusters import cluster_sums

ITERATIONS = 60
LARGEST = 1e8
"""A larger constant diverges, for example because the outcomes are separable."""


@dataclass(frozen=True)
class Outcomes:
    """Outcomes of shots from N points.

    Parameters
    ----------
    n_a, n_b
        (N,) numbers of shots that ended in A and in B; fractions where probabilities are known.
    chain
        (N,) the chain of each point.
    """

    n_a: Ends
    n_b: Ends
    chain: Rows

    def __len__(self) -> int:
        return len(self.n_a)

    @property
    def counts(self) -> Ends:
        """(N,) outcomes of each point."""
        return self.n_a + self.n_b

    @property
    def total(self) -> float:
        """Number of all outcomes."""
        return float(self.n_a.sum() + self.n_b.sum())

    @property
    def clusters(self) -> Rows:
        """(N,) the independent unit of each point: its chain, or itself if there is one chain."""
        single = len(np.unique(self.chain)) < 2
        return np.arange(len(self)) if single else self.chain

    def select(self, rows: Mask | Rows) -> "Outcomes":
        """Some of the points."""
        return Outcomes(self.n_a[rows], self.n_b[rows], self.chain[rows])


@dataclass(frozen=True)
class Fit:
    """Constants (K,) of maximum likelihood and the loss there, in nats per outcome."""

    constants: Array
    loss: float


def point_losses(q: Q, outcomes: Outcomes) -> Array:
    """Loss of each point (N,) in nats, summed over its outcomes."""
    return binomial_loss(q, outcomes.counts, outcomes.n_b)


def loss(q: Q, outcomes: Outcomes) -> float:
    """Loss in nats per outcome."""
    return float(point_losses(q, outcomes).sum() / outcomes.total)


def curvature(q: Q, outcomes: Outcomes) -> tuple[Array, Array]:
    """First and second derivative (N,) of each point's loss by q, in nats."""
    return binomial_derivatives(q, outcomes.counts, outcomes.n_b)


def fit(
    tape: Tape, columns: Features, start: Array, outcomes: Outcomes, settled: float = 1e-9
) -> Fit | None:
    """Constants of maximum likelihood, or None if none is finite or the fit does not converge.

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
        Decrease of the loss, in nats per outcome, at which a fit has converged. It fails if that
        takes more than `ITERATIONS` steps.
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
    """A step that does not raise the loss; ``decrement`` bounds the remaining gain."""

    constants: Array
    loss: float
    damping: float
    decrement: float


def _step(
    tape: Tape,
    columns: Features,
    constants: Array,
    outcomes: Outcomes,
    q: Q,
    jacobian: Array,
    damping: float,
) -> _Step | None:
    """One damped step of Fisher scoring; None if even the smallest one raises the loss."""
    now = loss(q, outcomes)
    slope, weight = curvature(q, outcomes)
    gradient = jacobian.T @ slope
    hessian = jacobian.T @ (jacobian * weight[:, None])
    diagonal = np.diag(np.diag(hessian) + 1e-12 * (1 + np.trace(hessian)))
    while damping < 1e10:
        change = np.linalg.solve(hessian + damping * diagonal, gradient)
        new = tape.value(columns, constants - change)
        value = loss(new, outcomes) if np.isfinite(new).all() else np.inf
        if value <= now:
            decrement = float(gradient @ change) / outcomes.total
            return _Step(constants - change, value, damping, decrement)
        damping *= 8
    return None


def information(tape: Tape, columns: Features, constants: Array, outcomes: Outcomes) -> Array:
    """Fisher information (K, K) of the constants, in nats."""
    q, jacobian = tape.jacobian(columns, constants)
    weight = curvature(q, outcomes)[1]
    return np.asarray(jacobian.T @ (jacobian * weight[:, None]))


def covariance(tape: Tape, columns: Features, constants: Array, outcomes: Outcomes) -> Array:
    """Covariance (K, K) of fitted constants over `Outcomes.clusters`."""
    q, jacobian = tape.jacobian(columns, constants)
    slope, weight = curvature(q, outcomes)
    bread = np.linalg.pinv(jacobian.T @ (jacobian * weight[:, None]), hermitian=True)
    scores = cluster_sums(jacobian * slope[:, None], outcomes.clusters)
    clusters = len(scores)
    filling = scores.T @ scores * clusters / max(clusters - 1, 1)
    return np.asarray(bread @ filling @ bread)
