"""Sparse linear models to start networks from, where shots are few for the number of inputs.

With some hundred correlated inputs and a thousand shots a network fits noise however strong its
weight decay is. Logistic regression with an L1 penalty (Tibshirani, J. R. Stat. Soc. B 58, 267
(1996)) selects the few inputs that matter. A network that starts there, and uses these inputs only,
adds only the nonlinear part.
"""

from collections.abc import Iterator

import numpy as np

from mechanist.arrays import Array
from mechanist.committor.likelihood import loss_per_outcome

FEW = 40
"""Outcomes for each input below which a sparse start is tried."""

STRENGTHS = tuple(np.geomspace(0.003, 0.3, 7).tolist())
"""Inverse penalties. All members have the same, the one with the smallest mean loss on chains that
members did not draw; chosen for each member it would follow the noise."""

ROUNDS = 200
"""Largest number of iterations of the solver."""


def wanted(outcomes: float, inputs: int) -> bool:
    """Whether outcomes are few for the inputs."""
    return outcomes < FEW * inputs


def sparse_start(inputs: Array, counts: Array, drawn: Array) -> tuple[Array, Array]:
    """Weights (M, P) and constants (M,) of a linear model of q for each member.

    Parameters
    ----------
    inputs
        (N, P), standardised.
    counts
        (2, N) ends in A and in B.
    drawn
        (M, N), how often each member has drawn each shot; negative: it must not see it.
    """
    every = [list(_models(inputs, counts * np.maximum(member, 0))) for member in drawn]
    losses = [
        [_loss(model, inputs[member == 0], counts[:, member == 0]) for model in models]
        for models, member in zip(every, drawn, strict=True)
    ]
    # Members that must not see the same shots choose among themselves.
    _, group = np.unique(drawn < 0, axis=0, return_inverse=True)
    group = np.ravel(group)
    best = [np.argmin(np.mean(np.array(losses)[group == one], axis=0)) for one in group]
    kept = [models[one] for models, one in zip(every, best, strict=True)]
    return np.stack([weights for weights, _ in kept]), np.array([one for _, one in kept])


def _loss(model: tuple[Array, float], inputs: Array, counts: Array) -> float:
    weights, constant = model
    return loss_per_outcome(inputs @ weights + constant, counts[0], counts[1])


def _models(inputs: Array, counts: Array) -> Iterator[tuple[Array, float]]:
    """A model for each strength; uninformative if shots ended in one state only."""
    from sklearn.linear_model import LogisticRegression

    ends = np.repeat([0, 1], len(inputs))
    twice, weight = np.concatenate([inputs, inputs]), counts.ravel()
    use = weight > 0
    for strength in STRENGTHS:
        if len(np.unique(ends[use])) < 2:
            yield np.zeros(inputs.shape[1]), 0.0
            continue
        # The solver penalises the constant too; a large scaling leaves it nearly free.
        model = LogisticRegression(
            l1_ratio=1.0, C=strength, solver="liblinear", intercept_scaling=10, max_iter=ROUNDS,
            random_state=0,
        )  # fmt: skip
        model.fit(twice[use], ends[use], sample_weight=weight[use])
        yield model.coef_[0], float(model.intercept_[0])
