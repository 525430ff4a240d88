"""Further descriptors for formulas, by forward selection of linear terms.

Networks see a complete set of internal coordinates; formulas may be shorter in others, which would
add nothing to the network. In each step the descriptor is added that minimises the cross-entropy of
a linear q with the network's p_B (likelihood maximisation of Peters and Trout, J. Chem. Phys. 125,
054108 (2006), with expected outcomes).
"""

from collections.abc import Sequence

import numpy as np

from mechanist.arrays import Array, Features, Probabilities, Q
from mechanist.committor.surface import Score, cross_entropy, fit
from mechanist.statistics.logistic import q_to_p

ROWS = 20_000
"""Points used at most."""
FITTED = 6
"""Descriptors of best score that are fitted in each step."""
LEAST_GAIN = 1e-4
"""Gain in nats per outcome below which the selection ends."""


def screen(
    features: Features,
    owners: Sequence[int],
    q: Q,
    preferred: int,
    count: int,
    tie: float,
    rng: np.random.Generator,
) -> list[int]:
    """Choose descriptors for formulas in addition to the preferred ones.

    Parameters
    ----------
    features
        (N, P) inputs at training points.
    owners
        (P,) index of the descriptor of each column.
    q
        (N,) by the network.
    preferred
        Descriptors of a smaller index may be used in any case, so that others are chosen only if
        they add to them.
    count
        How many others to choose at most.
    tie
        Of descriptors whose gains differ by less, in nats per outcome, the first one is taken, so
        that the choice does not depend on chance.
    rng
        Draws the points.

    Returns
    -------
    list of int
        Indices from ``preferred`` on, best first.
    """
    rows = np.sort(rng.permutation(len(q))[:ROWS])
    spread = features[rows].std(axis=0)
    scaled = (features[rows] - features[rows].mean(axis=0)) / np.where(spread > 0, spread, 1)
    columns = [scaled[:, np.asarray(owners) == d] for d in range(max(owners) + 1)]
    p = q_to_p(q[rows])
    base = np.ones((len(rows), 1))
    constants, found = fit(base, p, np.zeros(1))
    loss = float(cross_entropy(found, p).mean())
    left = list(range(len(columns)))
    chosen: list[int] = []
    while left and len(chosen) < count:
        score = Score(base, found, p)
        best = sorted(left, key=lambda d: -score.gain(columns[d]))[:FITTED]
        trials = {d: _wider(base, columns[d], constants, p) for d in best}
        least = min(trial[0] for trial in trials.values())
        if loss - least < LEAST_GAIN:
            break
        taken = min(d for d, trial in trials.items() if trial[0] <= least + tie)
        left.remove(taken)
        loss, constants, found = trials[taken]
        base = np.hstack([base, columns[taken]])
        if taken >= preferred:
            chosen.append(taken)
    return chosen


def _wider(
    base: Array, added: Array, constants: Array, p: Probabilities
) -> tuple[float, Array, Array]:
    """Loss, constants and q with further columns."""
    start = np.append(constants, np.zeros(added.shape[1]))
    constants, q = fit(np.hstack([base, added]), p, start)
    return float(cross_entropy(q, p).mean()), constants, q
