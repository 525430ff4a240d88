"""Table T4 of the trajectory models: forecasts; means and spreads over trajectories."""

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.trajectory.job import Job
from benchmarks.trajectory.names import DYNAMICS, LINEAR_RIDGE, ON_RIDGE
from benchmarks.trajectory.page.entries import ANGSTROM, Entry, Target, grid, mean_entry, shown
from benchmarks.trajectory.page.forecast_figure import draw_forecasts
from benchmarks.trajectory.page.records import Record, gathered, read_record
from mechanist.bookkeeping.files import write_bytes

BETTER = 0.85
"""Target of the ADE of the network, relative to that of each rival."""

VALID = 0.98
"""Target of the share of bonds in the band."""

HEAD = """# Table T4: forecasts

Positions of 10 frames are known, the next 20 frames are forecast, 5 fs apart, all atoms (the
protocol of GeoTDM). ADE is the mean distance of atoms from their true positions over the 20 frames,
FDE that in the last one. Learned forces (MLIP) come from frames 0.5 fs apart, which no other model
sees. Published numbers (MD17, DFT) are for different data.
"""

FIGURE = (
    "Left: mean distance from the true position against time; lower is better. Middle and right:"
    " forecasts iterated to 1 ps, their distance from the true motion, and the share of bonds whose"
    " length is within the range of the training block."
)
"""Caption of the figure."""

COLUMNS = {
    "ade": ("ADE", "Å"),
    "fde": ("FDE", "Å"),
    "hydrogen": ("ADE of hydrogens", "Å"),
    "heavy": ("ADE of heavy atoms", "Å"),
    "parameters": ("parameters", "1"),
    "fit_cpu": ("learning, processor time", "s"),
    "fill_cpu": ("forecasting one window, processor time", "s"),
}
SHOWN = (1, 2, 4, 10, 20)
"""Frames with errors in the text."""


def name_of(molecule: str, part: str = "") -> str:
    """Name of table T4 of a molecule, or of a part of it."""
    return f"T4{part and ' ' + part} {molecule}"


def entry(table: str, row: str, column: str, values: Sequence[float], unit: str) -> Entry:
    """Mean and spread over trajectories; lengths come in nm."""
    return mean_entry(table, row, column, values, unit, ANGSTROM if unit == "Å" else 1.0)


def forecast_entries(molecule: str, records: Sequence[Mapping[str, Any]]) -> list[Entry]:
    """Table T4 of one molecule, over its trajectories."""
    result = []
    spacing = float(records[0]["spacing"])
    for row, found in gathered(records, "rows", lambda one: str(one["model"])):
        for key, (column, unit) in COLUMNS.items():
            values = [one[key] for one in found]
            result.append(entry(name_of(molecule), row, column, values, unit))
        for k in range(len(found[0]["horizon"])):
            values = [one["horizon"][k] for one in found]
            column = f"distance at {(k + 1) * spacing:g} fs"
            result.append(entry(name_of(molecule), row, column, values, "Å"))
    return result + _rolls(molecule, records, spacing)


def _rolls(molecule: str, records: Sequence[Mapping[str, Any]], spacing: float) -> list[Entry]:
    result = []
    table = name_of(molecule, "roll-out")
    for row, found in gathered(records, "rolls", lambda one: str(one["model"])):
        result.append(entry(table, row, "bonds in the band", [one["valid"] for one in found], "1"))
        values = [one["spectrum"] for one in found]
        result.append(entry(table, row, "density of states, cosine similarity", values, "1"))
        if "spectrum_fine" in found[0]:
            values = [one["spectrum_fine"] for one in found]
            column = "density of states from every 0.5 fs, cosine similarity"
            result.append(entry(table, row, column, values, "1"))
        frames = len(found[0]["rmsd"])
        for k in sorted({frames // 10, frames // 4, frames // 2, frames} - {0}):
            values = [one["rmsd"][k - 1] for one in found]
            result.append(entry(table, row, f"RMSD at {k * spacing:g} fs", values, "Å"))
    return result


def forecast_targets(numbers: Sequence[Entry], molecule: str) -> list[Target]:
    """Targets of table T4 for ethanol: the network without forces, and learned forces."""
    table = {(e.row, e.column): e.value for e in numbers if e.table == name_of(molecule)}
    ours, result = table[ON_RIDGE, "ADE"], []
    for rival in (LINEAR_RIDGE, "EGNN"):
        other = table[rival, "ADE"]
        text = f"T4: ADE of the {ON_RIDGE} at least 15 % below that of {rival}"
        result.append(Target(text, f"{ours:.4f} and {other:.4f} Å", ours <= BETTER * other))
    for column, limit in (("ADE", 0.08), ("FDE", 0.15)):
        value = table[DYNAMICS, column]
        text = f"T4: {column} of learned forces at most {limit:g} Å"
        result.append(Target(text, f"{value:.4f} Å", value <= limit))
    rolls = {e.row: e.value for e in numbers if e.column == "bonds in the band"}
    text = f"T4: {ON_RIDGE}, iterated to 1 ps: at least 0.98 of bonds in the band"
    return [*result, Target(text, f"{rolls[ON_RIDGE]:.3f}", rolls[ON_RIDGE] >= VALID)]


def forecast_markdown(numbers: Sequence[Entry], molecule: str, spacing: float) -> list[str]:
    """Lines of text."""
    horizons = [f"distance at {k * spacing:g} fs" for k in SHOWN]
    columns = [column for column, _ in COLUMNS.values()]
    lines = []
    tables = (
        (name_of(molecule), f"{molecule}: forecasts", [*columns[:4], *horizons, *columns[4:]]),
        (name_of(molecule, "roll-out"), f"{molecule}: long forecasts, block by block", None),
    )
    for table, title, order in tables:
        lines += _grid([one for one in numbers if one.table == table], title, order)
    return lines


def _grid(found: Sequence[Entry], title: str, order: Sequence[str] | None) -> list[str]:
    cells = {(one.row, one.column): one for one in found}
    columns = list(dict.fromkeys(one.column for one in found)) if order is None else list(order)
    columns = [one for one in columns if any(column == one for _, column in cells)]
    units = {one.column: one.unit for one in found}
    heads = [f"{one}{'' if units[one] == '1' else f' ({units[one]})'}" for one in columns]
    rows = {
        row: [cells.get((row, column)) for column in columns]
        for row in dict.fromkeys(one.row for one in found)
    }
    return grid(title, heads, rows, "{:.4g} ± {:.1g}")


def forecasts(job: Job) -> tuple[list[Entry], list[str], list[Target]]:
    """Entries, lines of text and targets; the figures are written."""
    settings = job.config.trajectory
    every: list[Entry] = []
    lines, aims = [f"{HEAD}\n"], list[Target]()
    for molecule in settings.molecules:
        records = [_record(job, molecule, n) for n in range(settings.seeds)]
        numbers = forecast_entries(molecule, records)
        path = job.files.forecast_figure(molecule)
        write_bytes(path, draw_forecasts(records, molecule))
        lines += [f"## T4 {molecule}\n", shown(path, f"{molecule}: forecasts", FIGURE)]
        lines += forecast_markdown(numbers, molecule, records[0]["spacing"])
        if molecule == "ethanol":
            aims += forecast_targets(numbers, molecule)
        every += numbers
    return every, lines, aims


def _record(job: Job, molecule: str, number: int) -> Record:
    def check(record: Record) -> None:
        _ = float(record["spacing"]), [float(row["ade"]) for row in record["rows"]]
        _ = [row["rmsd"] for row in record["rolls"]]

    wanted = {"molecule": molecule, "number": number, "size": job.size_name}
    return read_record(job.files.forecasts(molecule, number), wanted, "forecast", check)
