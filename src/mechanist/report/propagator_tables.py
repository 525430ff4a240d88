"""Table T3: propagators, as entries, as text to read, and what was aimed at."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mechanist.report.trajectory_tables import Entry, Target, grid, mean_entry

Records = Sequence[Mapping[str, Any]]

OURS, GICNET, FREE = "learned forces, ours", "GICnet", "x + v t"
PUBLISHED = "GICnet, published (different data)"

ERRORS = {
    "distance": ("distances, root mean square error", "Å"),
    "angle": ("angles, root mean square error", "rad"),
    "dihedral": ("dihedrals, root mean square error", "rad"),
    "distance_velocity": ("velocities of distances, root mean square error", "Å/fs"),
    "angle_velocity": ("velocities of angles, root mean square error", "rad/fs"),
    "dihedral_velocity": ("velocities of dihedrals, root mean square error", "rad/fs"),
    "position": ("positions, mean absolute error", "Å"),
    "position_rms": ("positions, root mean square error", "Å"),
}

SPEEDS = {
    "one": (OURS, "one chain"),
    "many": (OURS, "256 chains at once"),
    "gicnet": (GICNET, "256 origins at once, states"),
    "potential": ("GFN2-xTB", "one chain"),
}

TRUST = (
    ("outcomes", "percent", "outcomes of shots as by GFN2-xTB, forces from other shots", "%"),
    ("outcomes", "ends", "ends of shots of which these are", "1"),
    ("outcomes", "trans", "ends that truly are trans", "%"),
    ("outcomes", "error", "CNNC at the end of a shot, median error", "degrees"),
    ("stability", "first", "rankings in which CNNC and its velocity come first", "%"),
    ("stability", "spearman", "rank correlation with rankings by other forces or baselines", "1"),
    ("stability", "lowest", "the same, lowest of them", "1"),
)
"""What is told of outcomes of shots and of the stability of the ranking."""

LIMITS = {"distance": 3.5e-3, "angle": 6.6e-3, "dihedral": 9.2e-3}
"""Published validation errors of GICnet for ethanol at up to 10 fs, in Angstrom and radians."""

ENERGY_LIMITS = (("std", 0.7, 0.2), ("max", 7.0, 1.5))
"""Of the total energy along a chain in kcal/mol: limit and goal."""


def name_of(molecule: str) -> str:
    """Name of table T3 of a molecule."""
    return f"T3 {molecule}"


def column_of(time: float, key: str) -> str:
    """Name of a column."""
    return f"t = {time:g} fs: {ERRORS[key][0]}"


def entries(molecule: str, records: Records) -> list[Entry]:
    """Table T3 of one molecule: means and spreads over trajectories."""
    return [*_errors(molecule, records), *_chains(molecule, records), *_others(molecule, records)]


def _errors(molecule: str, records: Records) -> Iterator[Entry]:
    values: dict[tuple[str, float], list[Mapping[str, float]]] = {}
    for record in records:
        for row in record["rows"]:
            values.setdefault((row["model"], row["time"]), []).append(row)
    for (model, time), rows in values.items():
        for key, (_, unit) in ERRORS.items():
            numbers = [row[key] for row in rows]
            yield mean_entry(name_of(molecule), model, column_of(time, key), numbers, unit)
    if molecule == "ethanol":
        for key, value in LIMITS.items():
            yield mean_entry(
                name_of(molecule), PUBLISHED, column_of(10, key), [value], ERRORS[key][1]
            )


def _chains(molecule: str, records: Records) -> Iterator[Entry]:
    """Over all chains of all trajectories."""
    table, unit = name_of(molecule), "kcal/mol"
    length = records[0]["energy"]["ps"]
    for key, kind in (("std", "standard deviation"), ("max", "largest deviation from the start")):
        for source, by in (("true", "GFN2-xTB"), ("model", "the model")):
            values = [one for record in records for one in record["energy"][f"{source}_{key}"]]
            column = f"total energy along {length:g} ps by {by}, {kind}"
            yield mean_entry(table, OURS, column, values, unit)
            yield Entry(table, OURS, f"{column}, worst chain", float(max(values)), 0.0, unit)
    if molecule == "ethanol":
        for text, value in (("standard deviation", 0.715), ("largest deviation", 7.1)):
            yield Entry(table, PUBLISHED, f"total energy along 50 ps, {text}", value, 0.0, unit)
    lost = [one for record in records for one in record["gicnet_held"]]
    yield mean_entry(table, GICNET, "time until the total energy is 7 kcal/mol off", lost, "ps")


def _others(molecule: str, records: Records) -> Iterator[Entry]:
    """Spectra, speeds and diatomics."""
    table = name_of(molecule)
    for key, name in (("power", "density of states"), ("infrared", "infrared spectrum")):
        for row, field in ((OURS, "similarity"), ("two halves of the truth", "floor")):
            values = [record[key][field] for record in records]
            yield mean_entry(table, row, f"{name}, cosine similarity", values, "1")
    # Of two infrared peaks of like height the highest is a matter of chance.
    for row, field in ((OURS, "shift"), ("two halves of the truth", "floor_shift")):
        shifts = [abs(record["power"][field]) for record in records]
        column = "density of states, shift of the highest X-H peak"
        yield mean_entry(table, row, column, shifts, "1/cm")
    for key, (row, column) in SPEEDS.items():
        values = [record["speed"][key] for record in records]
        yield mean_entry(table, row, f"steps a second of processor, {column}", values, "1/s")
    parameters = [record["gicnet_parameters"] for record in records]
    yield mean_entry(table, GICNET, "parameters", parameters, "1")
    for name in records[0]["diatomics"]:
        wrong = [record["diatomics"][name]["error"] for record in records]
        yield mean_entry("T3 diatomics", name, "phase error after 1 ps", wrong, "% of a cycle", 100)
        cycles = [record["diatomics"][name]["cycles"] for record in records]
        yield mean_entry("T3 diatomics", name, "cycles in 1 ps", cycles, "1")


def attribution_entries(record: Mapping[str, Any]) -> list[Entry]:
    """Integrated gradients of the CNNC dihedral of azobenzene."""
    table = "T3 azobenzene"
    rows = [
        Entry(table, one["input"], "push on CNNC 10 fs later", one["degrees"], 0.0, "degrees")
        for one in record["ranking"]
    ]
    for key, column, unit in (
        ("difference", "CNNC 10 fs later, less that of the baseline", "degrees"),
        ("incompleteness", "sum of all pushes is off by, in parts", "1"),
        ("error", "CNNC 10 fs later on the shot that tests, root mean square error", "degrees"),
    ):
        rows.append(Entry(table, OURS, column, float(record[key]), 0.0, unit))
    for part, key, column, unit in TRUST:
        rows.append(Entry(table, OURS, column, float(record[part][key]), 0.0, unit))
    return rows


def targets(numbers: Sequence[Entry], records: Records) -> list[Target]:
    """What table T3 of ethanol must hold, and the goals."""
    found = {(entry.table, entry.row, entry.column): entry.value for entry in numbers}
    aims = []
    for key, limit in LIMITS.items():
        name, unit = ERRORS[key]
        value = found["T3 ethanol", OURS, column_of(10, key)]
        for kind, most in (("at most", limit), ("goal, at most", limit / 3)):
            text = f"10 fs, {name}: {kind} {most:.2g} {unit}"
            aims.append(Target(text, f"{value:.2e} {unit}", value <= most))
    for key, limit, goal in ENERGY_LIMITS:
        every = [one for record in records for one in record["energy"][f"true_{key}"]]
        for kind, most in (("at most", limit), ("goal, at most", goal)):
            good = sum(one <= most for one in every)
            text = f"total energy of chains, {key}: {kind} {most:g} kcal/mol"
            told = f"{good} of {len(every)} chains, worst {max(every):.3g} kcal/mol"
            aims.append(Target(text, told, good == len(every)))
    for (table, row, column), value in found.items():
        if table == "T3 diatomics" and column.startswith("phase"):
            aims.append(Target(f"{row}: phase within 1 %", f"{value:.2g} %", value < 1))
    return aims


def attribution_target(record: Mapping[str, Any]) -> Target:
    """Whether CNNC and its velocity come first."""
    first = [one["input"] for one in record["ranking"][:2]]
    wanted = {record["dihedral"], f"velocity of {record['dihedral']}"}
    text = "azobenzene: CNNC and its velocity push it most"
    return Target(text, "; ".join(first), set(first) == wanted)


def markdown(numbers: Sequence[Entry], molecule: str) -> list[str]:
    """Lines to read: errors with times across, then all other numbers."""
    own = [entry for entry in numbers if entry.table == name_of(molecule)]
    by = {(entry.row, entry.column): entry for entry in own}
    times = sorted(
        {float(entry.column[4:].split(" fs:")[0]) for entry in own if entry.column[:4] == "t = "}
    )
    lines = []
    for key, (name, unit) in ERRORS.items():
        rows = {
            row: [by.get((row, column_of(time, key))) for time in times]
            for row in dict.fromkeys(entry.row for entry in own)
        }
        some = {row: cells for row, cells in rows.items() if any(cells)}
        lines += grid(f"{molecule}: {name} ({unit})", [f"{time:g} fs" for time in times], some)
    lines += [f"### {molecule}: energy, spectra and speed", ""]
    return [*lines, *plain_lines([one for one in own if one.column[:4] != "t = "])]


def plain_lines(numbers: Sequence[Entry]) -> list[str]:
    """A table of entries, one a line."""
    lines = ["| | | value |", "|---|---|---|"]
    for one in numbers:
        unit = "" if one.unit == "1" else f" {one.unit}"
        spread = f" ± {one.std:.1g}" if one.std else ""
        lines.append(f"| {one.row} | {one.column} | {one.value:.4g}{spread}{unit} |")
    return [*lines, ""]
