"""Stage ``validate``: network, formula and Pareto front against fresh shots."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from mechanist.analysis.validation import validate as validation
from mechanist.analysis.validation.points import FORMULA, NETWORK, read_points
from mechanist.bookkeeping.csv_files import csv_text, read_csv
from mechanist.bookkeeping.files import write_json, write_text
from mechanist.bookkeeping.layout import Layout
from mechanist.formula.expression import evaluate
from mechanist.formula.store import load_formula
from mechanist.sampling.committor_shots import COMMITTOR_STREAM
from mechanist.sampling.records.tables import Table, read_frames
from mechanist.sampling.streams import shot_seed
from mechanist.settings.config import Config
from mechanist.systems.prepared import load, load_formula_inputs

FRONT_COLUMNS = ("complexity", "rmse", "low", "high", "explained", "chosen", "text")
"""Of validation/front.csv: error of p_B of each formula, 95 % interval, explained variance."""


def validate(config: Config, layout: Layout, log: Callable[[str], None]) -> None:
    """Write validation.csv, validation/formula.csv, validation/front.csv and the verdict."""
    workers, known = config.sampling.workers, load_formula_inputs(layout)
    values = known.values(read_frames(layout.fresh(NETWORK).points, load(layout).atoms))
    columns = {name: values[:, i] for i, name in enumerate(known.names)}
    front = read_csv(layout.formulas, ["complexity", "text", "chosen"])
    result = validation.validate(
        read_points(layout, NETWORK, workers),
        load_formula(layout.formula).q(columns),
        [evaluate(row["text"], columns) for row in front],
        read_points(layout, FORMULA, workers),
        np.random.default_rng(shot_seed(config.seed, COMMITTOR_STREAM, 2**20 + 1)),
    )
    write_columns(layout.validation, result.table)
    write_columns(layout.validation_formula, result.own_table)
    rows = []
    for row, error in zip(front, result.front, strict=True):
        found = (error.rmse, error.low, error.high, error.explained)
        shown = ["" if x is None else f"{x:.6f}" for x in found]
        rows.append([row["complexity"], *shown, row["chosen"], row["text"]])
    write_text(layout.front_errors, csv_text(FRONT_COLUMNS, rows))
    write_json(layout.verdict, result.to_json())
    log(result.text)


def write_columns(path: Path, columns: Table) -> None:
    """Write a table as CSV."""
    rows = zip(*(column.tolist() for column in columns.values()), strict=True)
    write_text(path, csv_text(columns, rows))
