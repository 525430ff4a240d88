"""Tables T1 to T5 over all trajectories, with their figures and their page."""

from collections.abc import Sequence

from benchmarks.trajectory.job import Job, main
from benchmarks.trajectory.measure.sizes import SIZES
from benchmarks.trajectory.page.entries import Entry, Target, plain
from benchmarks.trajectory.page.forecasts import forecasts
from benchmarks.trajectory.page.openmm import openmm
from benchmarks.trajectory.page.page import trajectory_page
from benchmarks.trajectory.page.paths import stored_paths
from benchmarks.trajectory.page.propagators import propagators
from benchmarks.trajectory.page.superres import FRAME_FS, Known, known_records, missing_frames
from benchmarks.trajectory.reference.molecules import molecule
from mechanist.bookkeeping.files import write_json, write_text
from mechanist.bookkeeping.journal import Journal

HEAD = """# Trajectory models

Models of molecular motion, each learned from one trajectory and tested on the last part of the
same trajectory. The reference is GFN2-xTB at constant energy. Numbers are means ± standard
deviations over trajectories. Published numbers are for different data (MD17, DFT); they are marked
and not comparable.
"""


def write(job: Job) -> None:
    """Write tables.json, tables.md, report.html and the figures of each molecule."""
    job.log.load("matplotlib.figure")
    known = known_records(job)
    every: list[Entry] = []
    lines = [HEAD]
    for numbers, part, aims in (
        missing_frames(job, known),
        openmm(job),
        propagators(job),
        forecasts(job),
        stored_paths(job),
    ):
        lines += [*part, *_aims(aims, job.log)]
        every += numbers
    text, content = "\n".join(lines), plain(every)
    write_json(job.files.tables, content)
    write_text(job.files.text, text)
    page = trajectory_page(text, job.files.folder, _facts(job, known), content)
    write_text(job.files.page, page)
    job.log(f"open {job.files.page}")


def _facts(job: Job, known: Known) -> list[tuple[str, str]]:
    """Data that was learned from: value, and what it is."""
    settings = job.config.trajectory
    every = [record for records in known.values() for record in records]
    long = _range([one["frames"] * FRAME_FS / 1000 for one in every])
    warm = _range([round(one["temperature"]) for one in every])
    size = SIZES[settings.size]
    forces = _range([size.geometries_of(len(molecule(name).numbers)) for name in known])
    return [
        (", ".join(known), "molecules" if len(known) > 1 else "molecule"),
        (f"{settings.seeds} × {long} ps", "trajectories" + " of each" * (len(known) > 1)),
        (f"{warm} K", "mean kinetic temperatures"),
        ("GFN2-xTB", "reference"),
        (forces, "geometries for learned forces"),
        (f"{100 * size.test:.0f} %", "of each trajectory used for tests"),
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


if __name__ == "__main__":
    main(write)
