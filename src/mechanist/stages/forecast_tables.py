"""The part of stage ``trajectory-tables`` on forecasts: numbers, text and figures of table T4."""

from collections.abc import Sequence
from typing import Any

from mechanist.errors import DataError
from mechanist.files import read_json, sound, write_bytes
from mechanist.layout import TrajectoryFiles
from mechanist.report.forecast_figures import draw_forecasts
from mechanist.report.forecast_tables import (
    forecast_entries,
    forecast_markdown,
    forecast_targets,
)
from mechanist.report.trajectory_tables import Entry, Target
from mechanist.settings.config import Config


def forecasts(
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
    with sound(path):
        known = record["molecule"], record["number"], record["size"]
        _ = float(record["spacing"]), [float(row["ade"]) for row in record["rows"]]
        _ = [row["ade"] for row in record["ablations"]], [row["rmsd"] for row in record["rolls"]]
    if known != (molecule, number, config.trajectory.size):
        raise DataError(path, f"is of {known}, other settings; run trajectory-forecast again")
    return dict(record)
