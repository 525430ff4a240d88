"""The part of stage ``trajectory-tables`` on forecasts: numbers, text and figures of table T4."""

from collections.abc import Sequence
from typing import Any

from mechanist.bookkeeping.files import damage_reported, read_json, write_bytes
from mechanist.bookkeeping.layout import TrajectoryFiles
from mechanist.errors import DataError
from mechanist.report.forecast_figures import draw_forecasts
from mechanist.report.forecast_tables import (
    HEAD,
    forecast_entries,
    forecast_markdown,
    forecast_targets,
)
from mechanist.report.trajectory_tables import Entry, Target, shown
from mechanist.settings.config import Config

FIGURE = (
    "Top left: mean distance from the true place against time; lower is better. Top right: error"
    " of the network when one part of it is switched off. Bottom: forecasts far beyond what was"
    " learned, their distance from the true motion, and the share of bonds that are as long as"
    " bonds can be."
)
"""How to read it."""


def forecasts(
    config: Config, files: TrajectoryFiles
) -> tuple[list[Entry], list[str], list[Target]]:
    """Entries, lines to read and targets; the figures are written."""
    every: list[Entry] = []
    lines, aims = [f"{HEAD}\n"], list[Target]()
    for molecule in config.trajectory.molecules:
        numbers, text, found = _of_molecule(config, files, molecule)
        figure = shown(files.forecast_figure(molecule), f"{molecule}: forecasts", FIGURE)
        lines += [f"## T4 {molecule}\n", figure, *text]
        every += numbers
        aims += found
    return every, lines, aims


def _of_molecule(
    config: Config, files: TrajectoryFiles, molecule: str
) -> tuple[list[Entry], list[str], list[Target]]:
    """Numbers, lines of text and targets of one molecule; draws its figure."""
    settings = config.trajectory
    records = [_record(config, files, molecule, n) for n in range(settings.seeds)]
    numbers = forecast_entries(molecule, records)
    write_bytes(files.forecast_figure(molecule), draw_forecasts(records, molecule))
    lines = forecast_markdown(numbers, molecule, records[0]["spacing"])
    aims: Sequence[Target] = forecast_targets(numbers, molecule) if molecule == "ethanol" else ()
    return numbers, lines, list(aims)


def _record(config: Config, files: TrajectoryFiles, molecule: str, number: int) -> dict[str, Any]:
    path = files.forecasts(molecule, number)
    record = read_json(path)
    with damage_reported(path):
        known = record["molecule"], record["number"], record["size"]
        _ = float(record["spacing"]), [float(row["ade"]) for row in record["rows"]]
        _ = [row["ade"] for row in record["ablations"]], [row["rmsd"] for row in record["rolls"]]
    if known != (molecule, number, config.trajectory.size):
        raise DataError(path, f"is of {known}, other settings; run trajectory-forecast again")
    return dict(record)
