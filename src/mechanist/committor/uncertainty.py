"""Error of the predicted p_B: the spread of the ensemble, and a bias found on unseen chains.

The spread s of q over members, each trained on a bootstrap sample of chains, estimates the
sampling error of a member. The mean over M members has at most this error, and a share 1/M of what
members have of their own; the spread over a few members is a noisy estimate at one point, so that
the spread at this point and the mean spread have equal shares. Spread does not show the error that
all members have in common, a bias b by early stopping and weight decay. The variance of the error
of p_B is taken as

    sigma(x)^2 = (1 + 1/M) [(p (1 - p) s(x))^2 + floor^2] / 2 + b^2.

Errors of a binomial fit are about uniform in p_B, not in q.

The bias is estimated from all chains, each predicted by networks that have not seen it. Given their
points, shots of different chains are independent, so the product of the residuals (outcomes in B
minus those expected) of two shots is on average the product of the errors of p_B at their points.
Its mean over pairs of different chains that the same networks predict, from the same small
neighbourhood, is an unbiased estimate of the part of the squared error that varies slowly enough to
be visible,

    excess = visible (1 + 1/M_f) floor^2 + b^2 +- excess_se,

where M_f is the number of the networks that predict these shots, and visible is the part of the
squared deviations of members that neighbourhoods show, which are known without noise. A bias varies
slowly, so that all of it is visible. Half-shots of one shot may be correlated: a shot counts as
one. Where few shots leave the excess uncertain the estimate is the mean of a posterior: the prior
of b^2 / floor^2 is lognormal with a median of 1/2, within a factor of `PRIOR_FACTOR`. Measured by
fresh shots after 19 runs of four potentials the ratio was 0.7 on average, with a median of 0.3.

Of many inputs a neighbourhood shows little (an eighth of the squared deviations for the 102 of
alanine dipeptide), so that a bias by weight decay may hide. So b is at least the root mean square
difference between the ensemble and a small one with `LESS_DECAY` times the weight decay, which has
less bias and more noise (the comparison of two amounts of smoothing; Lepski, Theory Probab. Appl.
35, 454 (1990)). Its noise is not taken off: the spread over members that are held close together by
the same weight decay shows too little of what all have in common. Measured with 60 points of 500
shots for each run, error, sigma without this and with it: alanine dipeptide (two seeds) 0.033,
0.019, 0.032, of which 90 % intervals hold 77 % and 93 %; the potential of Jung et al. (ten seeds,
two members) 0.020, 0.017, 0.020, 88 % and 92 %; on three smoother potentials it is up to twice the
error, and intervals hold 92 to 97 %.

Shots are weighted such that they are spread evenly over p_B, as the points are where intervals are
wanted.

===========  ===========  ==================================================
symbol       variable     meaning
===========  ===========  ==================================================
s            ``spread``   standard deviation of q over members
floor        ``floor``    root mean square of p (1 - p) s over shots
b            ``bias``     root mean square of the common error of p_B
M            ``members``  number of members
===========  ===========  ==================================================
"""

from dataclasses import dataclass
from math import log

import numpy as np

from mechanist.arrays import Array, Counts, Q
from mechanist.committor.data import ShotData
from mechanist.statistics.logistic import q_to_p

PRIOR_MEDIAN, PRIOR_FACTOR = 0.5, 4.0
"""Prior of b^2 / floor^2: median, and the factor of one standard deviation."""

P_BINS, LEAST_SHARE = 10, 0.1
"""Bins of p_B over which shots are spread evenly, and the least share of a bin, as a fraction of a
flat one, that keeps weights from becoming huge."""

LESS_DECAY, LESS_MEMBERS = 0.2, 3
"""Weight decay, in units of that of the ensemble, and members of the ensemble that it is compared
with."""

ITERATIONS = 8


@dataclass(frozen=True)
class ErrorScale:
    """Scale of the error of p_B; see the head of the module.

    Attributes
    ----------
    floor
        Root mean square over shots of p (1 - p) s, in p_B.
    bias
        Root mean square of the error of p_B that members have in common.
    members
        Number of members of the ensemble.
    excess, excess_se
        Mean squared error of p_B in neighbourhoods of shots of unseen chains, beyond counting
        noise, and its standard error; None with fewer than two chains.
    visible
        Fraction of the squared deviations of members that neighbourhoods show.
    """

    floor: float
    bias: float
    members: int
    excess: float | None
    excess_se: float | None
    visible: float

    def usable(self) -> bool:
        """Whether floor and bias are finite numbers, not negative and not both zero."""
        numbers = (self.floor, self.bias, self.members)
        if not all(isinstance(each, int | float) and np.isfinite(each) for each in numbers):
            return False
        return self.floor >= 0 and self.bias >= 0 and self.members > 0

    def sigma(self, p: Array, spread: Array) -> Array:
        """Standard deviation (F,) of the error of p_B, from p_B and the spread of q."""
        local = (p * (1 - p) * spread) ** 2
        sampling = 0.5 * (1 + 1 / self.members) * (local + self.floor**2)
        return np.asarray(np.sqrt(sampling + self.bias**2))


def disagreement(q: Q, other: Q) -> float:
    """Root mean square difference of p_B between two models with q (N,), even over p_B."""
    p = q_to_p(q)
    if not len(p):
        return 0.0
    squares = (p - q_to_p(other)) ** 2
    return float(np.sqrt(np.average(squares, weights=even_weights(p))))


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


def even_weights(p: Array) -> Array:
    """Weights (N,) that spread shots evenly over p_B, a mean of 1.

    Shots of a round without a model lie mostly near the states, where errors of p_B are small.
    """
    place = np.minimum((p * P_BINS).astype(np.int64), P_BINS - 1)
    share = np.bincount(place, minlength=P_BINS) / max(1, len(p))
    weights = 1 / np.maximum(share, LEAST_SHARE / P_BINS)[place]
    return np.asarray(weights / weights.mean()) if len(p) else weights


@dataclass(frozen=True)
class Unseen:
    """Predictions of shots by networks that have not seen their chains.

    Attributes
    ----------
    q
        (N,) predicted.
    part
        (N,) which networks predict a shot, from 0.
    networks
        Number of networks of each part.
    """

    q: Array
    part: Counts
    networks: tuple[int, ...]


def fit_error_scale(
    members: Array, data: ShotData, group: Counts, unseen: Unseen | None = None
) -> ErrorScale:
    """Estimate the scale of the error of the mean over members.

    Parameters
    ----------
    members
        (M, N) q of every member at shots.
    data
        These shots.
    group
        (N,) neighbourhood of each, see `neighbourhoods`.
    unseen
        Predictions by networks that have not seen the chain of a shot; None: the members have seen
        none of these chains.
    """
    count = len(members)
    q = members.mean(axis=0)
    p = q_to_p(q)
    slope, outcomes = p * (1 - p), (data.n_a + data.n_b).astype(np.float64)
    if not outcomes.sum() > 0:
        return ErrorScale(0.0, 0.0, count, None, None, 1.0)
    even = even_weights(p)
    outcomes = outcomes * even
    floor = float(np.average(slope**2 * members.var(axis=0, ddof=1), weights=outcomes)) ** 0.5
    blind = ErrorScale(floor, _blind() ** 0.5 * floor, count, None, None, 1.0)
    pairs = pair_sum(outcomes, group, data.chain)
    if pairs <= 0 or floor == 0:
        return blind
    shown = sum(
        pair_sum(outcomes * slope * (member - q), group, data.chain) / (count - 1) / pairs
        for member in members
    )
    visible = min(1.0, max(0.0, shown / floor**2))
    given = unseen or Unseen(q, np.zeros(len(q), dtype=np.int64), (count,))
    own = group * len(given.networks) + given.part
    pairs = pair_sum(outcomes, own, data.chain)
    if pairs <= 0:
        return blind
    residual = even * data.n_b - q_to_p(given.q) * outcomes
    excess = pair_sum(residual, own, data.chain) / pairs
    # Without any error the products are uncorrelated, each with the product of the variances.
    error = max((2 * pair_sum(residual**2, own, data.chain)) ** 0.5 / pairs, 1e-12)
    alone = float(np.average(1 / np.array(given.networks)[given.part], weights=outcomes))
    common = excess - visible * (1 + alone) * floor**2
    bias = posterior_mean(common, error, floor**2) ** 0.5
    return ErrorScale(floor, bias, count, excess, error, visible)


def _blind() -> float:
    """Mean of the prior of b^2 / floor^2."""
    return posterior_mean(0.0, float("inf"), 1.0)


def posterior_mean(common: float, error: float, unit: float) -> float:
    """Posterior mean of b^2, which was measured as ``common`` with standard ``error``.

    The prior is that of b^2 in units of ``unit``, the squared floor.
    """
    width = log(PRIOR_FACTOR)
    steps = np.linspace(-6, 6, 4001)
    squares = PRIOR_MEDIAN * unit * np.exp(width * steps)
    exponent = -0.5 * steps**2 - 0.5 * ((common - squares) / error) ** 2
    weights = np.exp(exponent - exponent.max())
    return float(weights @ squares / weights.sum())
