"""Stage ``validate``: network and formula against fresh shots."""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.analysis.validation.proof import Proof, prove
from mechanist.analysis.validation.validation import Verdict, explained, judge, validation_columns
from mechanist.bookkeeping.csv_files import csv_text, read_csv
from mechanist.bookkeeping.files import write_json, write_text
from mechanist.bookkeeping.layout import Layout
from mechanist.sampling.committor_shots import COMMITTOR_STREAM
from mechanist.sampling.records.tables import Table, read_frames
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.stages.points import (
    FORMULA,
    NETWORK,
    read_counts,
    read_predictions,
)
from mechanist.statistics.logistic import q_to_p
from mechanist.statistics.rmse_beyond_noise import rmse_beyond_noise, rmse_interval
from mechanist.systems.prepared import load, load_formula_inputs

FRONT_COLUMNS = ("complexity", "rmse", "low", "high", "explained", "chosen", "text")
"""Of validation/front.csv: error of p_B of each formula, 95 % interval, explained variance."""


def validate(config: Config, layout: Layout, log: Callable[[str], None]) -> Verdict:
    """Compare predictions with fresh shots; write validation.csv and the verdict."""
    from mechanist.formula.store import load_formula

    points = read_frames(layout.fresh(NETWORK).points, load(layout).atoms)
    p_network, p_error = read_predictions(layout, NETWORK).values()
    known = load_formula_inputs(layout)
    values = known.values(points)
    columns = {name: values[:, i] for i, name in enumerate(known.names)}
    p_formula = by_formula(load_formula(layout.formula).q(columns), len(points))
    n, n_b = read_counts(layout, NETWORK, config.sampling.workers, len(points))
    rng = np.random.default_rng(shot_seed(config.seed, COMMITTOR_STREAM, 2**20 + 1))
    verdict = judge(p_network, p_error, p_formula, n, n_b, rng)
    write_columns(layout.validation, validation_columns(p_network, p_error, p_formula, n, n_b))
    front = front_errors(layout, columns, n, n_b, rng)
    write_text(layout.front_errors, csv_text(FRONT_COLUMNS, front))
    proof = own_points(config, layout, rng)
    text = f"{verdict.text} {proof.text}"
    write_json(layout.verdict, {**asdict(verdict), "text": text, "proof": asdict(proof)})
    log(text)
    return verdict


def own_points(config: Config, layout: Layout, rng: np.random.Generator) -> Proof:
    """Judge the formula at its own points; write validation/formula.csv."""
    p_network, p_error, q, on_surface = read_predictions(layout, FORMULA).values()
    n, n_b = read_counts(layout, FORMULA, config.sampling.workers, len(q))
    table = validation_columns(p_network, p_error, q_to_p(q), n, n_b)
    write_columns(layout.validation_formula, {**table, "on_surface": on_surface.astype(np.int64)})
    return prove(q, n, n_b, on_surface.astype(np.bool_), rng)


def by_formula(q: NDArray[np.float64], points: int) -> NDArray[np.float64]:
    """p_B (P,) from q of a formula, which is one number if nothing varies in it."""
    return q_to_p(np.array(np.broadcast_to(q, points), dtype=np.float64))


def front_errors(
    layout: Layout,
    columns: dict[str, NDArray[np.float64]],
    n: NDArray[np.int64],
    n_b: NDArray[np.int64],
    rng: np.random.Generator,
) -> list[list[Any]]:
    """Rows of `FRONT_COLUMNS`: the error of every formula of the front on the same shots."""
    from mechanist.formula.expression import evaluate

    front = read_csv(layout.formulas, ["complexity", "text", "chosen"])
    result = []
    for row in front:
        p = by_formula(evaluate(row["text"], columns), len(n))
        low, high = rmse_interval(p, n_b, n, rng)
        share = explained(p, n_b, n)
        numbers = [f"{x:.6f}" for x in (rmse_beyond_noise(p, n_b, n), low, high)]
        shown = "" if share is None else f"{share:.6f}"
        result.append([row["complexity"], *numbers, shown, row["chosen"], row["text"]])
    return result


def write_columns(path: Path, columns: Table) -> None:
    """Write a table as CSV."""
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    write_text(path, csv_text(columns, rows))
