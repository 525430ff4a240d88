"""Table T2: super-resolution of motion by OpenMM, as entries and as text to read."""

from collections.abc import Sequence

from benchmarks.trajectory.job import Job
from benchmarks.trajectory.names import BRIDGE_KNOWN
from benchmarks.trajectory.page.entries import (
    Entry,
    Lookup,
    Target,
    grid,
    markdown,
    mean_entry,
    table_entries,
)
from benchmarks.trajectory.page.records import Record, read_record

HEAD = """# Table T2: motion by OpenMM

The same models on motion by a force field, at 300 K, {frames:,} frames 0.5 fs apart in each of
{seeds} trajectories of each kind; no networks. Ours learns from {geometries} geometries: from
second differences of positions, or from stored forces where a thermostat adds noise to these.
*Forces known*: the bridge with the forces of the force field. With a thermostat the missing frames
are not determined, and its error is the floor: about the smallest one possible. With rigid bonds it
lacks the constraint forces; these depend on velocities, so that forces that depend on positions
alone are not exact.
"""

TITLES = {
    "nve": "vacuum NVE",
    "langevin": "Langevin, friction of 1 per ps",
    "rigid": "NVE, bonds to hydrogen rigid",
}
"""Of each kind of motion, by its name in the records."""

NOISY = "langevin"

RATIO = "position, mean absolute error relative to the floor"

SHOWN = ("position", "position_hydrogen", "position_heavy", "velocity", "spectrum", "fill_cpu")
"""Quantities in the text; the others are in tables.json."""

Records = Sequence[Record]


def name_of(system: str, kind: str) -> str:
    """Name of table T2 of a kind of motion."""
    return f"T2 {system.replace('_', ' ')}, {TITLES[kind]}"


def ratio_column(gap: int) -> str:
    """Name of a column of errors relative to the floor."""
    return f"T = {gap}: {RATIO}"


def openmm_entries(records: Records) -> list[Entry]:
    """Table T2 of every kind of motion, over its trajectories."""
    result = []
    for kind in TITLES:
        own = [record["kinds"][kind] for record in records]
        table = name_of(records[0]["system"], kind)
        result += table_entries(table, own)
        if kind == NOISY:
            result += _ratios(table, own)
    return result


def _ratios(table: str, records: Records) -> list[Entry]:
    """Errors of each trajectory in parts of the floor on it."""
    found: dict[tuple[str, int], list[float]] = {}
    for record in records:
        rows = {(row["model"], row["gap"]): float(row["position"]) for row in record["rows"]}
        for (model, gap), value in rows.items():
            found.setdefault((model, gap), []).append(value / rows[BRIDGE_KNOWN, gap])
    return [
        mean_entry(table, model, ratio_column(gap), one, "1") for (model, gap), one in found.items()
    ]


def openmm_markdown(numbers: Sequence[Entry], records: Records) -> list[str]:
    """Lines of text: for each kind of motion, models down and gaps across."""
    lines = []
    for kind, title in TITLES.items():
        table = name_of(records[0]["system"], kind)
        look = Lookup([one for one in numbers if RATIO not in one.column], "", table)
        temperatures = ", ".join(
            f"{record['kinds'][kind]['temperature']:.0f}" for record in records
        )
        lines += [f"## {table}\n", f"Mean kinetic temperatures: {temperatures} K.\n"]
        if kind == NOISY:
            lines += _ratio_lines(numbers, look, table)
        for key in SHOWN:
            lines += markdown(look, title, key)
    return lines


def _ratio_lines(numbers: Sequence[Entry], look: Lookup, table: str) -> list[str]:
    by = {(one.row, one.column): one for one in numbers if one.table == table}
    rows = {model: [by[model, ratio_column(gap)] for gap in look.gaps] for model in look.models}
    return grid(f"{TITLES[NOISY]}: {RATIO}", [f"T = {gap}" for gap in look.gaps], rows)


def openmm(job: Job) -> tuple[list[Entry], list[str], list[Target]]:
    """Entries, lines of text, and no targets."""
    seeds = job.config.trajectory.seeds
    records = [_record(job, number) for number in range(seeds)]
    numbers = openmm_entries(records)
    amounts = {key: records[0][key] for key in ("frames", "geometries")}
    return numbers, [HEAD.format(seeds=seeds, **amounts), *openmm_markdown(numbers, records)], []


def _record(job: Job, number: int) -> Record:
    def check(record: Record) -> None:
        _ = str(record["system"]), int(record["frames"]), int(record["geometries"])
        openmm_markdown(openmm_entries([record]), [record])

    wanted = {"number": number, "size": job.size_name}
    return read_record(job.files.openmm(number), wanted, "openmm", check)
