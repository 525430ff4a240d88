"""Table T1 for stage ``trajectory-tables``: what the records of super-resolution say."""

from benchmarks.trajectory.job import Job
from benchmarks.trajectory.names import BRIDGE, RIDGE
from benchmarks.trajectory.page.entries import (
    Entry,
    Lookup,
    Target,
    entries,
    markdown,
    shown,
)
from benchmarks.trajectory.page.records import Record, read_record
from benchmarks.trajectory.page.robustness import robustness
from benchmarks.trajectory.page.superres_figure import draw
from mechanist.bookkeeping.files import write_bytes

Known = dict[str, list[Record]]
"""Records of each molecule."""

FRAME_FS = 0.5
"""Time between frames of reference motion in fs."""

HEAD = """# Table T1: missing frames

T frames are missing between two known ones; frames are {step:g} fs apart. Rows name the inputs of a
model at the known frames: positions x, velocities v, accelerations a. Errors are of the missing
frames, over all atoms and Cartesian components unless stated otherwise.
"""

KEYS = (
    *("position", "position_hydrogen", "position_heavy", "position_p99", "velocity"),
    *("spectrum", "shift", "parameters", "fit_cpu", "fill_cpu"),
)
"""Tables in the text."""

FIGURE = (
    "Top left: error against the time between known frames; lower is better. Top right: deviation"
    " of the density of states from that of the reference. Bottom left: a bond length through some"
    " gaps of the test block. Bottom right: densities of states."
)
"""Caption of the figure."""


def targets(look: Lookup) -> list[Target]:
    """Targets of table T1 for ethanol."""
    result = []
    for gap in look.gaps:
        ours, ridge = look(BRIDGE, gap, "position"), look(RIDGE, gap, "position")
        found = f"{ours.value:.2e} and {ridge.value:.2e} Å"
        result.append(
            Target(f"T = {gap}: ours better than ridge (x, v)", found, ours.value < ridge.value)
        )
    for gap, limit in ((20, 1e-3), (40, 5e-3), (20, 3e-4), (40, 1.5e-3)):
        value = look(BRIDGE, gap, "position").value
        kind = "at most" if limit in (1e-3, 5e-3) else "goal, at most"
        met = value <= limit
        result.append(Target(f"T = {gap}: {kind} {limit:g} Å", f"{value:.2e} Å", met))
    for gap in look.gaps:
        both, one = look("bi-LSTM", gap, "position"), look("uni-LSTM", gap, "position")
        found = f"{both.value:.2e} and {one.value:.2e} Å"
        result.append(
            Target(f"T = {gap}: bi-LSTM better than uni-LSTM", found, both.value < one.value)
        )
    like = look(BRIDGE, 20, "spectrum").value
    result.append(
        Target(
            "T = 20: cosine similarity of densities of states at least 0.999",
            f"{like:.6f}",
            like >= 0.999,
        )
    )
    return result


def missing_frames(job: Job, known: Known) -> tuple[list[Entry], list[str], list[Target]]:
    """Entries, lines of text and targets; the figures are written."""
    every: list[Entry] = []
    lines, aims = [HEAD.format(step=FRAME_FS)], list[Target]()
    for molecule, records in known.items():
        numbers = entries(molecule, records)
        look = Lookup(numbers, molecule)
        figure = job.files.figure(molecule)
        write_bytes(figure, draw(look, molecule, FRAME_FS, records[0]["examples"]))
        lines += [f"## T1 {molecule}\n", shown(figure, f"{molecule}: missing frames", FIGURE)]
        for key in KEYS:
            lines += markdown(look, molecule, key)
        if molecule == "ethanol":
            aims += targets(look)
        more, text = robustness(job, molecule)
        lines += text
        every += [*numbers, *more]
    return every, lines, aims


def known_records(job: Job) -> Known:
    """Records of the step ``learn`` for each molecule.

    Raises
    ------
    DataError
        If a record is missing, damaged or of other settings.
    """
    numbers = range(job.config.trajectory.seeds)
    return {
        molecule: [_record(job, molecule, n) for n in numbers]
        for molecule in job.config.trajectory.molecules
    }


def _record(job: Job, molecule: str, number: int) -> Record:
    def check(record: Record) -> None:
        _ = [float(row["position"]) for row in record["rows"]], record["examples"]["bond"]
        _ = float(record["temperature"]), int(record["frames"])

    wanted = {"molecule": molecule, "number": number, "size": job.size_name}
    return read_record(job.files.errors(molecule, number), wanted, "learn", check)
