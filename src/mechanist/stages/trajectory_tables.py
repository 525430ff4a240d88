"""Stage ``trajectory-tables``: tables and figures of the trajectory models."""

from typing import Any

from mechanist.errors import DataError
from mechanist.files import read_json, sound, write_bytes, write_json, write_text
from mechanist.journal import Journal
from mechanist.layout import TrajectoryFiles
from mechanist.report.trajectory_figures import draw
from mechanist.report.trajectory_tables import (
    Entry,
    Lookup,
    Target,
    entries,
    markdown,
    plain,
    targets,
)
from mechanist.settings.config import Config
from mechanist.stages.forecast_tables import forecasts
from mechanist.stages.openmm_tables import openmm
from mechanist.stages.propagator_tables import propagators
from mechanist.stages.robustness_tables import robustness

FRAME_FS = 0.5
"""Time between frames of reference motion in fs."""

HEAD = """# Trajectory models

Table T1: errors of the missing frames. T frames are missing between two known ones; frames are
0.5 fs apart. Reference: GFN2-xTB at constant energy, {size} size, {seeds} trajectories of each
molecule, the last part of each is the test block. Mean ± standard deviation over trajectories.
Published numbers (MD17, DFT) are of different data.
"""


def write(config: Config, files: TrajectoryFiles, log: Journal) -> None:
    """Write tables.json, tables.md and the figures of each molecule."""
    log.load("matplotlib.figure")
    settings = config.trajectory
    lines = [HEAD.format(size=settings.size, seeds=settings.seeds)]
    every: list[Entry] = []
    for molecule in settings.molecules:
        records = [_record(config, files, molecule, n) for n in range(settings.seeds)]
        numbers = entries(molecule, records)
        look = Lookup(numbers, molecule)
        temperatures = ", ".join(f"{record['temperature']:.0f}" for record in records)
        lines.append(f"## {molecule}\n\nMean kinetic temperatures: {temperatures} K.\n")
        if molecule == "ethanol":
            lines += _aims(targets(look), log)
        for key in ("position", "position_hydrogen", "position_heavy", "position_p99", "velocity"):
            lines += markdown(look, molecule, key)
        for key in ("spectrum", "shift", "parameters", "fit_cpu", "fill_cpu"):
            lines += markdown(look, molecule, key)
        picture = draw(look, molecule, FRAME_FS, records[0]["examples"])
        write_bytes(files.figure(molecule), picture)
        every += numbers
        numbers, text = robustness(config, files, molecule)
        every += numbers
        lines += text
        numbers, text, aims = forecasts(config, files, molecule)
        every += numbers
        lines += [*text, *_aims(aims, log)]
    numbers, text = openmm(config, files)
    every += numbers
    lines += text
    numbers, text, aims = propagators(config, files)
    every += numbers
    lines += [*text, *_aims(aims, log)]
    write_json(files.tables, plain(every))
    write_text(files.text, "\n".join(lines))


def _record(config: Config, files: TrajectoryFiles, molecule: str, number: int) -> dict[str, Any]:
    path = files.errors(molecule, number)
    record = read_json(path)
    with sound(path):
        known = record["molecule"], record["number"], record["size"]
        _ = [float(row["position"]) for row in record["rows"]], record["examples"]["bond"]
    if known != (molecule, number, config.trajectory.size):
        raise DataError(path, f"is of {known}, other settings; run trajectory-learn again")
    return dict(record)


def _aims(aims: list[Target], log: Journal) -> list[str]:
    lines = ["| target | found | met |", "|---|---|---|"]
    for aim in aims:
        lines.append(f"| {aim.text} | {aim.found} | {'yes' if aim.met else 'no'} |")
        log(f"{'met' if aim.met else 'MISSED'}: {aim.text}: {aim.found}")
    return [*lines, ""]
