"""Calibration: held-out outcomes against predicted p_B, bin by bin.

A chi-squared test of exact calibration (Hosmer and Lemeshow, Commun. Stat. A 9, 1043 (1980)) is no
use as a criterion to stop: no finite network is exact, so it rejects all of them once there are
enough shots, and it assumes independent outcomes. The two halves of a shot start with opposite
velocities, so at low friction they tend to end in different states; shots of a chain start from
paths that share frames. Here a deviation counts only as far as it exceeds a tolerance, and chains
are the independent units of its standard error (`mechanist.statistics.clusters`). Chains are few,
so the statistic is compared with Student's t and not with the normal distribution.
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Counts, Ends, Q, Rows
from mechanist.committor.likelihood import nll
from mechanist.statistics.clusters import clustered_mean
from mechanist.statistics.logistic import q_to_p


@dataclass(frozen=True)
class Reliability:
    """Bins of predicted p_B that hold outcomes of at least two chains, (K,) each.

    Attributes
    ----------
    predicted
        Mean prediction, weighted by outcomes.
    observed
        Fraction of outcomes in B.
    standard_error
        Of ``observed - predicted``, chains being the independent units.
    outcomes, chains
        Number of half-shots, and of chains that they come from.
    """

    predicted: Array
    observed: Array
    standard_error: Array
    outcomes: Counts
    chains: Counts


@dataclass(frozen=True)
class CalibrationTest:
    """Outcome of the test.

    Attributes
    ----------
    p_value
        Small if a deviation beyond the tolerance is unlikely to be chance.
    worst_deviation, worst_predicted
        Observed minus predicted p_B of the bin with the smallest p-value, and its p_B.
    rms_deviation
        Root mean square over bins of the deviation, beyond counting noise.
    bins
        Bins that have outcomes of at least two chains; the others are not tested.
    """

    p_value: float
    worst_deviation: float
    worst_predicted: float
    rms_deviation: float
    bins: int


def reliability(q: Q, n_a: Ends, n_b: Ends, chain: Rows, bins: int = 10) -> Reliability:
    """Compare predictions with outcomes in bins of equal width in p_B.

    Parameters
    ----------
    q
        (N,) predicted.
    n_a, n_b
        (N,) outcomes; points without any are left out.
    chain
        (N,) number of the chain.
    bins
        Number of bins.

    Raises
    ------
    DataError
        If a q is not finite.
    """
    nll(q, n_a, n_b)
    use = n_a + n_b > 0
    p, n_b, chain = q_to_p(q[use]), n_b[use], chain[use]
    outcomes = n_b + n_a[use]
    excess = n_b - p * outcomes
    noise = float((outcomes * p * (1 - p)).sum())
    dispersion = float((excess**2).sum()) / noise if noise > 0 else 1.0
    place = np.minimum((p * bins).astype(np.int64), bins - 1)
    rows = []
    for b in range(bins):
        here = place == b
        chains = len(np.unique(chain[here]))
        if chains < 2:
            continue
        total = float(outcomes[here].sum())
        predicted = float((p[here] * outcomes[here]).sum()) / total
        _, error = clustered_mean(excess[here], chain[here], outcomes[here])
        # Few outcomes that all agree have no scatter; that of independent shots is the least.
        least = np.sqrt(dispersion * predicted * (1 - predicted) / total)
        rows.append((predicted, n_b[here].sum() / total, max(error, least), total, chains))
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    counts = table[:, 3:].astype(np.int64)
    return Reliability(table[:, 0], table[:, 1], table[:, 2], counts[:, 0], counts[:, 1])


def calibration_test(
    q: Q,
    n_a: Ends,
    n_b: Ends,
    chain: Rows,
    tolerance: float = 0.02,
    bins: int = 10,
) -> CalibrationTest:
    """Test that in no bin the true deviation of p_B is larger than ``tolerance``.

    The p-value of a bin is the probability of a deviation at least as large as the observed one, d,
    if the true one is ``tolerance``: T((|d| - tolerance) / se) + T((|d| + tolerance) / se), where T
    is the upper tail of Student's t distribution. The smallest is multiplied by the number of bins
    (Bonferroni). Without any bin of two chains the p-value is 1.
    """
    from scipy.special import stdtr

    table = reliability(q, n_a, n_b, chain, bins)
    if len(table.predicted) == 0:
        return CalibrationTest(1.0, 0.0, 0.5, 0.0, 0)
    deviation = table.observed - table.predicted
    freedom, error = table.chains - 1, np.maximum(table.standard_error, 1e-12)
    chance = stdtr(freedom, (tolerance - np.abs(deviation)) / error)
    chance = chance + stdtr(freedom, (-tolerance - np.abs(deviation)) / error)
    worst = int(np.argmin(chance))
    beyond = np.average(deviation**2 - table.standard_error**2, weights=table.outcomes)
    return CalibrationTest(
        p_value=min(1.0, len(chance) * float(chance[worst])),
        worst_deviation=float(deviation[worst]),
        worst_predicted=float(table.predicted[worst]),
        rms_deviation=float(np.sqrt(max(0.0, beyond))),
        bins=len(chance),
    )
