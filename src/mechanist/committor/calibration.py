"""Are the predicted probabilities right? Held-out outcomes against predictions, bin by bin."""

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Reliability:
    """Bins of predicted p_B that hold outcomes of at least two chains, (K,) each.

    Parameters
    ----------
    predicted
        Mean prediction, weighted by outcomes.
    observed
        Fraction of outcomes in B.
    standard_error
        Of ``observed - predicted``, chains being the independent units.
    outcomes
        Number of half-shots.
    """

    predicted: Array
    observed: Array
    standard_error: Array
    outcomes: Counts


@dataclass(frozen=True)
class CalibrationTest:
    """P-value, and the bin that deviates most in units of its standard error."""

    p_value: float
    worst_deviation: float
    worst_predicted: float


def reliability(q: Array, n_a: Counts, n_b: Counts, chain: Counts, bins: int = 10) -> Reliability:
    """Compare predictions with outcomes in bins of equal width in p_B.

    Parameters
    ----------
    q
        (N,) predicted logit.
    n_a, n_b
        (N,) outcomes.
    chain
        (N,) number of the chain; shots of a chain, and the two halves of a shot, may be correlated.
    bins
        Number of bins.
    """
    p = 0.5 * (1 + np.tanh(0.5 * q))
    outcomes = n_a + n_b
    place = np.minimum((p * bins).astype(int), bins - 1)
    rows = []
    for b in range(bins):
        here = (place == b) & (outcomes > 0)
        _, cluster = np.unique(chain[here], return_inverse=True)
        if len(here) == 0 or cluster.size == 0 or cluster.max() < 1:
            continue
        total = outcomes[here].sum()
        excess = n_b[here] - p[here] * outcomes[here]
        residual = excess - excess.sum() / total * outcomes[here]
        sums = np.bincount(cluster, residual)
        scale = len(sums) / (len(sums) - 1)
        predicted = float((p[here] * outcomes[here]).sum() / total)
        error = float(np.sqrt(scale * (sums**2).sum()) / total)
        # Few outcomes that all agree would give no error at all; binomial noise is the least.
        error = max(error, float(np.sqrt(predicted * (1 - predicted) / total)))
        rows.append((predicted, float(n_b[here].sum() / total), error, int(total)))
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return Reliability(table[:, 0], table[:, 1], table[:, 2], table[:, 3].astype(np.int64))


def calibration_test(
    q: Array,
    n_a: Counts,
    n_b: Counts,
    chain: Counts,
    tolerance: float = 0.02,
    bins: int = 10,
) -> CalibrationTest:
    """Test that in no bin the true deviation is larger than ``tolerance``.

    A test of exact calibration (Hosmer and Lemeshow) rejects every finite network once there are
    enough shots. Here a deviation counts only as far as it exceeds the tolerance: one-sided normal
    tests of ``(|observed - predicted| - tolerance) / standard error``, Bonferroni over bins.
    """
    table = reliability(q, n_a, n_b, chain, bins)
    if len(table.predicted) == 0:
        return CalibrationTest(1.0, 0.0, 0.5)
    deviation = table.observed - table.predicted
    z = (np.abs(deviation) - tolerance) / table.standard_error
    worst = int(np.argmax(z))
    p_value = min(1.0, len(z) * NormalDist().cdf(-float(z[worst])))
    return CalibrationTest(p_value, float(deviation[worst]), float(table.predicted[worst]))
