"""All pairs of a guided and a uniform run: ratios, durations and curves over seeds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mechanist.analysis.comparison.outcomes import (
    Outcome,
    Place,
    curves,
    outcome,
    over_seeds,
    ratio_over_seeds,
    yield_by_place,
)
from mechanist.analysis.comparison.series import SERIES_COLUMNS, in_order
from mechanist.arrays import Array
from mechanist.bookkeeping.files import read_json
from mechanist.bookkeeping.layout import PairFiles
from mechanist.errors import DataError
from mechanist.sampling.records.tables import Table, join, read_table
from mechanist.statistics.intervals import Interval

POINTS = 40
"""Points along the budget at which curves are computed."""

ROWS = {
    "transitions": "transitions per million MD steps",
    "transitions_guided_rounds": "the same without round 0 of the guided run",
    "transitions_per_shot": "transitions per shot",
    "accepted": "accepted paths per million MD steps",
    "decorrelated": "decorrelated paths per million MD steps",
    "effective_paths": "independent durations per million MD steps",
    "precision": "precision of the mean path duration, 1 / (standard error in ps)²",
}
"""Names and descriptions of the quantities of which the ratio guided / uniform is given."""


@dataclass(frozen=True)
class Pair:
    """A guided and a uniform run with the same seed and budget; series are in order."""

    seed: int
    budget: int
    guided: Table
    uniform: Table
    times: Mapping[str, Mapping[str, float]]

    @cached_property
    def outcomes(self) -> tuple[Outcome, Outcome]:
        """Of the guided and of the uniform run."""
        return outcome(self.guided), outcome(self.uniform)

    def rates(self) -> tuple[dict[str, float], dict[str, float]]:
        """Values of `ROWS` of the guided and of the uniform run."""
        guided, uniform = (_rates(made) for made in self.outcomes)
        later = self.guided["round"] > 0
        steps = float(self.guided["steps"][later].sum())
        found = float(self.guided["transition"][later].sum())
        guided["transitions_guided_rounds"] = found / steps * 1e6 if steps else float("nan")
        uniform["transitions_guided_rounds"] = uniform["transitions"]
        return guided, uniform


def read_pair(files: PairFiles) -> Pair:
    """Read what `compare_pair` wrote.

    Raises
    ------
    DataError
        If a file is missing or damaged.
    """
    record, table = read_json(files.record), read_table(files.shots, SERIES_COLUMNS)
    series = [
        in_order({name: column[table["guided"] == side] for name, column in table.items()})
        for side in (True, False)
    ]
    try:
        return Pair(
            seed=record["settings"]["seed"],
            budget=record["budget"],
            guided=series[0],
            uniform=series[1],
            times=record["times"],
        )
    except (KeyError, TypeError) as error:
        raise DataError(files.record, f"lacks {error}; delete it and run again") from None


def _rates(made: Outcome) -> dict[str, float]:
    per = 1e6 / made.steps if made.steps else float("nan")
    width = made.duration.high - made.duration.low
    return {
        "transitions": made.transitions * per,
        "transitions_per_shot": made.transitions / made.shots if made.shots else float("nan"),
        "accepted": made.accepted * per,
        "decorrelated": made.decorrelated * per,
        "effective_paths": made.effective_paths * per,
        "precision": (3.92 / width) ** 2 if width > 0 else float("nan"),
    }


@dataclass(frozen=True)
class Row:
    """One line of the table: means over seeds, and the ratio with its interval."""

    name: str
    guided: float
    uniform: float
    ratio: Interval | None


@dataclass(frozen=True)
class Comparison:
    """Result over all pairs.

    Attributes
    ----------
    rows
        Of `ROWS`.
    acceptance
        Mean fraction of shots that is accepted, guided and uniform.
    durations
        Mean path duration in ps, guided and uniform, with intervals over seeds.
    difference
        Guided minus uniform, paired by seeds, relative to the mean.
    places
        Transitions per step by predicted p_B.
    ceiling
        The best of these over the rate of the uniform runs; None if there are too few shots.
    """

    rows: tuple[Row, ...]
    acceptance: tuple[float, float]
    durations: tuple[Interval, Interval]
    difference: Interval
    places: tuple[Place, ...]
    ceiling: float | None

    def row(self, name: str) -> Row:
        """One line by its name."""
        return next(row for row in self.rows if row.name == name)


def summarise(pairs: Sequence[Pair]) -> Comparison:
    """Summarise at least two pairs."""
    rates = [pair.rates() for pair in pairs]
    rows = []
    for name in ROWS:
        guided, uniform = (np.array([pair[side][name] for pair in rates]) for side in (0, 1))
        ratio = ratio_over_seeds(guided, uniform)
        rows.append(Row(name, float(guided.mean()), float(uniform.mean()), ratio))
    durations = np.array([[made.duration.value for made in pair.outcomes] for pair in pairs])
    accepted = np.array([[made.accepted / made.shots for made in pair.outcomes] for pair in pairs])
    places = tuple(yield_by_place(join([pair.guided for pair in pairs])))
    best = max((place.rate for place in places), default=None)
    plain = rows[0].uniform
    return Comparison(
        rows=tuple(rows),
        acceptance=(float(accepted[:, 0].mean()), float(accepted[:, 1].mean())),
        durations=(over_seeds(durations[:, 0]), over_seeds(durations[:, 1])),
        difference=over_seeds((durations[:, 0] - durations[:, 1]) / durations.mean()),
        places=places,
        ceiling=best / plain if best is not None and plain > 0 else None,
    )


def all_curves(pairs: Sequence[Pair]) -> tuple[Array, dict[str, list[dict[str, Array]]]]:
    """MD steps (K,), up to the smallest budget, and the curves of each run there."""
    budgets = np.linspace(0, min(pair.budget for pair in pairs), POINTS + 1)
    return budgets, {
        "guided": [curves(pair.guided, budgets) for pair in pairs],
        "uniform": [curves(pair.uniform, budgets) for pair in pairs],
    }
