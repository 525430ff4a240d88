"""Calibration: outcomes of unseen chains against predicted p_B, window by window, with its power.

A chi-squared test of exact calibration (Hosmer and Lemeshow, Commun. Stat. A 9, 1043 (1980)) is no
use as a criterion to stop: no finite network is exact, so it rejects all of them once there are
enough shots, and it assumes independent outcomes. The two halves of a shot start with opposite
velocities, so at low friction they tend to end in different states; shots of a chain start from
paths that share frames. Here a deviation counts only as far as it exceeds a tolerance, and chains,
or long pieces of them, are the independent units of its standard error
(`mechanist.statistics.pieces`), which is compared with Student's t.

Windows of p_B overlap by half, so that a deviation on one side of any p_B fills one of them. Of a
test that rejects a window with |d| > tolerance + t_r se, the smallest true deviation that it finds
with a chance of 90 % is

    power = tolerance + (t_r + t_90) se,

where t_r and t_90 are quantiles of Student's t: t_r at the level of the test over the number of
windows, t_90 at 0.9. The power of the test is that of its worst window between `CENTRAL`, around
p_B = 1/2.
"""

from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Counts, Ends, Q, Rows
from mechanist.committor.likelihood import nll
from mechanist.statistics.logistic import q_to_p
from mechanist.statistics.pieces import mean_error, pieces

BINS, WIDTH = 10, 2
"""Windows of p_B are `WIDTH` of `BINS` equal bins wide and begin at every bin."""

CENTRAL = (0.2, 0.8)
"""Windows within this range of p_B must have outcomes, and give the power of the test."""

FOUND = 0.9
"""Chance with which the test finds a deviation as large as its power."""


@dataclass(frozen=True)
class Reliability:
    """Windows of predicted p_B that hold outcomes of at least two pieces of chains, (K,) each.

    Attributes
    ----------
    window
        Number of the window; it begins at this bin.
    predicted
        Mean prediction, weighted by outcomes.
    observed
        Fraction of outcomes in B.
    standard_error, freedom
        Of ``observed - predicted``, and the degrees of freedom of its estimate.
    outcomes
        Number of half-shots.
    """

    window: Counts
    predicted: Array
    observed: Array
    standard_error: Array
    freedom: Counts
    outcomes: Counts


@dataclass(frozen=True)
class CalibrationTest:
    """Outcome of the test.

    Attributes
    ----------
    p_value
        Small if a deviation beyond the tolerance is unlikely to be chance.
    worst_deviation, worst_predicted
        Observed minus predicted p_B of the window with the smallest p-value, and its p_B.
    rms_deviation
        Root mean square over windows of the deviation, beyond counting noise.
    windows
        Windows with outcomes of at least two pieces of chains; the others are not tested.
    power
        Smallest deviation of p_B around 1/2 that the test finds with a chance of 90 %; infinite if
        a window there cannot be tested.
    """

    p_value: float
    worst_deviation: float
    worst_predicted: float
    rms_deviation: float
    windows: int
    power: float


def reliability(
    q: Q, n_a: Ends, n_b: Ends, chain: Rows, bins: int = BINS, width: int = WIDTH
) -> Reliability:
    """Compare predictions with outcomes in windows of equal width in p_B.

    Parameters
    ----------
    q
        (N,) predicted.
    n_a, n_b
        (N,) outcomes; points without any are left out.
    chain
        (N,) number of the chain; shots of a chain in the order of its moves.
    bins, width
        Number of bins, and how many of them a window covers.

    Raises
    ------
    DataError
        If a q is not finite.
    """
    nll(q, n_a, n_b)
    use = n_a + n_b > 0
    p, n_b, chain = q_to_p(q[use]), n_b[use], chain[use]
    outcomes, piece = n_b + n_a[use], pieces(chain)
    excess = n_b - p * outcomes
    noise = float((outcomes * p * (1 - p)).sum())
    dispersion = float((excess**2).sum()) / noise if noise > 0 else 1.0
    place = np.minimum((p * bins).astype(np.int64), bins - 1)
    rows = []
    for b in range(bins - width + 1):
        here = (place >= b) & (place < b + width)
        if len(np.unique(piece[here])) < 2:
            continue
        total = float(outcomes[here].sum())
        predicted = float((p[here] * outcomes[here]).sum()) / total
        off = float(excess[here].sum()) / total
        residual = excess[here] - off * outcomes[here]
        error, freedom = mean_error(residual, chain[here], piece[here], total)
        # Few outcomes that all agree have no scatter; that of independent shots is the least.
        least = np.sqrt(dispersion * predicted * (1 - predicted) / total)
        rows.append((b, predicted, predicted + off, max(error, least), freedom, total))
    table = np.array(rows, dtype=np.float64).reshape(-1, 6)
    window, freedom_of, count = (table[:, i].astype(np.int64) for i in (0, 4, 5))
    return Reliability(window, table[:, 1], table[:, 2], table[:, 3], freedom_of, count)


def calibration_test(
    q: Q,
    n_a: Ends,
    n_b: Ends,
    chain: Rows,
    tolerance: float = 0.02,
    level: float = 0.01,
) -> CalibrationTest:
    """Test that in no window the true deviation of p_B is larger than ``tolerance``.

    The p-value of a window is the probability of a deviation at least as large as the observed
    one, d, if the true one is ``tolerance``: T((|d| - tolerance) / se) + T((|d| + tolerance) / se),
    where T is the upper tail of Student's t distribution. The smallest is multiplied by the number
    of windows (Bonferroni). Without any window the p-value is 1. ``level`` is the p-value below
    which the test rejects; its power depends on it.
    """
    from scipy.special import stdtr

    table = reliability(q, n_a, n_b, chain)
    if len(table.predicted) == 0:
        return CalibrationTest(1.0, 0.0, 0.5, 0.0, 0, float("inf"))
    deviation = table.observed - table.predicted
    error = np.maximum(table.standard_error, 1e-12)
    chance = stdtr(table.freedom, (tolerance - np.abs(deviation)) / error)
    chance = chance + stdtr(table.freedom, (-tolerance - np.abs(deviation)) / error)
    worst = int(np.argmin(chance))
    beyond = np.average(deviation**2 - table.standard_error**2, weights=table.outcomes)
    return CalibrationTest(
        p_value=min(1.0, len(chance) * float(chance[worst])),
        worst_deviation=float(deviation[worst]),
        worst_predicted=float(table.predicted[worst]),
        rms_deviation=float(np.sqrt(max(0.0, beyond))),
        windows=len(chance),
        power=_power(table, tolerance, level),
    )


def _power(table: Reliability, tolerance: float, level: float) -> float:
    """Smallest deviation that is found in every window of `CENTRAL`, see the head of the module."""
    from scipy.special import stdtrit

    low, high = (round(edge * BINS) for edge in CENTRAL)
    wanted = np.arange(low, high - WIDTH + 1)
    if level <= 0 or not np.isin(wanted, table.window).all():
        return float("inf")
    rejects = stdtrit(table.freedom, 1 - level / len(table.window))
    found = rejects + stdtrit(table.freedom, FOUND)
    needed = tolerance + found * table.standard_error
    return float(needed[np.isin(table.window, wanted)].max())
