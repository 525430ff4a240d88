"""Rates and free energy difference from equilibrium runs in both states and chains of excursions.

A system that was last in A leaves it nu_A times per unit time; each departure is an excursion, and
some excursions end in B:

    k_AB = nu_A M_AB / M_A,    pi_A = (M_A / nu_A) / (M_A / nu_A + M_B / nu_B),
    F_B - F_A = kT ln(pi_A / pi_B),

and the same with A and B exchanged, so that k_AB pi_A = k_BA pi_B. This is the flux times the
crossing probability of transition interface sampling (van Erp, Moroni, Bolhuis, J. Chem. Phys. 118,
7762 (2003)), with the crossing probability from the reweighted path ensemble (Rogal, Lechner,
Juraszek, Ensing, Bolhuis, J. Chem. Phys. 133, 174109 (2010)).

    symbol   variable       meaning
    nu_A     departure_a    departures from A per frame spent last in A, from the runs
    M_A      from_a         total weight of the excursions that leave A
    M_AB     transitions    total weight of those that go from A to B; as many go from B to A
    pi_A     pi_a           probability to have been last in A
    k_AB     k_ab           transitions per frame spent last in A

A run counts for A while it was last in A, wherever it began. At equilibrium the runs that begin in
A represent pi_A together and those that begin in B pi_B. They are weighted by these, which are
found self-consistently; this matters only if runs cross from one state to the other. Arrivals that
turn back at once then enter nu_A in their equilibrium proportion, and k_AB is what plain MD counts:
transitions per time spent last in A, immediate recrossings included.

An excursion that has begun when a run ends is a departure, and its end is unknown. Of an excursion
of F frames a run of T frames sees a complete one with probability (T - F + 1) / (T - 1) after its
begin; with this factor in the bias of the runs the long ones are not under-represented.

A shot counts for the window of q that its shooting point lies in. Within a window the points of a
chain are at equilibrium whichever windows the chain has visited, so that slow diffusion of a chain
along q does not bias the result.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.analysis.kinetics.excursion_data import (
    AB,
    FIRST_WINDOW,
    RUN_A,
    RUN_B,
    ExcursionData,
)
from mechanist.analysis.kinetics.reweighting import Reweighted, reweight
from mechanist.arrays import Array, Mask, Weights
from mechanist.errors import MechanistError
from mechanist.statistics.logistic import q_to_p

ITERATIONS, ACCURACY = 100, 1e-5
"""Self-consistent iterations at most, and the change of ln(pi_A / pi_B) at which they end."""


@dataclass(frozen=True)
class Rates:
    """Rates per frame, and the probability to have been last in A.

    Attributes
    ----------
    k_ab, k_ba
        Transitions per frame spent last in A, and last in B.
    pi_a
        Fraction of time last in A.
    per_weight
        Factor from the weights of excursions to occurrences per frame at equilibrium.
    """

    k_ab: float
    k_ba: float
    pi_a: float
    per_weight: float

    @property
    def log_odds(self) -> float:
        """ln(pi_A / pi_B)."""
        return float(np.log(self.pi_a / (1 - self.pi_a)))


@dataclass(frozen=True)
class Estimate:
    """Rates, and the weights of excursions that they come from."""

    rates: Rates
    reweighted: Reweighted


@dataclass(frozen=True)
class Sample(Estimate):
    """The estimate from a bootstrap sample; ``copies`` (units,) is how often it took each unit."""

    copies: NDArray[np.int64]


def run_shares(data: ExcursionData, log_odds: float, copies: Array | None = None) -> Weights:
    """(2,) weight of one run that began in A, and of one that began in B.

    ``log_odds`` is ln(pi_A / pi_B), ``copies`` (units,) how often each unit counts, once if None.
    A run counts by its length, in units of the mean length.
    """
    pi_a = float(q_to_p(np.array(log_odds)))
    times = np.ones(data.units) if copies is None else copies
    sides = [np.unique(data.run_unit[data.run_origin == side]) for side in (RUN_A, RUN_B)]
    length = np.zeros(data.units)
    length[data.run_unit] = data.run_frames / data.run_frames.mean()
    runs = np.array([max((times * length)[side].sum(), 1e-9) for side in sides])
    return np.asarray(np.array([pi_a, 1 - pi_a]) / runs)


def estimate(
    data: ExcursionData,
    copies: NDArray[np.int64] | None = None,
    guess: Array | None = None,
    rows: Mask | None = None,
    log_odds: float = 0.0,
) -> Estimate:
    """Rates from all data, or from a bootstrap sample.

    Parameters
    ----------
    data
        Excursions and runs.
    copies
        (units,) how often each unit is taken; once if None.
    guess
        (2 + W,) normalisers to start the solution from.
    rows
        (P,) excursions to use; all if None.
    log_odds
        ln(pi_A / pi_B) to start from.

    Raises
    ------
    MechanistError
        If one of the states has no runs or no excursions, no excursion joins A and B, or the
        iterations do not converge.
    """
    taken = np.ones(data.units) if copies is None else copies.astype(np.float64)
    used = np.ones(len(data.kind), dtype=np.bool_) if rows is None else rows
    for _ in range(ITERATIONS):
        found = _with_shares(data, taken, used, run_shares(data, log_odds, taken), guess)
        if not data.crossed or abs(found.rates.log_odds - log_odds) < ACCURACY:
            return found
        log_odds, guess = found.rates.log_odds, found.reweighted.normalisers
    raise MechanistError("kinetics", f"ln(pi_A / pi_B) not converged in {ITERATIONS} iterations")


def _with_shares(
    data: ExcursionData, copies: Array, used: Mask, shares: Weights, guess: Array | None
) -> Estimate:
    """Rates if a run that began in A or in B has the weight ``shares`` (2,)."""
    unit_weight = np.ones(data.units)
    unit_weight[data.run_unit] = shares[data.run_origin]
    times = _multiplicity(data, copies, unit_weight) * used
    each = copies[data.run_unit] * unit_weight[data.run_unit]
    time, departures = data.run_time * each, data.run_departures * each
    left = [departures[data.run_state == side].sum() for side in (RUN_A, RUN_B)]
    if not min(left) or not (
        times[data.sampler == RUN_A].any() and times[data.sampler == RUN_B].any()
    ):
        raise MechanistError("kinetics", "the runs in one of the states have no excursion")
    if not times[data.kind == AB].any():
        raise MechanistError("kinetics", "no excursion joins A and B")
    bias = np.concatenate([data.leaves * data.complete(time), data.candidate_frames])
    reweighted = reweight(bias, data.sampler, times, guess)
    departure_a, departure_b = (
        count / time[data.run_state == side].sum()
        for count, side in zip(left, (RUN_A, RUN_B), strict=True)
    )
    from_a, from_b = data.leaves @ reweighted.weights
    transitions = 0.5 * reweighted.weights[data.kind == AB].sum()
    last_a, last_b = from_a / departure_a, from_b / departure_b
    rates = Rates(
        k_ab=float(departure_a * transitions / from_a),
        k_ba=float(departure_b * transitions / from_b),
        pi_a=float(last_a / (last_a + last_b)),
        per_weight=float(1 / (last_a + last_b)),
    )
    return Estimate(rates, reweighted)


def _multiplicity(data: ExcursionData, copies: Array, unit_weight: Array) -> Array:
    """How often each excursion (P,) counts; the sum over the runs in a state is unweighted."""
    # An excursion that descends from a run counts as often as that run and its chain do.
    times = copies[data.unit] * np.where(data.parent >= 0, copies[data.parent], 1.0)
    for side in (RUN_A, RUN_B):
        mine = data.sampler == side
        weights = times[mine] * unit_weight[data.unit[mine]]
        if weights.any():
            times[mine] = weights * (times[mine].sum() / weights.sum())
    return times


def _resample(data: ExcursionData, rng: np.random.Generator) -> NDArray[np.int64]:
    """How often a bootstrap sample takes each unit, drawn among those of its kind."""
    kind = np.full(data.units, FIRST_WINDOW)
    kind[data.run_unit] = data.run_origin
    copies = np.zeros(data.units, dtype=np.int64)
    for k in np.unique(kind):
        units = np.flatnonzero(kind == k)
        copies += np.bincount(rng.choice(units, len(units)), minlength=data.units)
    return copies


def bootstrap(
    data: ExcursionData, whole: Estimate, samples: int, rng: np.random.Generator
) -> Iterator[Sample]:
    """Estimates from bootstrap samples of runs and chains; those that fail are left out.

    ``whole`` is the estimate from all data, which the iterations start from.
    """
    guess, log_odds = whole.reweighted.normalisers, whole.rates.log_odds
    for _ in range(samples):
        copies = _resample(data, rng)
        try:
            found = estimate(data, copies, guess, log_odds=log_odds)
        except MechanistError:
            continue
        yield Sample(found.rates, found.reweighted, copies)
