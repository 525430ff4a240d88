"""Stage ``trajectory-tables``: tables, figures and the page of the trajectory models."""

from collections.abc import Sequence

from mechanist.bookkeeping.files import write_json, write_text
from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import TrajectoryFiles
from mechanist.report.trajectory_page import trajectory_page
from mechanist.report.trajectory_tables import Entry, Target, plain
from mechanist.settings.config import Config
from mechanist.stages.forecast_tables import forecasts
from mechanist.stages.openmm_tables import openmm
from mechanist.stages.path_tables import stored_paths
from mechanist.stages.propagator_tables import propagators
from mechanist.stages.superres_tables import FRAME_FS, Known, missing_frames, records
from mechanist.trajectory.molecules import molecule as molecule_of
from mechanist.trajectory.sizes import SIZES

HEAD = """# Trajectory models

Models of molecular motion, each learned from one trajectory and tested on the last part of the
same one. The reference is GFN2-xTB at constant energy. Numbers are means ± standard deviations over
trajectories. Published numbers are of different data (MD17, DFT), not comparable, and marked.
"""


def write(config: Config, files: TrajectoryFiles, log: Journal) -> None:
    """Write tables.json, tables.md, report.html and the figures of each molecule."""
    log.load("matplotlib.figure")
    known = records(config, files)
    every: list[Entry] = []
    lines = [HEAD]
    for numbers, part, aims in (
        missing_frames(config, files, known),
        openmm(config, files),
        propagators(config, files),
        forecasts(config, files),
        stored_paths(config, files),
    ):
        lines += [*part, *_aims(aims, log)]
        every += numbers
    text, content = "\n".join(lines), plain(every)
    write_json(files.tables, content)
    write_text(files.text, text)
    write_text(files.page, trajectory_page(text, files.folder, _facts(config, known), content))
    log(f"open {files.page}")


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


def _aims(aims: list[Target], log: Journal) -> list[str]:
    lines = ["| target | found | met |", "|---|---|---|"] if aims else []
    for aim in aims:
        lines.append(f"| {aim.text} | {aim.found} | {'yes' if aim.met else 'no'} |")
        log(f"{'met' if aim.met else 'MISSED'}: {aim.text}: {aim.found}")
    return [*lines, ""]
