"""Whether equilibrium runs are at equilibrium: tests over the runs that begin in each state.

Structures in a state, as their features, and the number of departures are compared

- between runs, and between the halves of each run, by split R-hat and its local form, which looks
  at the share of frames beyond a threshold: runs that stay in different parts of a state differ by
  more than their fluctuations, be it one run only;
- between the first and the second half of the same runs, by Student's t: runs that all began in one
  part of a state and drift out of it have a trend;
- between runs from different first paths, by the F test of a one-way analysis of variance: runs at
  equilibrium do not remember where they began.

A descriptor that fluctuates slowly has few independent values in half a run, n; split R-hat is then
near sqrt(1 + 1 / n), and the trace of the start that is left in the mean of a run is near its
deviation / (4 n). The limit of R-hat therefore bounds the bias as well. The least of D p-values is
multiplied by D (Bonferroni).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from mechanist.analysis.kinetics.rate_test import RateTest
from mechanist.arrays import Array, Counts, Features, Rows
from mechanist.sampling.records.tables import Table
from mechanist.statistics.local_rhat import local_rhats, split_rhats

LARGEST_RHAT = 1.2
"""At 1.2 half a run has two or three independent values, and the runs of a state, of which there
are 64 by default, a bias of less than their statistical error."""

SLOW_RHAT = 1.05
"""R-hat above which the start of a run is not forgotten within the usual burn-in."""

LONG_BURN_IN = 0.25
"""Fraction of a run that is discarded then: at an R-hat of 1.2, with two or three independent
values in half a run, it leaves a tenth of the trace of the start in the mean of a run."""

LEAST_P = 0.01
"""Chance, at most, that a test of halves or first paths fails although runs are at equilibrium."""

LEAST_RUNS = 8
"""Runs in a state without which nothing can be tested."""

LEAST_PAIRS = 5
"""Runs that have frames in a state in both halves, without which the halves cannot be compared."""

LEAST_FRAMES = 4
"""Frames of a run in a state, in each half, that it is tested with."""

MOST_EXPLODED = 0.02
"""Fraction of the runs."""


@dataclass(frozen=True)
class RunObservations:
    """Runs as the tests see them.

    Parameters
    ----------
    runs, states
        Rows of `mechanist.sampling.excursions.tables.RUN_COLUMNS` and ``STATE_COLUMNS``.
    features, names
        (S, P) of the frames of ``states``, and their names.
    families
        By the number of a run, the first path that it started from.
    exploded
        Runs that exploded, which are not in the tables.
    advice
        What to set if the runs are not at equilibrium.
    waivers
        By the name of a feature, the descriptor that kinetics.ignore_slow may name.
    """

    runs: Table
    states: Table
    features: Features
    names: Sequence[str]
    families: Mapping[int, int]
    exploded: int
    advice: str
    waivers: Mapping[str, str] = field(default_factory=dict)

    def advise(self, name: str) -> str:
        """What to set if the runs are not at equilibrium in the feature ``name``."""
        if name not in self.waivers:
            return self.advice
        own = self.waivers[name]
        return (
            f"{self.advice}; if {own} has nothing to do with the rates, set kinetics.ignore_slow:"
            f" [{own}]"
        )


def run_tests(observed: RunObservations) -> list[RateTest]:
    """Tests of the runs in both states."""
    tests = [_exploded(observed)]
    for state in ("A", "B"):
        home = np.unique(observed.runs["chain"][observed.runs["start"] == state])
        count = RateTest(
            f"runs in {state}",
            float(len(home)),
            LEAST_RUNS,
            len(home) >= LEAST_RUNS,
            f"{len(home)} runs begin in {state} (at least {LEAST_RUNS}, kinetics.runs)",
        )
        tests.append(count)
        if len(home) > 1:
            tests += list(_tests_of_state(observed, state, home))
    return tests


def longer_runs_help(tests: Sequence[RateTest]) -> bool:
    """Whether a test fails that longer runs can mend, and not for want of runs."""
    return any(
        not test.passed and (test.value is not None or test.name.startswith("R-hat"))
        for test in tests
        if test.name.startswith(("R-hat", "halves", "first paths"))
    )


def slow(tests: Sequence[RateTest]) -> bool:
    """Whether a descriptor changes so slowly that runs need a longer burn-in."""
    values = [test.value for test in tests if test.name.startswith("R-hat")]
    return any(value is not None and value > SLOW_RHAT for value in values)


def _exploded(observed: RunObservations) -> RateTest:
    runs = len(np.unique(observed.runs["chain"])) + observed.exploded
    share = observed.exploded / max(runs, 1)
    return RateTest(
        "exploded runs",
        share,
        MOST_EXPLODED,
        share <= MOST_EXPLODED,
        f"{observed.exploded} of {runs} runs exploded and were left out"
        f" (at most {100 * MOST_EXPLODED:g} %); shorten dynamics.timestep",
    )


def _tests_of_state(observed: RunObservations, state: str, home: Rows) -> Iterator[RateTest]:
    """R-hat, halves and first paths, of structures and of departures."""
    structures = _structures(observed, state, home)
    varying = _varying(structures)
    names = [observed.names[column] for column in varying]
    columns = [[one[1][:, column] for one in structures] for column in varying]
    halves = [_half_means(structures, column) for column in varying]
    exits = _departures(observed.runs, state, home)
    rhats = local_rhats([one[1][:, varying] for one in structures])
    yield _rhat_test(observed, f"structures in {state}", names, rhats)
    rhats = split_rhats([one[np.isfinite(one)][:, None] for one in exits])
    yield _rhat_test(observed, f"departures from {state}", ["departures"], rhats)
    yield _halves_test(observed, f"structures in {state}", names, halves)
    first_second = np.array([_two_halves(one) for one in exits])
    yield _halves_test(observed, f"departures from {state}", ["departures"], [first_second])
    families = np.array([observed.families.get(int(run), -1) for run in home])
    means = [_means(column) for column in [*columns, exits]]
    yield _family_test(observed, state, [*names, "departures"], means, families)


def _structures(observed: RunObservations, state: str, home: Rows) -> list[tuple[Array, Features]]:
    """Fraction of the run that is over (n,) and features (n, P) of each run's frames in a state."""
    table = observed.states
    lengths = dict(zip(observed.runs["chain"].tolist(), observed.runs["frames"], strict=True))
    rows = np.flatnonzero(table["source"] == state)
    rows = rows[np.lexsort((table["frame"][rows], table["chain"][rows]))]
    chains = table["chain"][rows]
    first, last = (np.searchsorted(chains, home, side=side) for side in ("left", "right"))
    found = []
    for run, low, high in zip(home.tolist(), first, last, strict=True):
        mine = rows[low:high]
        found.append((table["frame"][mine] / lengths[run], observed.features[mine]))
    return found


def _varying(structures: Sequence[tuple[Array, Features]]) -> Rows:
    """Features that are not the same in all frames."""
    every = np.concatenate([features for _, features in structures])
    if not len(every):
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(np.ptp(every, axis=0) > 1e-9 * np.abs(every).max(axis=0))


def _departures(runs: Table, state: str, home: Rows) -> list[Array]:
    """Departures per frame in each block (n,) of which a run spent half in the state."""
    rows = np.flatnonzero(runs["source"] == state)
    rows = rows[np.isin(runs["chain"][rows], home)]
    rows = rows[np.lexsort((runs["block"][rows], runs["chain"][rows]))]
    blocks = int(runs["block"].max()) + 1
    enough = runs["time"][rows] >= np.maximum(0.5 * runs["frames"][rows] / blocks, 1)
    rate = runs["starts"][rows] / np.maximum(runs["time"][rows], 1)
    rate[~enough] = np.nan
    return list(rate.reshape(-1, blocks))


def _two_halves(values: Array) -> Array:
    """Means (2,) of the values that are known, of the first and the second half; NaN if none."""
    half = len(values) // 2
    parts = [part[np.isfinite(part)] for part in (values[:half], values[half:])]
    return np.array([part.mean() if len(part) else np.nan for part in parts])


def _means(series: Sequence[Array]) -> Array:
    """Mean (R,) of the values of each run that are known; NaN if there are none."""
    known = [one[np.isfinite(one)] for one in series]
    return np.array([one.mean() if len(one) else np.nan for one in known])


def _half_means(structures: Sequence[tuple[Array, Features]], column: int) -> Array:
    """Means (R, 2) of a feature over the first and the second half of each run."""
    result = np.full((len(structures), 2), np.nan)
    for row, (when, features) in enumerate(structures):
        for half, chosen in enumerate((when < 0.5, when >= 0.5)):
            if chosen.sum() >= LEAST_FRAMES:
                result[row, half] = features[chosen, column].mean()
    return result


def _rhat_test(
    observed: RunObservations, what: str, names: Sequence[str], every: Array
) -> RateTest:
    """The largest R-hat of all."""
    worst, value = _extreme(every, np.nanargmax)
    return RateTest(
        f"R-hat, {what}",
        value,
        LARGEST_RHAT,
        value is not None and value <= LARGEST_RHAT,
        f"R-hat of {names[worst]} over the runs is {value:.2f} for {what} (at most"
        f" {LARGEST_RHAT:g}); {observed.advise(names[worst])}"
        if value is not None
        else f"the runs are too short to compare {what}; {observed.advice}",
    )


def _halves_test(
    observed: RunObservations, what: str, names: Sequence[str], halves: Sequence[Array]
) -> RateTest:
    """Student's t of the differences between the halves (R, 2) of the same runs."""
    from scipy import stats

    every = np.full(len(halves), np.nan)
    for i, pairs in enumerate(halves):
        difference = np.diff(pairs, axis=1)[:, 0]
        difference = difference[np.isfinite(difference)]
        if len(difference) >= LEAST_PAIRS:
            spread = difference.std(ddof=1)
            every[i] = (
                stats.ttest_1samp(difference, 0.0).pvalue if spread else float(not difference.any())
            )
    return _p_test(observed, f"halves, {what}", names, every, "the halves of the runs differ in")


def _family_test(
    observed: RunObservations,
    state: str,
    names: Sequence[str],
    means: Sequence[Array],
    families: Counts,
) -> RateTest:
    """F test of the means (R,) of runs that began at the same first path."""
    from scipy import stats

    every = np.full(len(means), np.nan)
    for i, values in enumerate(means):
        groups = [values[families == family] for family in np.unique(families)]
        groups = [one[np.isfinite(one)] for one in groups]
        groups = [one for one in groups if len(one)]
        if (
            len(groups) > 1
            and sum(map(len, groups)) > len(groups)
            and np.ptp(values[np.isfinite(values)])
        ):
            every[i] = stats.f_oneway(*groups).pvalue
    if not np.isfinite(every).any():
        # No two runs began at the same first path: R-hat compares them all.
        text = f"no two runs in {state} began at the same first path"
        return RateTest(f"first paths, {state}", None, LEAST_P, True, text)
    words = f"runs in {state} from different first paths differ in"
    return _p_test(observed, f"first paths, {state}", names, every, words)


def _p_test(
    observed: RunObservations, name: str, names: Sequence[str], every: Array, words: str
) -> RateTest:
    """The least p-value of all, times their number."""
    worst, value = _extreme(every, np.nanargmin)
    if value is None:
        text = f"{name}: too few runs have frames in the state in both halves; {observed.advice}"
        return RateTest(name, None, LEAST_P, False, text)
    value = min(1.0, value * int(np.isfinite(every).sum()))
    return RateTest(
        name,
        value,
        LEAST_P,
        value >= LEAST_P,
        f"{words} {names[worst]} (p = {value:.2g}, at least {LEAST_P:g});"
        f" {observed.advise(names[worst])}",
    )


def _extreme(every: Array, which: Callable[[Array], np.intp]) -> tuple[int, float | None]:
    """Where the most extreme of the known values is, and the value; None if none is known."""
    # True of no values, too.
    if np.isnan(every).all():
        return 0, None
    worst = int(which(every))
    return worst, float(every[worst])
