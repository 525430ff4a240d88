"""Which inputs matter: what each one adds, in held-out likelihood, to those before it.

The inputs of a molecule have twins: torsions about the same bond differ by about 120 degrees, and
bond angles tie the rest. Permuting one of them leaves its twins in place and shows the network
configurations that do not exist; leaving one out shows nothing, since a twin takes over. Here inputs
are added one by one instead, as a chemist would (forward selection; Hastie, Tibshirani, Friedman,
The Elements of Statistical Learning, 2nd ed., section 3.3.2). The next input is the one with the
largest score statistic (Rao) given those before it, in a logistic model that is additive in
low-order terms of each input. Its importance is what it takes off the loss on held-out chains.
Inputs that were never added get what they would still add to the last model. Everything is repeated
on bootstrap samples of the training chains, which gives mean and spread.

The plain permutation importance of the network is given beside it (`Relevance.marginal`).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.committor.data import ShotData
from mechanist.committor.likelihood import loss_per_outcome
from mechanist.committor.network import Committor

Array = NDArray[np.float64]

MAX_STEPS = 8
MAX_SHOTS = 20_000
"""Of a bootstrap sample: enough to rank, and it bounds the cost."""

RIDGE = 1e-3
CLIP = 15.0


@dataclass(frozen=True)
class Relevance:
    """Importance of one descriptor in nats per outcome, its spread, and by permutation."""

    descriptor: str
    importance: float
    spread: float
    marginal: float


def relevance(
    model: Committor,
    data: ShotData,
    owners: NDArray[np.int64],
    names: tuple[str, ...],
    repeats: int,
    rng: np.random.Generator,
    train_data: ShotData,
) -> list[Relevance]:
    """Rank descriptors, most important first.

    Parameters
    ----------
    model
        Network whose permutation importance is given beside.
    data
        Shots of held-out chains.
    owners
        (P,) which descriptor each feature belongs to; a torsion owns its sine and cosine.
    names
        (D,) names of the descriptors.
    repeats
        Bootstrap samples of the training chains.
    rng
        Source of random numbers.
    train_data
        Shots of the other chains.
    """
    mean, scale = model.mean, model.scale
    inside = terms((train_data.features - mean) / scale, owners)
    outside = terms((data.features - mean) / scale, owners)
    gains = np.array(
        [
            forward_gains(inside[rows], train_data.subset(rows), outside, data, term_owners(owners))
            for rows in bootstrap_rows(train_data.chain, repeats, rng)
        ]
    )
    marginal = permutation(model, data, owners, len(names), rng)
    mean_gain, spread = gains.mean(axis=0), gains.std(axis=0, ddof=min(1, repeats - 1))
    order = np.argsort(-mean_gain, kind="stable")
    return [
        Relevance(names[i], float(mean_gain[i]), float(spread[i]), float(marginal[i]))
        for i in order
    ]


def terms(features: Array, owners: NDArray[np.int64]) -> Array:
    """Low-order terms (N, T): each feature, its square, and the product of a torsion's two."""
    twins = np.flatnonzero(owners[1:] == owners[:-1])
    products = features[:, twins] * features[:, twins + 1]
    return np.concatenate([features, features**2, products], axis=1)


def term_owners(owners: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which descriptor each of `terms` belongs to, (T,)."""
    twins = np.flatnonzero(owners[1:] == owners[:-1])
    return np.concatenate([owners, owners, owners[twins]])


def bootstrap_rows(
    chain: NDArray[np.int64], repeats: int, rng: np.random.Generator
) -> list[NDArray[np.int64]]:
    """Rows of bootstrap samples of whole chains, thinned to `MAX_SHOTS`."""
    chains = np.unique(chain)
    by_chain = [np.flatnonzero(chain == c) for c in chains]
    result = []
    for _ in range(repeats):
        rows = np.concatenate([by_chain[i] for i in rng.integers(len(chains), size=len(chains))])
        if len(rows) > MAX_SHOTS:
            rows = np.sort(rng.choice(rows, MAX_SHOTS, replace=False))
        result.append(rows)
    return result


def forward_gains(
    x: Array, shots: ShotData, x_out: Array, out: ShotData, owners: NDArray[np.int64]
) -> Array:
    """Fall of the held-out loss that each descriptor brings, (D,), by forward selection.

    Parameters
    ----------
    x, shots
        Terms (N, T) and outcomes to fit.
    x_out, out
        The same of held-out chains.
    owners
        (T,) which descriptor each term belongs to.
    """
    count = int(owners.max()) + 1
    x, x_out = _with_constant(x), _with_constant(x_out)
    owners = np.concatenate([[-1], owners])
    gains = np.zeros(count)
    chosen: list[int] = []
    beta = fit_logistic(x[:, :1], shots)
    loss = _loss(x_out[:, :1], beta, out)
    score = np.zeros(count)
    for _ in range(min(MAX_STEPS, count)):
        columns = np.flatnonzero(np.isin(owners, [-1, *chosen]))
        score = score_statistics(x, shots, columns, beta, owners, count)
        score[chosen] = -np.inf
        chosen.append(int(np.argmax(score)))
        columns = np.flatnonzero(np.isin(owners, [-1, *chosen]))
        beta = fit_logistic(x[:, columns], shots)
        now = _loss(x_out[:, columns], beta, out)
        gains[chosen[-1]] = loss - now
        loss = now
    # A score statistic is twice the gain in log-likelihood (to second order).
    rest = np.setdiff1d(np.arange(count), chosen)
    outcomes = (shots.n_a + shots.n_b).sum()
    floor = min(max(0.0, gains[i]) for i in chosen)
    gains[rest] = np.minimum(0.5 * score[rest] / outcomes, floor)
    return gains


def fit_logistic(x: Array, shots: ShotData) -> Array:
    """Maximum-likelihood coefficients (C,) of a logistic model, by Newton's method."""
    outcomes = (shots.n_a + shots.n_b).astype(np.float64)
    penalty = RIDGE * np.eye(x.shape[1])
    penalty[0, 0] = 0
    beta = np.zeros(x.shape[1])
    for _ in range(25):
        p = _probability(x @ beta)
        gradient = x.T @ (shots.n_b - outcomes * p) - penalty @ beta
        weights = np.maximum(outcomes * p * (1 - p), 1e-6)
        step = np.linalg.solve((x * weights[:, None]).T @ x + penalty, gradient)
        beta = beta + step / max(1.0, float(np.abs(step).max()) / 5)
        if np.abs(step).max() < 1e-6:
            break
    return beta


def score_statistics(
    x: Array,
    shots: ShotData,
    columns: NDArray[np.int64],
    beta: Array,
    owners: NDArray[np.int64],
    count: int,
) -> Array:
    """Score statistic (D,) of adding each descriptor's terms to a fitted logistic model."""
    outcomes = (shots.n_a + shots.n_b).astype(np.float64)
    p = _probability(x[:, columns] @ beta)
    gradient = x.T @ (shots.n_b - outcomes * p)
    information = (x * (outcomes * p * (1 - p))[:, None]).T @ x
    base = information[np.ix_(columns, columns)] + RIDGE * np.eye(len(columns))
    result = np.zeros(count)
    for descriptor in range(count):
        own = np.flatnonzero(owners == descriptor)
        cross = information[np.ix_(own, columns)]
        block = information[np.ix_(own, own)] - cross @ np.linalg.solve(base, cross.T)
        block += max(RIDGE, 1e-6 * float(np.trace(information[np.ix_(own, own)]))) * np.eye(
            len(own)
        )
        result[descriptor] = gradient[own] @ np.linalg.solve(block, gradient[own])
    return result


def permutation(
    model: Committor,
    data: ShotData,
    owners: NDArray[np.int64],
    count: int,
    rng: np.random.Generator,
) -> Array:
    """Rise of the network's held-out loss when one descriptor is permuted over shots, (D,)."""
    reference = loss_per_outcome(model.q(data.features), data.n_a, data.n_b)
    result = np.empty(count)
    for descriptor in range(count):
        columns = np.flatnonzero(owners == descriptor)
        shuffled = data.features.copy()
        shuffled[:, columns] = shuffled[rng.permutation(len(data))][:, columns]
        result[descriptor] = loss_per_outcome(model.q(shuffled), data.n_a, data.n_b) - reference
    return result


def _with_constant(x: Array) -> Array:
    return np.concatenate([np.ones((len(x), 1)), x], axis=1)


def _probability(q: Array) -> Array:
    return np.asarray(0.5 * (1 + np.tanh(0.5 * np.clip(q, -CLIP, CLIP))))


def _loss(x: Array, beta: Array, shots: ShotData) -> float:
    return loss_per_outcome(np.clip(x @ beta, -CLIP, CLIP), shots.n_a, shots.n_b)
