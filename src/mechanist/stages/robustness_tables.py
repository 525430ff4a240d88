"""More of table T1 for stage ``trajectory-tables``: noise, less data, heat, distributions."""

from collections.abc import Mapping
from typing import Any

from mechanist.bookkeeping.files import damage_reported, read_json
from mechanist.bookkeeping.layout import TrajectoryFiles
from mechanist.errors import DataError
from mechanist.report.robustness_tables import (
    SECTIONS,
    name_of,
    robustness_entries,
    robustness_markdown,
)
from mechanist.report.trajectory_tables import Entry
from mechanist.settings.config import Config

TOLD = {
    "noise": "Gaussian noise on every coordinate of the known positions; the velocities are exact,"
    " and models are those without noise.",
    "data": "All is {geometries} geometries for the forces of the bridge, and {gaps} gaps for"
    " ridge.",
    "transfer": "Motion that was heated to other temperatures, restored with what was learned from"
    " the trajectories above.",
    "distributions": "Wasserstein distance from the distribution in the true frames, missing"
    " frames only; mean over all bonds, angles or atoms.",
}

SHOWN = {
    "noise": ("position",),
    "data": ("position",),
    "transfer": ("position",),
    "distributions": ("bonds", "angles", "speeds"),
}
"""Quantities that are written out."""


def robustness(
    config: Config, files: TrajectoryFiles, molecule: str
) -> tuple[list[Entry], list[str]]:
    """Entries and lines to read of one molecule."""
    settings = config.trajectory
    records = [_record(config, files, molecule, n) for n in range(settings.seeds)]
    numbers = robustness_entries(molecule, records)
    amounts = {key: records[0][key] for key in ("geometries", "gaps")}
    lines = []
    for section in SECTIONS:
        lines += [f"## {name_of(molecule, section)}\n", TOLD[section].format(**amounts) + "\n"]
        for quantity in SHOWN[section]:
            lines += robustness_markdown(numbers, molecule, section, quantity)
    return numbers, lines


def _record(
    config: Config, files: TrajectoryFiles, molecule: str, number: int
) -> Mapping[str, Any]:
    path = files.robustness(molecule, number)
    record = dict(read_json(path))
    with damage_reported(path):
        known = record["molecule"], record["number"], record["size"]
        _ = int(record["geometries"]), int(record["gaps"])
        robustness_entries(molecule, [record])
    if known != (molecule, number, config.trajectory.size):
        raise DataError(path, f"is of {known}, other settings; run trajectory-robustness again")
    return record
