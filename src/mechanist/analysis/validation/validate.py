"""Validation of the network, the formula and the Pareto front with fresh committor shots."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mechanist.analysis.validation.formula_verdict import FormulaVerdict, judge_formula
from mechanist.analysis.validation.points import ValidationPoints
from mechanist.analysis.validation.verdict import (
    Verdict,
    decided,
    explained,
    judge,
    validation_columns,
)
from mechanist.arrays import Counts, Probabilities, Q
from mechanist.sampling.records.tables import Table
from mechanist.statistics.logistic import q_to_p
from mechanist.statistics.rmse_beyond_noise import rmse_beyond_noise, rmse_interval


@dataclass(frozen=True)
class FormulaError:
    """Error of p_B of a formula beyond counting noise, 95 % interval, explained variance.

    All are None if there is no point with enough decided shots.
    """

    rmse: float | None
    low: float | None
    high: float | None
    explained: float | None


@dataclass(frozen=True)
class Validation:
    """What fresh shots say of all predictions.

    Attributes
    ----------
    verdict, own
        At the points spread over the network's p_B, and at the formula's own points.
    table, own_table
        Columns of validation.csv and of validation/formula.csv.
    front
        Of each formula of the Pareto front, at the first set of points.
    """

    verdict: Verdict
    own: FormulaVerdict
    table: Table
    own_table: Table
    front: list[FormulaError]

    @property
    def text(self) -> str:
        """The result in a few sentences."""
        return f"{self.verdict.text} {self.own.text}"

    def to_json(self) -> dict[str, Any]:
        """Content of validation/verdict.json."""
        return {**asdict(self.verdict), "text": self.text, "proof": asdict(self.own)}


def validate(
    points: ValidationPoints,
    q_formula: Q,
    front: Iterable[Q],
    own: ValidationPoints,
    rng: np.random.Generator,
) -> Validation:
    """Compare predictions with fresh shots.

    Parameters
    ----------
    points, q_formula
        P points spread over the network's p_B, and q (P,) of the chosen formula there.
    front
        q (P,) of every formula of the Pareto front.
    own
        Points chosen by the formula, with ``q_formula`` and ``on_surface``.
    rng
        For the bootstrap.
    """
    n, n_b = points.n, points.n_b
    p_formula = q_to_p(q_formula)
    use = decided(n)
    verdict = judge(points.p_network, points.p_error, p_formula, n, n_b, rng, points.too_long)
    errors = [_error(q_to_p(q)[use], n_b[use], n[use], rng) for q in front]
    assert own.q_formula is not None
    assert own.on_surface is not None
    own_table = validation_columns(
        own.p_network, own.p_error, q_to_p(own.q_formula), own.n, own.n_b, own.too_long
    )
    return Validation(
        verdict=verdict,
        own=judge_formula(own.q_formula, own.n, own.n_b, own.on_surface, rng),
        table=validation_columns(
            points.p_network, points.p_error, p_formula, n, n_b, points.too_long
        ),
        own_table={**own_table, "on_surface": own.on_surface.astype(np.int64)[decided(own.n)]},
        front=errors,
    )


def _error(p: Probabilities, k: Counts, n: Counts, rng: np.random.Generator) -> FormulaError:
    if not len(n):
        return FormulaError(None, None, None, None)
    low, high = rmse_interval(p, k, n, rng)
    return FormulaError(rmse_beyond_noise(p, k, n), low, high, explained(p, k, n))
