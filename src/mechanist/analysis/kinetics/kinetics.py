"""Rates and free energies from equilibrium runs in both states and chains of excursions.

A system that was last in A leaves it nu_A times per unit time for an excursion, a part of which
ends in B: k_AB = nu_A mu(A to B) / mu(from A). The run in A gives nu_A; the reweighted excursions
give the part, which is too small for the run alone (the reweighted path ensemble of Rogal, Lechner,
Juraszek, Ensing, Bolhuis, J. Chem. Phys. 133, 174109 (2010)). With pi_A the chance to have been
last in A, mu(from A) = pi_A nu_A, so that pi_A / pi_B follows from the same weights, and
k_AB pi_A = k_BA pi_B.

A run counts for A while it was last in A, wherever it began. In equilibrium the runs that begin in
A stand for pi_A together and those that begin in B for pi_B, so they are weighted by these, found
self-consistently; it matters only where runs come from one state to the other. Then nu_A holds
those that have just arrived with their true share, and k_AB is what plain MD counts: transitions
per time spent last in A, returns at once included.

A shot counts for the window of q that its shooting point lies in. Within a window the points of a
chain of excursions are in equilibrium, whatever the windows that the chain has come to visit: how
slowly it wanders along q does not enter the result.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.analysis.kinetics.reweighting import Reweighted, reweight
from mechanist.arrays import Array
from mechanist.errors import MechanistError
from mechanist.statistics.logistic import q_to_p

AA, AB, BB = 0, 1, 2
"""Kinds of excursions by their ends; direction of time does not matter in equilibrium."""

RUN_A, RUN_B, FIRST_WINDOW = 0, 1, 2
"""Samplers; window ``w`` of q has number ``FIRST_WINDOW + w``."""

SOLUTIONS, ACCURACY = 100, 1e-5
"""Times that rates are solved for at most, until ln(pi_A / pi_B) changes by less than this."""


@dataclass(frozen=True)
class ExcursionData:
    """What the rates are computed from.

    Parameters
    ----------
    kind
        (P,) `AA`, `AB` or `BB`.
    source
        (P,) the sampler of each excursion.
    unit
        (P,) the run or chain, unique over all; they are independent of each other.
    half
        (P,) 0 or 1 for the first and the second half of a chain's moves; -1 for runs.
    start
        (P,) 0 or 1 for chains that started from excursions of runs and from transition paths; -1
        for runs.
    window_frames
        (W, P) frames of each excursion in each window that can be shot from.
    run_source, run_start, run_unit, run_time, run_starts
        (R,) two rows a run: `RUN_A` or `RUN_B`, the state that the run was last in; the state in
        which it began to count; its unit, frames observed, excursions that began.
    """

    kind: NDArray[np.int64]
    source: NDArray[np.int64]
    unit: NDArray[np.int64]
    half: NDArray[np.int64]
    start: NDArray[np.int64]
    window_frames: Array
    run_source: NDArray[np.int64]
    run_start: NDArray[np.int64]
    run_unit: NDArray[np.int64]
    run_time: Array
    run_starts: Array

    @property
    def bias(self) -> Array:
        """(2 + W, P) bias of each sampler; a run in A sees transitions in one direction only."""
        from_a = np.array([1.0, 0.5, 0.0])[self.kind]
        from_b = np.array([0.0, 0.5, 1.0])[self.kind]
        return np.concatenate([[from_a, from_b], self.window_frames])

    @property
    def units(self) -> int:
        """Number of runs and chains."""
        return int(max(self.unit.max(), self.run_unit.max())) + 1

    @property
    def crossed(self) -> bool:
        """Whether a run has come from one state to the other."""
        return bool(self.run_time[self.run_source != self.run_start].any())


@dataclass(frozen=True)
class Kinetics:
    """Rates per frame, and the chance to have been last in A.

    Attributes
    ----------
    k_ab, k_ba
        Transitions per frame spent last in A, and last in B.
    pi_a
        Fraction of time last in A.
    per_weight
        Factor that makes the weights of excursions occurrences per frame of equilibrium.
    """

    k_ab: float
    k_ba: float
    pi_a: float
    per_weight: float

    @property
    def log_odds(self) -> float:
        """ln(pi_A / pi_B)."""
        return float(np.log(self.pi_a / (1 - self.pi_a)))


def run_shares(data: ExcursionData, log_odds: float, taken: Array | None = None) -> Array:
    """(2,) what one run stands for that began in A, and in B.

    ``log_odds`` is ln(pi_A / pi_B), ``taken`` (units,) how often each unit counts, once if None.
    """
    pi_a = float(q_to_p(np.array(log_odds)))
    times = np.ones(data.units) if taken is None else taken
    sides = [np.unique(data.run_unit[data.run_start == side]) for side in (RUN_A, RUN_B)]
    counts = np.array([max(times[side].sum(), 1.0) for side in sides])
    return np.asarray(np.array([pi_a, 1 - pi_a]) / counts)


def estimate(
    data: ExcursionData,
    copies: NDArray[np.int64] | None = None,
    guess: Array | None = None,
    rows: NDArray[np.bool_] | None = None,
    log_odds: float = 0.0,
) -> tuple[Kinetics, Reweighted]:
    """Rates from all data, or from a bootstrap sample.

    Parameters
    ----------
    data
        Excursions and runs.
    copies
        How often each unit is taken; once if None.
    guess
        (2 + W,) normalisers to start the solution from.
    rows
        (P,) excursions to use; all if None.
    log_odds
        ln(pi_A / pi_B) to start from.

    Raises
    ------
    MechanistError
        If one of the states has no runs or no excursions, nothing joins A and B, or no solution is
        found.
    """
    taken = np.ones(data.units) if copies is None else copies.astype(np.float64)
    used = np.ones(len(data.kind), dtype=np.bool_) if rows is None else rows
    for _ in range(SOLUTIONS):
        result, solved = _given(data, taken, used, run_shares(data, log_odds, taken), guess)
        if not data.crossed or abs(result.log_odds - log_odds) < ACCURACY:
            return result, solved
        log_odds, guess = result.log_odds, solved.normalisers
    raise MechanistError("kinetics", f"no balance of A and B found in {SOLUTIONS} solutions")


def _given(
    data: ExcursionData,
    taken: Array,
    used: NDArray[np.bool_],
    shares: Array,
    guess: Array | None,
) -> tuple[Kinetics, Reweighted]:
    """Rates if a run that began in A or in B stands for ``shares`` (2,)."""
    stands = np.ones(data.units)
    stands[data.run_unit] = shares[data.run_start]
    times = _times(data, taken, stands) * used
    each = taken[data.run_unit] * stands[data.run_unit]
    time, starts = data.run_time * each, data.run_starts * each
    leave = [starts[data.run_source == side].sum() for side in (RUN_A, RUN_B)]
    if not min(leave) or not (
        times[data.source == RUN_A].any() and times[data.source == RUN_B].any()
    ):
        raise MechanistError("kinetics", "the runs in one of the states saw no excursion")
    if not times[data.kind == AB].any():
        raise MechanistError("kinetics", "no excursion joins A and B")
    solved = reweight(data.bias, data.source, times, guess)
    leave_a, leave_b = (
        count / time[data.run_source == side].sum()
        for count, side in zip(leave, (RUN_A, RUN_B), strict=True)
    )
    from_a, from_b = solved.normalisers[:FIRST_WINDOW]
    transitions = 0.5 * solved.weights[data.kind == AB].sum()
    last_a, last_b = from_a / leave_a, from_b / leave_b
    result = Kinetics(
        k_ab=float(leave_a * transitions / from_a),
        k_ba=float(leave_b * transitions / from_b),
        pi_a=float(last_a / (last_a + last_b)),
        per_weight=float(1 / (last_a + last_b)),
    )
    return result, solved


def _times(data: ExcursionData, taken: Array, stands: Array) -> Array:
    """How often each excursion (P,) counts; those of the runs in a state as many as they are."""
    times = taken[data.unit]
    for side in (RUN_A, RUN_B):
        mine = data.source == side
        weights = times[mine] * stands[data.unit[mine]]
        if weights.any():
            times[mine] = weights * (times[mine].sum() / weights.sum())
    return times


def resample(data: ExcursionData, rng: np.random.Generator) -> NDArray[np.int64]:
    """How often a bootstrap sample takes each unit, drawn among those of its kind."""
    kind = np.full(data.units, FIRST_WINDOW)
    kind[data.run_unit] = data.run_start
    copies = np.zeros(data.units, dtype=np.int64)
    for k in np.unique(kind):
        units = np.flatnonzero(kind == k)
        copies += np.bincount(rng.choice(units, len(units)), minlength=data.units)
    return copies


def bootstrap(
    data: ExcursionData,
    found: tuple[Kinetics, Reweighted],
    samples: int,
    rng: np.random.Generator,
) -> Iterator[tuple[Kinetics, Reweighted]]:
    """Estimates from bootstrap samples of runs and chains; those that fail are left out.

    ``found`` is the estimate from all data, from which the solutions start.
    """
    rates, solved = found
    for _ in range(samples):
        copies = resample(data, rng)
        try:
            yield estimate(data, copies, solved.normalisers, log_odds=rates.log_odds)
        except MechanistError:
            continue
