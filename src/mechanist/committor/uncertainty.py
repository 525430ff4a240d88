"""Error of the predicted p_B: the spread of the ensemble, scaled by held-out chains.

The spread s of q over members, each trained on a bootstrap sample of chains, estimates the sampling
error. It does not show the error that all members have in common: the bias by early stopping and
weight decay, which are chosen such that bias and sampling error are about equal. The standard
deviation of the error of p_B is therefore taken as

    sigma(x)^2 = k [(p (1 - p) s(x))^2 + floor^2] / 2,

where floor^2 is the mean of the first term over the held-out shots: the spread at this point and
the mean spread have equal shares, because the spread over a few members is a noisy estimate at one
point, and because bias, unlike spread, is not small where training shots are dense. Errors of a
binomial fit are about uniform in p_B, not in q.

The factor k is estimated. Its prior is lognormal with a median of 1 + 1/M for the sampling error of
a mean over M members plus 1 for a bias as large, within a factor of `PRIOR_FACTOR`. The likelihood
comes from held-out shots. Given their points, shots of different chains are independent, so the
product of the residuals (outcomes in B minus those expected) of two shots is on average the product
of the errors of p_B at their points. Its mean over pairs of different chains from the same small
neighbourhood is an unbiased estimate of the part of the squared error that varies slowly enough to
be visible. That part is found from the deviations of the members from their mean, which are known
without noise. Half-shots of one shot may be correlated: a shot counts as one.

==========  ===========  ==================================================
symbol      variable     meaning
==========  ===========  ==================================================
s           ``spread``   standard deviation of q over members
floor       ``floor``    root mean square of p (1 - p) s over held-out shots
sqrt(k)     ``factor``   scale of the error
M           ``count``    number of members
==========  ===========  ==================================================
"""

from dataclasses import dataclass
from math import log

import numpy as np

from mechanist.arrays import Array, Counts
from mechanist.committor.data import ShotData
from mechanist.statistics.logistic import q_to_p

PRIOR_FACTOR = 2.0
"""One standard deviation of the prior of ln k is the logarithm of this."""

ITERATIONS = 8


@dataclass(frozen=True)
class ErrorScale:
    """Scale of the error of p_B; see the head of the module.

    Attributes
    ----------
    floor
        Root mean square over held-out shots of p (1 - p) s, in p_B.
    factor
        Square root of k.
    excess, excess_se
        Mean squared error of p_B in neighbourhoods of held-out shots, beyond counting noise, and
        its standard error; None with fewer than two chains.
    visible
        Fraction of the squared deviations of members that neighbourhoods show.
    """

    floor: float
    factor: float
    excess: float | None
    excess_se: float | None
    visible: float

    def usable(self) -> bool:
        """Whether floor and factor are finite numbers, the factor above zero."""
        pair = (self.floor, self.factor)
        numbers = all(isinstance(each, int | float) and np.isfinite(each) for each in pair)
        return numbers and self.floor >= 0 and self.factor > 0

    def sigma(self, p: Array, spread: Array) -> Array:
        """Standard deviation (F,) of the error of p_B, from p_B and the spread of q."""
        local = (p * (1 - p) * spread) ** 2
        return np.asarray(self.factor * np.sqrt(0.5 * (local + self.floor**2)))


def neighbourhoods(points: Array, count: int, rng: np.random.Generator) -> Counts:
    """Group (N,) of each point (N, K) by k-means (Lloyd, IEEE Trans. Inf. Theory 28, 129)."""
    count = min(count, len(points))
    centres = points[rng.choice(len(points), count, replace=False)]
    squares = (points**2).sum(axis=1)[:, None]
    group = np.zeros(len(points), dtype=np.int64)
    for _ in range(ITERATIONS):
        distances = squares - 2 * points @ centres.T + (centres**2).sum(axis=1)
        group = distances.argmin(axis=1)
        size = np.maximum(np.bincount(group, minlength=count), 1)
        sums = [np.bincount(group, column, count) for column in points.T]
        centres = np.stack(sums, axis=1) / size[:, None]
    return group


def pair_sum(values: Array, group: Counts, chain: Counts) -> float:
    """Sum of values_i values_j over ordered pairs of one group and of different chains."""
    _, cell = np.unique(np.stack([group, chain]), axis=1, return_inverse=True)
    cell = np.ravel(cell)
    of_cell = np.zeros(int(cell.max()) + 1, dtype=np.int64)
    of_cell[cell] = group
    sums = np.bincount(cell, values)
    return float((np.bincount(of_cell, sums) ** 2).sum() - (sums**2).sum())


def fit_error_scale(members: Array, data: ShotData, group: Counts) -> ErrorScale:
    """Estimate the scale of the error of the mean over members.

    Parameters
    ----------
    members
        (M, N) q of every member at held-out shots.
    data
        These shots.
    group
        (N,) neighbourhood of each, see `neighbourhoods`.
    """
    count = len(members)
    q = members.mean(axis=0)
    p = q_to_p(q)
    slope, outcomes = p * (1 - p), (data.n_a + data.n_b).astype(np.float64)
    prior = 2 + 1 / count
    blind = posterior_mean(0.0, np.inf, 0.0, prior) ** 0.5
    if not outcomes.sum() > 0:
        return ErrorScale(0.0, blind, None, None, 1.0)
    local = (slope**2) * members.var(axis=0, ddof=1)
    floor = float(np.average(local, weights=outcomes)) ** 0.5
    pairs = pair_sum(outcomes, group, data.chain)
    if pairs <= 0 or floor == 0:
        return ErrorScale(floor, blind, None, None, 1.0)
    residual = data.n_b - p * outcomes
    excess = pair_sum(residual, group, data.chain) / pairs
    # Without any error the products are uncorrelated, each with the product of the variances.
    error = (2 * pair_sum(residual**2, group, data.chain)) ** 0.5 / pairs
    shown = sum(
        pair_sum(outcomes * slope * (member - q), group, data.chain) / (count - 1) / pairs
        for member in members
    )
    visible = min(1.0, max(0.0, shown / floor**2))
    k = posterior_mean(excess, max(error, 1e-12), visible * floor**2, prior)
    return ErrorScale(floor, k**0.5, excess, error, visible)


def posterior_mean(excess: float, error: float, unit: float, prior: float) -> float:
    """Posterior mean of k, given k ``unit`` was measured as ``excess`` with standard ``error``."""
    width = log(PRIOR_FACTOR)
    logs = log(prior) + width * np.linspace(-6, 6, 2001)
    exponent = -0.5 * ((logs - log(prior)) / width) ** 2
    exponent = exponent - 0.5 * ((excess - np.exp(logs) * unit) / error) ** 2
    weights = np.exp(exponent - exponent.max())
    return float(weights @ np.exp(logs) / weights.sum())
