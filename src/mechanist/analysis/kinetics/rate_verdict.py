"""Whether the data determine rates: transitions, overlap, bootstrap, and parts that must agree."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from mechanist.analysis.kinetics.excursion_data import (
    AB,
    FIRST_WINDOW,
    RUN_A,
    RUN_B,
    ExcursionData,
)
from mechanist.analysis.kinetics.kinetics import Estimate, Rates, Sample, estimate, run_shares
from mechanist.analysis.kinetics.rate_test import RateTest
from mechanist.arrays import Array, Counts, Mask
from mechanist.errors import MechanistError
from mechanist.statistics.clopper_pearson import clopper_pearson
from mechanist.statistics.intervals import log_interval

LEAST_TRANSITIONS = 20
"""Shots that joined A and B."""

LEAST_OVERLAP = 0.003
"""Share of the excursions of a run that the shots could have produced."""

LEAST_CONNECTED = 0.9
"""Share of the bootstrap samples that give rates."""

WIDEST = 30.0
"""Ratio of the ends of an interval above which the rate is not determined."""

LARGEST_DIFFERENCE = 3.5
"""Between two rates that should agree, in standard errors of the difference."""

MOST_JUMPS = 0.01
"""Share of the transitions that may take place between two frames."""

MOST_SHORT = 0.02
"""Share of the transitions that may have one frame between the states: of those without any, of
which few or none are seen where transitions are rare, there are fewer."""

HALVES_SAMPLES = 25
"""Bootstrap samples for the error of the difference of the halves of runs."""

GROUPS = (
    ("half", "the first and second half of the shots", True),
    (
        "origin",
        "the chains that started near the states and those that started from transition paths",
        True,
    ),
    ("side", "the chains that started in A and those that started in B", False),
)
"""Fields of the data that say to which of two groups a shot belongs, in words, and whether each
group must give rates: chains from one state alone may not have come to the other."""


def rate_tests(
    data: ExcursionData, whole: Estimate, samples: Sequence[Sample], wanted: int
) -> list[RateTest]:
    """Tests of the estimate.

    Parameters
    ----------
    data
        Excursions and runs.
    whole
        The estimate from all data.
    samples
        Those of the bootstrap samples that gave any.
    wanted
        Bootstrap samples tried.
    """
    tests = [*_enough(data, whole), _connected(len(samples), wanted)]
    if all(test.passed for test in tests):
        rates = [sample.rates for sample in samples]
        tests += _jumps(data, whole)
        tests += _narrow(rates)
        tests += [_groups(data, whole, rates, *group) for group in GROUPS]
        tests += _transitions_of_runs(data, whole, rates)
        tests.append(_halves_of_runs(data, whole, samples[:HALVES_SAMPLES]))
    return tests


def _enough(data: ExcursionData, whole: Estimate) -> Iterator[RateTest]:
    """Transitions, and overlap of runs and shots."""
    shots = data.sampler >= FIRST_WINDOW
    transitions = int(((data.kind == AB) & shots).sum())
    plural = "" if transitions == 1 else "s"
    yield RateTest(
        "shots that joined A and B",
        float(transitions),
        LEAST_TRANSITIONS,
        transitions >= LEAST_TRANSITIONS,
        f"only {transitions} shot{plural} joined A and B (at least {LEAST_TRANSITIONS});"
        " raise kinetics.shots",
    )
    for side, name in ((RUN_A, "A"), (RUN_B, "B")):
        shared = float(_overlaps(whole)[side])
        yield RateTest(
            f"overlap of the runs in {name} with the shots",
            shared,
            LEAST_OVERLAP,
            shared >= LEAST_OVERLAP,
            f"the overlap of the runs in {name} with the shots is only {shared:.2g} (at least"
            f" {LEAST_OVERLAP:g}); longer runs reach further: raise kinetics.run_frames",
        )


def _overlaps(found: Estimate) -> Array:
    """Share (2,) of the excursions of the runs in A and in B that the shots could have produced."""
    return np.asarray(found.reweighted.overlap[[RUN_A, RUN_B], FIRST_WINDOW:].sum(axis=1))


def _connected(samples: int, wanted: int) -> RateTest:
    share = samples / wanted
    return RateTest(
        "connected bootstrap samples",
        share,
        LEAST_CONNECTED,
        share >= LEAST_CONNECTED,
        f"{wanted - samples} of {wanted} bootstrap samples were not connected; raise"
        " kinetics.shots and kinetics.run_frames",
    )


def _jumps(data: ExcursionData, whole: Estimate) -> Iterator[RateTest]:
    """Transitions between two frames, and those with one frame between the states."""
    jumps = int(data.run_jumps.sum())
    runs = (data.sampler == RUN_A) | (data.sampler == RUN_B)
    seen = jumps + int(((data.kind == AB) & runs).sum())
    share = jumps / max(seen, 1)
    low = float(clopper_pearson(jumps, seen, 0.95)[0]) if seen else 0.0
    lower = "lower dynamics.stride"
    yield RateTest(
        "transitions within one frame",
        share,
        MOST_JUMPS,
        low <= MOST_JUMPS,
        f"{jumps} of the {seen} transitions of the runs went from one state to the other within one"
        f" frame (at most {100 * MOST_JUMPS:g} %); {lower}",
    )
    transitions = data.kind == AB
    weights = whole.reweighted.weights * transitions
    short = float(weights[data.frames <= 3].sum() / weights.sum())
    yield RateTest(
        "transitions with one frame between the states",
        short,
        MOST_SHORT,
        short <= MOST_SHORT,
        f"{100 * short:.2g} % of the transitions have only one frame between the states (at most"
        f" {100 * MOST_SHORT:g} %), so that others have none and are missed; {lower}",
    )


def _narrow(rates: Sequence[Rates]) -> Iterator[RateTest]:
    for name in ("k_ab", "k_ba"):
        spread = log_interval(1.0, np.array([getattr(sample, name) for sample in rates]))
        ratio = spread.high / spread.low
        title = f"k_{name[2:].upper()}"
        yield RateTest(
            f"width of the interval of {title}",
            ratio,
            WIDEST,
            ratio <= WIDEST,
            f"the interval of {title} spans a factor {ratio:.0f} (at most {WIDEST:g}); raise"
            " kinetics.shots and kinetics.run_frames",
        )


def _groups(
    data: ExcursionData,
    whole: Estimate,
    rates: Sequence[Rates],
    field: str,
    words: str,
    needed: bool,
) -> RateTest:
    """Whether two groups of shots agree, each with all runs."""
    member, shots = getattr(data, field), data.sampler >= FIRST_WINDOW
    guess, log_odds = whole.reweighted.normalisers, whole.rates.log_odds
    name = f"rates from {words}"
    text = f"{words} alone are too few to check the rates; raise kinetics.shots"
    too_few = RateTest(name, None, LARGEST_DIFFERENCE, not needed, text)
    logs, sizes = [], []
    for group in (0, 1):
        try:
            part = estimate(data, None, guess, ~shots | (member == group), log_odds)
        except MechanistError:
            return too_few
        # Chains that have not been on the other side of the barrier have no rate of their own.
        if not needed and _overlaps(part).min() < LEAST_OVERLAP:
            return too_few
        logs.append(_logs(part.rates))
        sizes.append(max(1, int((member == group).sum())))
    spread = np.array([_logs(one) for one in rates]).std(axis=0, ddof=1)
    # The variance of a group is inversely proportional to its size. Both groups share the runs,
    # which add nothing to the difference, so that this is an upper bound of its error.
    error = spread * np.sqrt(sum(shots.sum() / size for size in sizes))
    return _difference(name, words, float((np.abs(logs[1] - logs[0]) / error).max()))


def _difference(name: str, words: str, difference: float) -> RateTest:
    text = (
        f"{words} give rates that differ by {difference:.1f} standard errors (at most"
        f" {LARGEST_DIFFERENCE:g}); raise kinetics.shots and kinetics.run_frames"
    )
    return RateTest(name, difference, LARGEST_DIFFERENCE, difference <= LARGEST_DIFFERENCE, text)


def _logs(rates: Rates) -> Array:
    return np.log([rates.k_ab, rates.k_ba])


def _transitions_of_runs(
    data: ExcursionData, whole: Estimate, rates: Sequence[Rates]
) -> Iterator[RateTest]:
    """Transitions that the runs made in either direction beside those that the rates predict."""
    shares = run_shares(data, whole.rates.log_odds)
    weight = np.zeros(data.units)
    weight[data.run_unit] = shares[data.run_origin] / shares.max()
    spread = np.array([_logs(one) for one in rates]).std(axis=0, ddof=1)
    for side, rate, sigma, name in zip(
        (RUN_A, RUN_B), np.exp(_logs(whole.rates)), spread, ("A to B", "B to A"), strict=True
    ):
        rows, mine = data.run_state == side, (data.sampler == side) & (data.kind == AB)
        time = data.run_time[rows] * weight[data.run_unit[rows]]
        seen = float(weight[data.unit[mine]].sum())
        expected = float(rate * time.sum())
        poisson = float(rate * time @ weight[data.run_unit[rows]])
        error = np.sqrt(poisson + (expected * sigma) ** 2)
        difference = abs(seen - expected) / max(error, 1e-12)
        yield RateTest(
            f"transitions of the runs, {name}",
            difference,
            LARGEST_DIFFERENCE,
            difference <= LARGEST_DIFFERENCE,
            f"the runs went from {name} {seen:.3g} times, the rates predict {expected:.3g}"
            f" ({difference:.1f} standard errors apart, at most {LARGEST_DIFFERENCE:g}); raise"
            " kinetics.run_frames",
        )


def _halves_of_runs(data: ExcursionData, whole: Estimate, samples: Sequence[Sample]) -> RateTest:
    """Rates from the first and from the second half of the runs, with the same shots."""
    words = "the first and second half of the runs"
    halves = [half_of_runs(data, half) for half in (0, 1)]
    try:
        found = _difference_of_halves(halves, whole, None)
    except MechanistError:
        text = f"{words} alone are too short to check the rates; raise kinetics.run_frames"
        return RateTest(f"rates from {words}", None, LARGEST_DIFFERENCE, False, text)
    drawn = []
    for sample in samples:
        try:
            drawn.append(_difference_of_halves(halves, whole, sample.copies))
        except MechanistError:
            continue
    if len(drawn) < LEAST_CONNECTED * len(samples):
        text = f"{words} alone are too short to check the rates; raise kinetics.run_frames"
        return RateTest(f"rates from {words}", None, LARGEST_DIFFERENCE, False, text)
    error = np.array(drawn).std(axis=0, ddof=1)
    return _difference(f"rates from {words}", words, float((np.abs(found) / error).max()))


def half_of_runs(data: ExcursionData, half: int) -> tuple[ExcursionData, Mask]:
    """Data with one half of each run, and which excursions (P,) are not of the other half."""
    middle = (int(data.run_part.max()) + 1) // 2
    rows = (data.run_part >= middle) == bool(half)
    fields = ("state", "origin", "unit", "time", "departures", "part", "jumps")
    less = {f"run_{name}": getattr(data, f"run_{name}")[rows] for name in fields}
    part = replace(data, **less, run_frames=data.run_frames[rows] / 2)
    return part, (data.sampler >= FIRST_WINDOW) | (data.when == half)


def _difference_of_halves(
    halves: Sequence[tuple[ExcursionData, Mask]], whole: Estimate, copies: Counts | None
) -> Array:
    guess, log_odds = whole.reweighted.normalisers, whole.rates.log_odds
    logs = [
        _logs(estimate(part, copies, guess, rows, log_odds=log_odds).rates) for part, rows in halves
    ]
    return logs[1] - logs[0]
