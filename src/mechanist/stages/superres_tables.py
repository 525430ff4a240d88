"""Table T1 for stage ``trajectory-tables``: what the records of super-resolution say."""

from typing import Any

from mechanist.bookkeeping.files import damage_reported, read_json, write_bytes
from mechanist.bookkeeping.layout import TrajectoryFiles
from mechanist.errors import DataError
from mechanist.report.trajectory_figures import draw
from mechanist.report.trajectory_tables import (
    Entry,
    Lookup,
    Target,
    entries,
    markdown,
    shown,
    targets,
)
from mechanist.settings.config import Config
from mechanist.stages.robustness_tables import robustness

Known = dict[str, list[dict[str, Any]]]
"""Records of each molecule."""

FRAME_FS = 0.5
"""Time between frames of reference motion in fs."""

HEAD = """# Table T1: missing frames

T frames are missing between two known ones; frames are {step:g} fs apart. Rows say what a model is
told of the known frames: positions x, velocities v, accelerations a. Errors are of the missing
frames, over all atoms and Cartesian components if nothing else is said.
"""

KEYS = (
    *("position", "position_hydrogen", "position_heavy", "position_p99", "velocity"),
    *("spectrum", "shift", "parameters", "fit_cpu", "fill_cpu"),
)
"""Tables to read."""

FIGURE = (
    "Top left: error against the time between known frames; lower is better. Top right: how far the"
    " density of states is from that of the reference. Bottom left: one bond through some gaps of"
    " the test block. Bottom right: its density of states."
)
"""How to read it."""


def missing_frames(
    config: Config, files: TrajectoryFiles, known: Known
) -> tuple[list[Entry], list[str], list[Target]]:
    """Entries, lines to read and targets; the figures are written."""
    every: list[Entry] = []
    lines, aims = [HEAD.format(step=FRAME_FS)], list[Target]()
    for molecule, of_molecule in known.items():
        numbers = entries(molecule, of_molecule)
        look = Lookup(numbers, molecule)
        figure = files.figure(molecule)
        write_bytes(figure, draw(look, molecule, FRAME_FS, of_molecule[0]["examples"]))
        lines += [f"## T1 {molecule}\n", shown(figure, f"{molecule}: missing frames", FIGURE)]
        for key in KEYS:
            lines += markdown(look, molecule, key)
        if molecule == "ethanol":
            aims += targets(look)
        more, text = robustness(config, files, molecule)
        lines += text
        every += [*numbers, *more]
    return every, lines, aims


def records(config: Config, files: TrajectoryFiles) -> Known:
    """What `trajectory-learn` has written.

    Raises
    ------
    DataError
        If a record is missing, damaged or of other settings.
    """
    settings = config.trajectory
    numbers = range(settings.seeds)
    return {name: [_record(config, files, name, n) for n in numbers] for name in settings.molecules}


def _record(config: Config, files: TrajectoryFiles, molecule: str, number: int) -> dict[str, Any]:
    path = files.errors(molecule, number)
    record = read_json(path)
    with damage_reported(path):
        known = record["molecule"], record["number"], record["size"]
        _ = [float(row["position"]) for row in record["rows"]], record["examples"]["bond"]
        _ = float(record["temperature"]), int(record["frames"])
    if known != (molecule, number, config.trajectory.size):
        raise DataError(path, f"is of {known}, other settings; run trajectory-learn again")
    return dict(record)
