"""Table T2: super-resolution of motion by OpenMM, as entries and as text to read."""

from collections.abc import Mapping, Sequence
from typing import Any

from mechanist.report.trajectory_tables import (
    Entry,
    Lookup,
    grid,
    markdown,
    mean_entry,
    table_entries,
)

KNOWN = "bridge (x, v), forces known"
"""Row whose error is the floor where a thermostat adds noise."""

TITLES = {
    "nve": "vacuum NVE",
    "langevin": "Langevin, friction of 1 per ps",
    "rigid": "NVE, bonds to hydrogen rigid",
}
"""Of each kind of motion, by its name in the records."""

NOISY = "langevin"

RATIO = "position, mean absolute error relative to the floor"

SHOWN = ("position", "position_hydrogen", "position_heavy", "velocity", "spectrum", "fill_cpu")
"""Quantities that are written out; the others are in tables.json."""

Records = Sequence[Mapping[str, Any]]


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
            found.setdefault((model, gap), []).append(value / rows[KNOWN, gap])
    return [
        mean_entry(table, model, ratio_column(gap), one, "1") for (model, gap), one in found.items()
    ]


def openmm_markdown(numbers: Sequence[Entry], records: Records) -> list[str]:
    """Lines to read: for each kind of motion, models down and gaps across."""
    lines = []
    for kind, title in TITLES.items():
        table = name_of(records[0]["system"], kind)
        look = Lookup([one for one in numbers if RATIO not in one.column], "", table)
        told = ", ".join(f"{record['kinds'][kind]['temperature']:.0f}" for record in records)
        lines += [f"## {table}\n", f"Mean kinetic temperatures: {told} K.\n"]
        if kind == NOISY:
            lines += _ratio_lines(numbers, look, table)
        for key in SHOWN:
            lines += markdown(look, title, key)
    return lines


def _ratio_lines(numbers: Sequence[Entry], look: Lookup, table: str) -> list[str]:
    by = {(one.row, one.column): one for one in numbers if one.table == table}
    rows = {model: [by[model, ratio_column(gap)] for gap in look.gaps] for model in look.models}
    return grid(f"{TITLES[NOISY]}: {RATIO}", [f"T = {gap}" for gap in look.gaps], rows)
