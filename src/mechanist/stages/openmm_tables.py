"""Table T2 for stage ``trajectory-tables``: super-resolution of motion by OpenMM."""

from collections.abc import Mapping
from typing import Any

from mechanist.bookkeeping.files import damage_reported, read_json
from mechanist.bookkeeping.layout import TrajectoryFiles
from mechanist.errors import DataError
from mechanist.report.openmm_tables import openmm_entries, openmm_markdown
from mechanist.report.trajectory_tables import Entry, Target
from mechanist.settings.config import Config

HEAD = """# Table T2: motion by OpenMM

The same models on motion by a force field, at 300 K, {frames:,} frames 0.5 fs apart in each of
{seeds} trajectories of each kind; no networks. Ours learns from {geometries} geometries: from
second differences of positions, or with a thermostat, whose noise is in these, from stored forces.
*Forces known*: the bridge with the forces of the force field. With a thermostat the frames between
are not determined, and its error is the floor: about the smallest one that any model can have. With
rigid bonds it lacks the forces of the constraints; these depend on velocities, so that no forces of
positions alone are exact.
"""


def openmm(config: Config, files: TrajectoryFiles) -> tuple[list[Entry], list[str], list[Target]]:
    """Entries and lines to read; nothing was aimed at."""
    seeds = config.trajectory.seeds
    records = [_record(config, files, number) for number in range(seeds)]
    numbers = openmm_entries(records)
    amounts = {key: records[0][key] for key in ("frames", "geometries")}
    head = HEAD.format(seeds=seeds, **amounts)
    return numbers, [head, *openmm_markdown(numbers, records)], []


def _record(config: Config, files: TrajectoryFiles, number: int) -> Mapping[str, Any]:
    path = files.openmm(number)
    record = dict(read_json(path))
    with damage_reported(path):
        known = record["number"], record["size"]
        _ = str(record["system"]), int(record["frames"]), int(record["geometries"])
        openmm_markdown(openmm_entries([record]), [record])
    if known != (number, config.trajectory.size):
        raise DataError(path, f"is of {known}, other settings; run trajectory-openmm again")
    return record
