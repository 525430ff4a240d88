"""Table T3 for stage ``trajectory-tables``: what the records of the propagators say."""

from collections.abc import Mapping
from typing import Any

from mechanist.bookkeeping.files import damage_reported, read_json, write_bytes
from mechanist.bookkeeping.layout import TrajectoryFiles
from mechanist.errors import DataError
from mechanist.report.propagator_figures import draw
from mechanist.report.propagator_tables import (
    attribution_entries,
    attribution_target,
    entries,
    markdown,
    plain_lines,
    targets,
)
from mechanist.report.trajectory_tables import Entry, Target, shown
from mechanist.settings.config import Config

HEAD = """# Table T3: propagators

Errors of the state some time after an origin of the test block, over all coordinates that stand on
atoms alone. Chains run at the constant mean energy of the reference motion, from frames of the test
block with new velocities. Published numbers of GICnet are of different data.
"""


FIGURE = (
    "Top left: error against time; short black bars are what GICnet has published, of different"
    " data. Top right: change of the total energy along one chain. Bottom: spectra of chains beside"
    " those of the reference."
)
"""How to read it."""


def propagators(
    config: Config, files: TrajectoryFiles
) -> tuple[list[Entry], list[str], list[Target]]:
    """Entries, lines to read and targets; the figures are written."""
    settings = config.trajectory
    pushes, last = _attribution(files, settings.size)
    every: list[Entry] = []
    lines, aims = [HEAD], list[Target]()
    for molecule in settings.molecules:
        records = [_record(config, files, molecule, n) for n in range(settings.seeds)]
        numbers = entries(molecule, records)
        figure = shown(files.propagator_figure(molecule), f"{molecule}: propagators", FIGURE)
        lines += [f"## T3 {molecule}\n", figure, *markdown(numbers, molecule)]
        if molecule == "ethanol":
            aims += targets(numbers, records)
        times = list(dict.fromkeys(float(row["time"]) for row in records[0]["rows"]))
        write_bytes(files.propagator_figure(molecule), draw(numbers, molecule, times, records[0]))
        # Those of the diatomics are the same for every molecule.
        every += [one for one in numbers if one not in every]
    lines += ["## T3 diatomics\n", *plain_lines(_of(every, "T3 diatomics"))]
    lines += ["## T3 azobenzene\n", *plain_lines(pushes)]
    return every + pushes, lines, [*aims, last]


def _attribution(files: TrajectoryFiles, size: str) -> tuple[list[Entry], Target]:
    path = files.attribution
    record = _read(path, ("ranking", "dihedral", "difference", "incompleteness", "error", "size"))
    if record["size"] != size:
        raise DataError(path, f"is of size {record['size']}; run trajectory-attribute again")
    with damage_reported(path):
        return attribution_entries(record), attribution_target(record)


def _of(numbers: list[Entry], table: str) -> list[Entry]:
    return [one for one in numbers if one.table == table]


def _read(path: Any, keys: tuple[str, ...]) -> Mapping[str, Any]:
    record = read_json(path)
    with damage_reported(path):
        return {**record, **{key: record[key] for key in keys}}


def _record(
    config: Config, files: TrajectoryFiles, molecule: str, number: int
) -> Mapping[str, Any]:
    path = files.propagator(molecule, number)
    record = _read(path, ("rows", "energy", "power", "infrared", "speed", "diatomics", "size"))
    known = record.get("molecule"), record.get("number"), record["size"]
    if known != (molecule, number, config.trajectory.size):
        raise DataError(path, f"is of {known}, other settings; run trajectory-propagate again")
    with damage_reported(path):
        targets(entries("ethanol", [record]), [record])
    return record
