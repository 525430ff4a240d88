"""Stage ``trajectory-tables``: tables, figures and the page of the trajectory models."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mechanist.errors import DataError
from mechanist.files import read_json, sound, write_bytes, write_json, write_text
from mechanist.journal import Journal
from mechanist.layout import TrajectoryFiles
from mechanist.report.trajectory_figures import draw
from mechanist.report.trajectory_page import trajectory_page
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
from mechanist.stages.path_tables import stored_paths
from mechanist.stages.propagator_tables import propagators
from mechanist.trajectory.molecules import molecule as molecule_of
from mechanist.trajectory.sizes import SIZES

Known = dict[str, list[dict[str, Any]]]
"""Records of each molecule."""

FRAME_FS = 0.5
"""Time between frames of reference motion in fs."""

HEAD = """# Trajectory models

Models of molecular motion, each learned from one trajectory and tested on the last part of the
same one. The reference is GFN2-xTB at constant energy. Numbers are means ± standard deviations over
trajectories. Published numbers are of different data (MD17, DFT), not comparable, and marked.

# Table T1: missing frames

T frames are missing between two known ones; frames are {step:g} fs apart. Rows say what a model is
told of the known frames: positions x, velocities v, accelerations a. Errors are of the missing
frames, over all atoms and Cartesian components if nothing else is said.
"""

KEYS = (
    *("position", "position_hydrogen", "position_heavy", "position_p99", "velocity"),
    *("spectrum", "shift", "parameters", "fit_cpu", "fill_cpu"),
)
"""Tables of T1."""

MISSING, MOTION, FORECASTS = (
    "Top left: error against the time between known frames; lower is better. Top right: how far the"
    " density of states is from that of the reference. Bottom left: one bond through some gaps of"
    " the test block. Bottom right: its density of states.",
    "Top left: error against time; short black bars are what GICnet has published, of different"
    " data. Top right: change of the total energy along one chain. Bottom: spectra of chains beside"
    " those of the reference.",
    "Top left: mean distance from the true place against time; lower is better. Top right: error"
    " of the network when one part of it is switched off. Bottom: forecasts far beyond what was"
    " learned, their distance from the true motion, and the share of bonds that are as long as"
    " bonds can be.",
)
"""How to read the figures."""


def write(config: Config, files: TrajectoryFiles, log: Journal) -> None:
    """Write tables.json, tables.md, report.html and the figures of each molecule."""
    log.load("matplotlib.figure")
    settings = config.trajectory
    known: Known = {name: _records(config, files, name) for name in settings.molecules}
    lines = [HEAD.format(step=FRAME_FS)]
    every: list[Entry] = []
    for molecule, records in known.items():
        numbers = entries(molecule, records)
        look = Lookup(numbers, molecule)
        write_bytes(files.figure(molecule), draw(look, molecule, FRAME_FS, records[0]["examples"]))
        lines += [
            f"## T1 {molecule}\n",
            _shown(files.figure(molecule), f"{molecule}: missing frames", MISSING),
        ]
        for key in KEYS:
            lines += markdown(look, molecule, key)
        if molecule == "ethanol":
            lines += _aims(targets(look), log)
        every += numbers
    numbers, text, aims = propagators(config, files)
    figures = {f"## T3 {one}": files.propagator_figure(one) for one in settings.molecules}
    for line in text:
        lines.append(line)
        if line.strip() in figures:
            lines.append(_shown(figures[line.strip()], f"{line.split()[-1]}: propagators", MOTION))
    lines += _aims(aims, log)
    every += numbers
    for count, molecule in enumerate(settings.molecules):
        numbers, (head, *text), aims = forecasts(config, files, molecule)
        lines += [f"{head}\n"] if count == 0 else []
        lines += [
            f"## T4 {molecule}\n",
            _shown(files.forecast_figure(molecule), f"{molecule}: forecasts", FORECASTS),
        ]
        lines += [*text, *_aims(aims, log)]
        every += numbers
    numbers, text, aims = stored_paths(config, files)
    lines += [*text, *_aims(aims, log)]
    every += numbers
    _finish(config, files, known, lines, plain(every))
    log(f"open {files.page}")


def _finish(
    config: Config,
    files: TrajectoryFiles,
    known: Known,
    lines: Sequence[str],
    numbers: list[dict[str, Any]],
) -> None:
    """Write tables and page."""
    text = "\n".join(lines)
    write_json(files.tables, numbers)
    write_text(files.text, text)
    write_text(files.page, trajectory_page(text, files.folder, _facts(config, known), numbers))


def _facts(config: Config, known: Known) -> list[tuple[str, str]]:
    """What was learned from: value, and what it is."""
    settings = config.trajectory
    every = [record for records in known.values() for record in records]
    long = _range([one["frames"] * FRAME_FS / 1000 for one in every])
    warm = _range([round(one["temperature"]) for one in every])
    size = SIZES[settings.size]
    forces = _range([size.geometries_of(len(molecule_of(name).numbers)) for name in known])
    return [
        (", ".join(known), "molecules" if len(known) > 1 else "molecule"),
        (f"{settings.seeds} × {long} ps", "trajectories" + " of each" * (len(known) > 1)),
        (f"{warm} K", "mean kinetic temperatures"),
        ("GFN2-xTB", "reference"),
        (forces, "geometries for learned forces"),
        (f"{100 * size.test:.0f} %", "of each trajectory tests"),
        (settings.size, "size of data and networks"),
    ]


def _range(values: Sequence[float]) -> str:
    low, high = f"{min(values):.4g}", f"{max(values):.4g}"
    return low if low == high else f"{low} to {high}"


def _shown(figure: Path, title: str, how: str) -> str:
    """A figure in the text; the page shows it with how to read it."""
    return f'![{title}]({figure.name} "{how}")\n'


def _records(config: Config, files: TrajectoryFiles, molecule: str) -> list[dict[str, Any]]:
    return [_record(config, files, molecule, n) for n in range(config.trajectory.seeds)]


def _record(config: Config, files: TrajectoryFiles, molecule: str, number: int) -> dict[str, Any]:
    path = files.errors(molecule, number)
    record = read_json(path)
    with sound(path):
        known = record["molecule"], record["number"], record["size"]
        _ = [float(row["position"]) for row in record["rows"]], record["examples"]["bond"]
        _ = float(record["temperature"]), int(record["frames"])
    if known != (molecule, number, config.trajectory.size):
        raise DataError(path, f"is of {known}, other settings; run trajectory-learn again")
    return dict(record)


def _aims(aims: list[Target], log: Journal) -> list[str]:
    lines = ["| target | found | met |", "|---|---|---|"] if aims else []
    for aim in aims:
        lines.append(f"| {aim.text} | {aim.found} | {'yes' if aim.met else 'no'} |")
        log(f"{'met' if aim.met else 'MISSED'}: {aim.text}: {aim.found}")
    return [*lines, ""]
