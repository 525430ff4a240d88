"""Whether the data determine rates: transitions, overlap, bootstrap, and groups that must agree."""

import numpy as np

from mechanist.analysis.kinetics.excursion_data import (
    AB,
    FIRST_WINDOW,
    RUN_A,
    RUN_B,
    ExcursionData,
)
from mechanist.analysis.kinetics.kinetics import Estimate, Rates, estimate
from mechanist.arrays import Rows
from mechanist.errors import MechanistError
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
"""Between the rates from two groups of shots that should agree, in its standard errors."""

GROUPS = (
    ("half", "first and second half of the shots"),
    ("origin", "chains that started near the states and those that started from transition paths"),
)
"""Fields of the data that say to which of two groups a shot belongs, in words."""


def objections(
    data: ExcursionData, whole: Estimate, samples: list[Rates], wanted: int
) -> list[str]:
    """Why the data do not determine rates, in words; empty if they do.

    Parameters
    ----------
    data
        Excursions and runs.
    whole
        The estimate from all data.
    samples
        Rates of the bootstrap samples that gave any.
    wanted
        Bootstrap samples tried.
    """
    found = _too_few(data, whole) + _not_connected(len(samples), wanted)
    if found:
        return found
    for name in ("k_ab", "k_ba"):
        spread = log_interval(1.0, np.array([getattr(sample, name) for sample in samples]))
        if spread.high / spread.low > WIDEST:
            found.append(f"the interval of {name} spans a factor {spread.high / spread.low:.0f}")
    for field, words in GROUPS:
        found += _disagreement(data, whole, samples, getattr(data, field), words)
    return found


def _too_few(data: ExcursionData, whole: Estimate) -> list[str]:
    """Too few transitions, or too little overlap of runs and shots."""
    found = []
    shots = data.sampler >= FIRST_WINDOW
    transitions = int(((data.kind == AB) & shots).sum())
    if transitions < LEAST_TRANSITIONS:
        plural = "" if transitions == 1 else "s"
        found.append(
            f"only {transitions} shot{plural} joined A and B (at least {LEAST_TRANSITIONS})"
        )
    for side, name in ((RUN_A, "A"), (RUN_B, "B")):
        shared = float(whole.reweighted.overlap[side, FIRST_WINDOW:].sum())
        if shared < LEAST_OVERLAP:
            found.append(
                f"the overlap of the runs in {name} with the shots is only {shared:.2g}"
                f" (at least {LEAST_OVERLAP:g}); longer runs reach further"
            )
    return found


def _not_connected(samples: int, wanted: int) -> list[str]:
    if samples >= LEAST_CONNECTED * wanted:
        return []
    return [f"{wanted - samples} of {wanted} bootstrap samples were not connected"]


def _disagreement(
    data: ExcursionData, whole: Estimate, samples: list[Rates], member: Rows, words: str
) -> list[str]:
    """Whether two groups of shots disagree; ``member`` (P,) is 0, 1, or -1 for runs."""
    guess, log_odds = whole.reweighted.normalisers, whole.rates.log_odds
    logs, sizes = [], []
    for group in (0, 1):
        try:
            part = estimate(data, None, guess, member != 1 - group, log_odds).rates
        except MechanistError:
            return [f"the {words} alone are too few to check the rates"]
        logs.append(np.log([part.k_ab, part.k_ba]))
        sizes.append(max(1, int((member == group).sum())))
    spread = np.log([[s.k_ab, s.k_ba] for s in samples]).std(axis=0, ddof=1)
    # The variance of a group is inversely proportional to its size. Both groups share the runs,
    # which add nothing to the difference, so that this is an upper bound of its error.
    error = spread * np.sqrt(sum(sum(sizes) / size for size in sizes))
    difference = float((np.abs(logs[1] - logs[0]) / error).max())
    if difference > LARGEST_DIFFERENCE:
        return [f"the {words} give rates that differ by {difference:.1f} standard errors"]
    return []
