"""More of table T1: noise, less data, other temperatures, distributions; entries and text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks.trajectory.job import Job
from benchmarks.trajectory.page.entries import ANGSTROM, COLUMNS, Entry, grid, mean_entry
from benchmarks.trajectory.page.records import Record, read_record

Records = Sequence[Record]

ERRORS = {
    key: (COLUMNS[key], "nm/ps" if key == "velocity" else "Å")
    for key in ("position", "position_p99", "velocity")
}

DISTANCES = {
    "bonds": ("bond lengths, distance of distributions", "Å"),
    "angles": ("angles, distance of distributions", "degrees"),
    "speeds": ("speeds of atoms, distance of distributions", "nm/ps"),
}


@dataclass(frozen=True)
class Section:
    """A part of the records.

    Parameters
    ----------
    title
        Of its table.
    quantities
        Name and unit by key.
    head
        Of a column, by condition.
    factor
        That the condition is multiplied by.
    """

    title: str
    quantities: Mapping[str, tuple[str, str]]
    head: str
    factor: float = 1.0

    def column(self, condition: float) -> str:
        """What a column begins with."""
        return self.head.format(self.factor * condition)


SECTIONS = {
    "noise": Section("noise", ERRORS, "T = 20, noise of {:g} Å", ANGSTROM),
    "data": Section("less data", ERRORS, "T = 20, {:g} % of the data", 100),
    "transfer": Section("other temperatures", ERRORS, "T = 20, {:g} K"),
    "distributions": Section("distributions", DISTANCES, "T = {:g}"),
}


HEADS = {
    "noise": "Gaussian noise on every coordinate of the known positions; the velocities are exact,"
    " and models were trained without noise.",
    "data": "100 % is {geometries} geometries for the forces of the bridge, and {gaps} gaps for"
    " ridge.",
    "transfer": "Motion at other temperatures, restored by models that were trained on the"
    " trajectories above.",
    "distributions": "Wasserstein distance from the distribution in the true frames, missing"
    " frames only; mean over all bonds, angles or atoms.",
}

SHOWN = {
    "noise": ("position",),
    "data": ("position",),
    "transfer": ("position",),
    "distributions": ("bonds", "angles", "speeds"),
}
"""Quantities in the text."""


def name_of(molecule: str, section: str) -> str:
    """Name of the table of a section."""
    return f"T1 {molecule}, {SECTIONS[section].title}"


def robustness_entries(molecule: str, records: Records) -> list[Entry]:
    """All sections of one molecule: means and spreads over trajectories."""
    result = []
    for key, section in SECTIONS.items():
        values: dict[tuple[str, float], list[Mapping[str, Any]]] = {}
        for record in records:
            for row in record["sections"][key]:
                values.setdefault((row["model"], float(row["condition"])), []).append(row)
        for (model, condition), rows in values.items():
            for quantity, (text, unit) in section.quantities.items():
                factor = ANGSTROM if unit == "Å" else 1.0
                column, found = f"{section.column(condition)}: {text}", [r[quantity] for r in rows]
                table = name_of(molecule, key)
                result.append(mean_entry(table, model, column, found, unit, factor))
    return result


def robustness_markdown(
    numbers: Sequence[Entry], molecule: str, section: str, quantity: str
) -> list[str]:
    """Lines of one table to read: models down, conditions across."""
    text, unit = SECTIONS[section].quantities[quantity]
    own = [
        one
        for one in numbers
        if one.table == name_of(molecule, section) and one.column.endswith(f": {text}")
    ]
    by = {(one.row, one.column): one for one in own}
    columns = list(dict.fromkeys(one.column for one in own))
    heads = [column.removesuffix(f": {text}") for column in columns]
    rows = {
        row: [by.get((row, column)) for column in columns]
        for row in dict.fromkeys(one.row for one in own)
    }
    return grid(f"{molecule}, {SECTIONS[section].title}: {text} ({unit})", heads, rows)


def robustness(job: Job, molecule: str) -> tuple[list[Entry], list[str]]:
    """Entries and lines to read of one molecule."""
    records = [_record(job, molecule, n) for n in range(job.config.trajectory.seeds)]
    numbers = robustness_entries(molecule, records)
    amounts = {key: records[0][key] for key in ("geometries", "gaps")}
    lines = []
    for section in SECTIONS:
        lines += [f"## {name_of(molecule, section)}\n", HEADS[section].format(**amounts) + "\n"]
        for quantity in SHOWN[section]:
            lines += robustness_markdown(numbers, molecule, section, quantity)
    return numbers, lines


def _record(job: Job, molecule: str, number: int) -> Record:
    def check(record: Record) -> None:
        _ = int(record["geometries"]), int(record["gaps"])
        robustness_entries(molecule, [record])

    wanted = {"molecule": molecule, "number": number, "size": job.size_name}
    return read_record(job.files.robustness(molecule, number), wanted, "robustness", check)
