"""Numbers of the tables: means and standard deviations over trajectories, and targets."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

ANGSTROM = 10.0
"""Angstrom in a nm."""

STYLE = "{:.3g} ± {:.1g}"
"""Format of a mean and its standard deviation."""

COLUMNS = {
    "position": "position, mean absolute error",
    "position_hydrogen": "position of hydrogens, mean absolute error",
    "position_heavy": "position of heavy atoms, mean absolute error",
    "position_p95": "position, 95th percentile of distances",
    "position_p99": "position, 99th percentile of distances",
    "velocity": "velocity, mean absolute error",
    "spectrum": "density of states, cosine similarity",
    "shift": "shift of the highest X-H peak",
    "parameters": "parameters",
    "fit_wall": "learning, wall time",
    "fit_cpu": "learning, processor time",
    "fill_wall": "filling one frame, wall time",
    "fill_cpu": "filling one frame, processor time",
}

UNITS = {
    "position": ("nm", "Å"),
    "position_hydrogen": ("nm", "Å"),
    "position_heavy": ("nm", "Å"),
    "position_p95": ("nm", "Å"),
    "position_p99": ("nm", "Å"),
    "velocity": ("nm/ps",),
    "spectrum": ("1",),
    "shift": ("1/cm",),
    "parameters": ("1",),
    "fit_wall": ("s",),
    "fit_cpu": ("s",),
    "fill_wall": ("s",),
    "fill_cpu": ("s",),
}


@dataclass(frozen=True)
class Entry:
    """A number of a table.

    Parameters
    ----------
    table, row, column
        Its place.
    value, std
        Mean and standard deviation over trajectories.
    unit
        Of both.
    """

    table: str
    row: str
    column: str
    value: float
    std: float
    unit: str


@dataclass(frozen=True)
class Target:
    """A target and the value that was found.

    Parameters
    ----------
    text
        The condition.
    found
        The measured value.
    met
        Whether it holds for the means over trajectories.
    """

    text: str
    found: str
    met: bool


def name_of(molecule: str) -> str:
    """Name of table T1 of a molecule."""
    return f"T1 {molecule}"


def entries(molecule: str, records: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """Table T1 of one molecule, over its trajectories."""
    return table_entries(name_of(molecule), records)


def mean_entry(
    table: str, row: str, column: str, values: Sequence[float], unit: str, factor: float = 1.0
) -> Entry:
    """Mean and spread over trajectories of values that are multiplied by ``factor``."""
    numbers = factor * np.array(values, dtype=float)
    spread = float(numbers.std(ddof=1)) if len(numbers) > 1 else 0.0
    return Entry(table, row, column, float(numbers.mean()), spread, unit)


def table_entries(table: str, records: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """A table with the rows of each trajectory: means and spreads over trajectories."""
    values: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for record in records:
        for row in record["rows"]:
            values.setdefault((row["model"], row["gap"]), []).append(row)
    result = []
    for (model, gap), rows in values.items():
        for key, units in UNITS.items():
            numbers, column = [row[key] for row in rows], f"T = {gap}: {COLUMNS[key]}"
            for unit in units:
                factor = ANGSTROM if unit == "Å" else 1.0
                result.append(mean_entry(table, model, column, numbers, unit, factor))
    return result


def plain(numbers: Sequence[Entry]) -> list[dict[str, Any]]:
    """Entries for JSON."""
    return [asdict(entry) for entry in numbers]


def shown(figure: Path, title: str, how: str) -> str:
    """A figure in the text, with its caption."""
    return f'![{title}]({figure.name} "{how}")\n'


class Lookup:
    """Means of one molecule by model, gap and quantity, lengths in Angstrom.

    They are those of table T1 of the molecule, unless another table is named.
    """

    def __init__(self, numbers: Sequence[Entry], molecule: str, table: str | None = None) -> None:
        wanted = name_of(molecule) if table is None else table
        self._table = {
            (entry.row, entry.column, entry.unit): entry
            for entry in numbers
            if entry.table == wanted
        }

    def __call__(self, model: str, gap: int, key: str) -> Entry:
        """The entry."""
        return self._table[model, f"T = {gap}: {COLUMNS[key]}", UNITS[key][-1]]

    @property
    def models(self) -> list[str]:
        """Rows in their order."""
        return list(dict.fromkeys(model for model, _, _ in self._table))

    @property
    def gaps(self) -> list[int]:
        """Lengths of gaps in their order."""
        columns = dict.fromkeys(column for _, column, _ in self._table)
        return sorted({int(column.split(":")[0].removeprefix("T = ")) for column in columns})


def markdown(look: Lookup, molecule: str, key: str) -> list[str]:
    """Lines of one table: models down, gaps across."""
    unit = UNITS[key][-1]
    head = f"{COLUMNS[key]}{'' if unit == '1' else f' ({unit})'}"
    style = "{:.5f} ± {:.5f}" if key == "spectrum" else STYLE
    rows = {model: [look(model, gap, key) for gap in look.gaps] for model in look.models}
    return grid(f"{molecule}: {head}", [f"T = {gap}" for gap in look.gaps], rows, style)


def grid(
    title: str,
    heads: Sequence[str],
    rows: Mapping[str, Sequence[Entry | None]],
    style: str = STYLE,
) -> list[str]:
    """Lines of a table: models down, mean and standard deviation in each cell."""
    lines = [f"### {title}", "", "| model | " + " | ".join(heads) + " |"]
    lines.append("|---|" + "---|" * len(heads))
    for model, cells in rows.items():
        written = ["" if one is None else style.format(one.value, one.std) for one in cells]
        lines.append(f"| {model} | " + " | ".join(written) + " |")
    return [*lines, ""]
