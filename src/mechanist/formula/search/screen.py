"""Which of many descriptors a formula could use best: forward selection of linear terms.

Networks see a complete set of internal coordinates; formulas are shorter in others, which would
only repeat what the network knows. So formulas may choose from more: again and again the descriptor
is taken that brings a linear q nearest to the network's p_B (Peters and Trout, J. Chem. Phys. 125,
054108 (2006), by the likelihood that the network expects).
"""

from collections.abc import Sequence

import numpy as np

from mechanist.arrays import Array
from mechanist.committor.surface import Score, cross_entropy, fit
from mechanist.statistics.logistic import q_to_p

ROWS = 20_000
"""Points that are looked at."""
FITTED = 6
"""Descriptors of best score that are fitted at each step."""
LEAST_GAIN = 1e-4
"""Nats per outcome below which nothing more is taken."""


def screen(
    features: Array,
    owners: Sequence[int],
    q: Array,
    preferred: int,
    count: int,
    tie: float,
    rng: np.random.Generator,
) -> list[int]:
    """Choose descriptors for formulas beside the preferred ones.

    Parameters
    ----------
    features
        (N, P) inputs at training points.
    owners
        (P,) number of the descriptor of each column, from 0.
    q
        (N,) logit of p_B by the network.
    preferred
        The descriptors before this number may be used in any case, so that one more is only
        chosen if it adds to them.
    count
        How many more to choose at most.
    tie
        Of descriptors that gain the same up to this, in nats per outcome, the first one is taken,
        so that the choice does not hang on chance.
    rng
        Draws the points.

    Returns
    -------
    list of int
        Numbers from ``preferred`` on, best first.
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


def _wider(base: Array, added: Array, constants: Array, p: Array) -> tuple[float, Array, Array]:
    """Loss, constants and q with some more columns."""
    start = np.append(constants, np.zeros(added.shape[1]))
    constants, q = fit(np.hstack([base, added]), p, start)
    return float(cross_entropy(q, p).mean()), constants, q
