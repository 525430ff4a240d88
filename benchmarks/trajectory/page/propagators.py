"""Table T3: propagators, as entries, text, figure and targets."""

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks.trajectory.job import Job
from benchmarks.trajectory.names import FORCES, FREE, GICNET, SPACETIME
from benchmarks.trajectory.page.attribution import attribution
from benchmarks.trajectory.page.entries import Entry, Target, grid, mean_entry, shown
from benchmarks.trajectory.page.records import Record, read_record
from mechanist.bookkeeping.files import write_bytes
from mechanist.report.figures.style import A_COLOUR, B_COLOUR, FULL, MARK, MUTED, canvas
from mechanist.report.figures.style import grid as grid_lines

Records = Sequence[Record]

HEAD = """# Table T3: propagators

Errors of the state some time after an origin of the test block, over all coordinates that are
defined by atoms alone. Chains run at the mean energy of the reference motion, from frames of the
test block with new velocities. Published numbers of GICnet are for different data.
"""


FIGURE = (
    "Top left: error against time; short black bars: published for GICnet with different"
    " data. Top right: change of the total energy along one chain. Bottom: spectra of chains beside"
    " those of the reference."
)
"""Caption of the figure."""

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

PACE = "motion in a second of processor, 256 chains at once"
SPEEDS = {
    "one": (FORCES, "steps a second of processor, one chain", "1/s"),
    "many": (FORCES, "steps a second of processor, 256 chains at once", "1/s"),
    "potential": ("GFN2-xTB", "steps a second of processor, one chain", "1/s"),
    "forces": (FORCES, PACE, "ps/s"),
    SPACETIME: (SPACETIME, PACE, "ps/s"),
    GICNET: (GICNET, PACE, "ps/s"),
}

LIMITS = {"distance": 3.5e-3, "angle": 6.6e-3, "dihedral": 9.2e-3}
"""Published validation errors of GICnet for ethanol at up to 10 fs, in Angstrom and radians."""

COLOURS = {FORCES: B_COLOUR, SPACETIME: A_COLOUR, GICNET: MARK, FREE: MUTED}
"""Of the models in the figure."""

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
            yield mean_entry(table, FORCES, column, values, unit)
            yield Entry(table, FORCES, f"{column}, worst chain", float(max(values)), 0.0, unit)
    if molecule == "ethanol":
        for text, value in (("standard deviation", 0.715), ("largest deviation", 7.1)):
            yield Entry(table, PUBLISHED, f"total energy along 50 ps, {text}", value, 0.0, unit)
    for row in (SPACETIME, GICNET):
        lost = [one for record in records for one in record["networks"][row]]
        yield mean_entry(table, row, "time until the total energy is 7 kcal/mol off", lost, "ps")


def _others(molecule: str, records: Records) -> Iterator[Entry]:
    """Spectra, speeds and diatomics."""
    table = name_of(molecule)
    for key, name in (("power", "density of states"), ("infrared", "infrared spectrum")):
        for row, field in ((FORCES, "similarity"), ("two halves of the truth", "floor")):
            values = [record[key][field] for record in records]
            yield mean_entry(table, row, f"{name}, cosine similarity", values, "1")
    # Of two infrared peaks of similar height, which one is higher is random.
    for row, field in ((FORCES, "shift"), ("two halves of the truth", "floor_shift")):
        shifts = [abs(record["power"][field]) for record in records]
        column = "density of states, shift of the highest X-H peak"
        yield mean_entry(table, row, column, shifts, "1/cm")
    for key, (row, column, unit) in SPEEDS.items():
        values = [record["speed"][key] for record in records]
        yield mean_entry(table, row, column, values, unit)
    for row in (SPACETIME, GICNET):
        parameters = [record["parameters"][row] for record in records]
        yield mean_entry(table, row, "parameters", parameters, "1")
    for name in records[0]["diatomics"]:
        wrong = [record["diatomics"][name]["error"] for record in records]
        yield mean_entry("T3 diatomics", name, "phase error after 1 ps", wrong, "% of a cycle", 100)
        cycles = [record["diatomics"][name]["cycles"] for record in records]
        yield mean_entry("T3 diatomics", name, "cycles in 1 ps", cycles, "1")


def targets(numbers: Sequence[Entry], records: Records) -> list[Target]:
    """Targets and goals of table T3 for ethanol."""
    found = {(entry.table, entry.row, entry.column): entry.value for entry in numbers}
    aims = []
    for key, limit in LIMITS.items():
        name, unit = ERRORS[key]
        value = found["T3 ethanol", FORCES, column_of(10, key)]
        for kind, most in (("at most", limit), ("goal, at most", limit / 3)):
            text = f"10 fs, {name}: {kind} {most:.2g} {unit}"
            aims.append(Target(text, f"{value:.2e} {unit}", value <= most))
    for key, limit, goal in ENERGY_LIMITS:
        every = [one for record in records for one in record["energy"][f"true_{key}"]]
        for kind, most in (("at most", limit), ("goal, at most", goal)):
            good = sum(one <= most for one in every)
            text = f"total energy of chains, {key}: {kind} {most:g} kcal/mol"
            summary = f"{good} of {len(every)} chains, worst {max(every):.3g} kcal/mol"
            aims.append(Target(text, summary, good == len(every)))
    for (table, row, column), value in found.items():
        if table == "T3 diatomics" and column.startswith("phase"):
            aims.append(Target(f"{row}: phase within 1 %", f"{value:.2g} %", value < 1))
    return aims


def markdown(numbers: Sequence[Entry], molecule: str) -> list[str]:
    """Lines of text: errors with times across, then all other numbers."""
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


def propagators(job: Job) -> tuple[list[Entry], list[str], list[Target]]:
    """Entries, lines of text and targets; the figures are written."""
    settings = job.config.trajectory
    pushes, last = attribution(job)
    every: list[Entry] = []
    lines, aims = [HEAD], list[Target]()
    for molecule in settings.molecules:
        records = [_record(job, molecule, n) for n in range(settings.seeds)]
        numbers = entries(molecule, records)
        path = job.files.propagator_figure(molecule)
        figure = shown(path, f"{molecule}: propagators", FIGURE)
        lines += [f"## T3 {molecule}\n", figure, *markdown(numbers, molecule)]
        if molecule == "ethanol":
            aims += targets(numbers, records)
        times = list(dict.fromkeys(float(row["time"]) for row in records[0]["rows"]))
        write_bytes(path, draw(numbers, molecule, times, records[0]))
        # Those of the diatomics are the same for every molecule.
        every += [one for one in numbers if one not in every]
    diatomics = [one for one in every if one.table == "T3 diatomics"]
    lines += ["## T3 diatomics\n", *plain_lines(diatomics)]
    lines += ["## T3 azobenzene\n", *plain_lines(pushes)]
    return every + pushes, lines, [*aims, last]


def _record(job: Job, molecule: str, number: int) -> Record:
    def check(record: Record) -> None:
        targets(entries("ethanol", [record]), [record])

    wanted = {"molecule": molecule, "number": number, "size": job.size_name}
    return read_record(job.files.propagator(molecule, number), wanted, "propagate", check)


def draw(
    numbers: Sequence[Entry], molecule: str, times: Sequence[float], shown: Mapping[str, Any]
) -> bytes:
    """Bytes of a PNG.

    Parameters
    ----------
    numbers
        Entries of table T3.
    molecule
        Its name.
    times
        In fs, at which errors are known.
    shown
        The record of one trajectory.
    """
    with canvas(FULL, 7.4) as figure:
        panels = figure.subplots(2, 2)
        _draw_errors(panels[0, 0], numbers, molecule, times)
        _draw_energy(panels[0, 1], shown["energy"]["shown"])
        _draw_spectrum(panels[1, 0], shown["power"], "density of states")
        _draw_spectrum(panels[1, 1], shown["infrared"], "infrared spectrum")
        for axes in panels.flat:
            grid_lines(axes)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=150, metadata={"Software": None})
    return buffer.getvalue()


def _draw_errors(
    axes: Any, numbers: Sequence[Entry], molecule: str, times: Sequence[float]
) -> None:
    found = {(one.row, one.column): one for one in numbers if one.table == name_of(molecule)}
    for model, colour in COLOURS.items():
        for key, style in (("distance", "-"), ("dihedral", "--")):
            known = [
                (t, found[model, column_of(t, key)])
                for t in times
                if (model, column_of(t, key)) in found
            ]
            axes.errorbar(
                [time for time, _ in known],
                [one.value for _, one in known],
                yerr=[one.std for _, one in known],
                color=colour,
                ls=style,
                marker="o",
                ms=3.5,
                label=f"{model}, {key}s",
            )
    if molecule == "ethanol":
        axes.plot([10, 10], [LIMITS["distance"], LIMITS["dihedral"]], "k_", ms=9)
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="time (fs)",
        ylabel="root mean square error (Å or rad)",
        title=f"{molecule}: error (bars at 10 fs: GICnet, published, different data)",
    )
    # Room for the legend.
    axes.set_ylim(top=30)
    axes.set_xticks(times, [f"{time:g}" for time in times])
    axes.set_xticks([], minor=True)
    axes.legend(fontsize=7, loc="upper left")


def _draw_energy(axes: Any, energy: Mapping[str, Any]) -> None:
    axes.plot(energy["time"], energy["model"], color=A_COLOUR, lw=0.8, label="by the model")
    axes.plot(energy["true_time"], energy["true"], ".", color=B_COLOUR, ms=4, label="by GFN2-xTB")
    axes.set(xlabel="time (ps)", ylabel="change (kcal/mol)", title="total energy along a chain")
    axes.legend(fontsize=8)


def _draw_spectrum(axes: Any, spectrum: Mapping[str, Any], title: str) -> None:
    axes.plot(
        spectrum["wave_numbers"], spectrum["true"], color=MUTED, lw=3, alpha=0.5, label="true"
    )
    axes.plot(spectrum["wave_numbers"], spectrum["made"], color=B_COLOUR, lw=1, label="chains")
    axes.set(title=title, xlabel="wave number (1/cm)", ylabel="density (cm)", xlim=(0, 4000))
    axes.legend(fontsize=8)
