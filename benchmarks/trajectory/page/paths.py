"""Table T5: paths that were stored in part and restored, and early stops of shots."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.trajectory.job import Job
from benchmarks.trajectory.page.entries import ANGSTROM, Entry, Target
from mechanist.bookkeeping.files import damage_reported, read_json

QUARTER = 4
"""Stride of the target."""

SAVED, GOAL = 0.2, 0.3
"""Target and goal of the share of MD steps saved by early stops."""

LENGTHS = {
    "mean": "heavy atoms, mean distance",
    "p50": "heavy atoms, median distance",
    "p95": "heavy atoms, 95 % within",
    "p99": "heavy atoms, 99 % within",
}

HEAD = """# Table T5: stored paths

Every n-th frame of paths of {system} is known. The others are restored, with residuals of the
learned maps drawn at random. Means are over {paths:,} paths, beside the 95 % intervals of the same
means from all frames. p_B is that of the network.
"""


NONE = """# Table T5: stored paths

There is no finished run of {system} yet: make one with `snakemake`, then make these tables again.
"""


def name_of(system: str) -> str:
    """Name of the table of a system."""
    return f"T5 {system}"


def path_entries(system: str, record: Mapping[str, Any]) -> list[Entry]:
    """Every number of the record; only means have a spread, their standard error."""
    table, result = name_of(system), []

    def add(row: str, column: str, value: float, unit: str, std: float = 0.0) -> None:
        result.append(Entry(table, row, column, value, std, unit))

    for one in record["factors"]:
        row = row_of(one)
        for key, column in LENGTHS.items():
            add(row, column, one[key], "nm")
            add(row, column, ANGSTROM * one[key], "Å")
        add(row, "frames that are stored", one["share"], "1")
        add(row, "descriptors, standard deviations off", one["descriptors"], "1")
        add(row, "means within their intervals", within(one), "1")
        add(row, "means", len(one["means"]), "1")
        for mean in one["means"]:
            add(row, f"{mean['quantity']}, all frames", mean["full"], "1", error_of(mean))
            add(row, f"{mean['quantity']}, restored", mean["restored"], "1")
    saved = record["early_stop"]
    if saved is not None:
        add("early stops", "MD steps saved", saved["share"], "1", error_of(saved))
        add("early stops", "shots that might be stopped", saved["watched"], "1")
        add("early stops", "of these stopped", saved["stopped"], "1")
    return result


def row_of(one: Mapping[str, Any]) -> str:
    """Name of the row of a factor."""
    return f"every {one['factor']}{ {2: 'nd', 3: 'rd'}.get(one['factor'], 'th') } frame"


def within(one: Mapping[str, Any]) -> int:
    """Number of means within their intervals."""
    return sum(mean["within"] for mean in one["means"])


def error_of(found: Mapping[str, Any]) -> float:
    """Standard error of something with a 95 % interval."""
    return float((found["high"] - found["low"]) / 3.92)


def path_markdown(system: str, record: Mapping[str, Any]) -> list[str]:
    """Lines of text."""
    lines = [
        HEAD.format(system=system, paths=record["factors"][0]["paths"]),
        f"## {name_of(system)}\n",
        f"### {system}: restored frames",
        "",
        "| stored | frames stored (%) | filled by | heavy atoms off, mean (Å) | 99 % within (Å)"
        " | means within their intervals |",
        "|---|---|---|---|---|---|",
    ]
    for one in record["factors"]:
        lines.append(
            f"| {row_of(one)} | {100 * one['share']:.0f} | {one['method']}"
            f" | {ANGSTROM * one['mean']:.3f} | {ANGSTROM * one['p99']:.3f}"
            f" | {within(one)} of {len(one['means'])} |"
        )
    for one in record["factors"]:
        if one["factor"] == QUARTER:
            lines += ["", *_means(system, one)]
    return [*lines, "", *_early(record["early_stop"])]


def _means(system: str, one: Mapping[str, Any]) -> list[str]:
    """Means of q and p_B, and means outside their intervals."""
    lines = [
        f"### {system}: means from {row_of(one)}; inputs only if outside their interval",
        "",
        "| mean over paths | all frames | restored | standard errors apart | within |",
        "|---|---|---|---|---|",
    ]
    for mean in one["means"]:
        own = not mean["quantity"].endswith(", mean over the path") or "p_B" in mean["quantity"]
        if own or not mean["within"]:
            apart = (mean["restored"] - mean["full"]) / max(error_of(mean), 1e-12)
            lines.append(
                f"| {mean['quantity'].replace('|', chr(0x2223))} | {mean['full']:.5g} ±"
                f" {error_of(mean):.1g} | {mean['restored']:.5g} | {apart:.1f}"
                f" | {'yes' if mean['within'] else 'no'} |"
            )
    return lines


def _early(saved: Mapping[str, float] | None) -> list[str]:
    if saved is None:
        return ["No shots were stopped early in this run (`sampling.early_stop`).", ""]
    return [
        f"Early stops: shots that may be stopped took {100 * saved['share']:.0f} % fewer MD steps"
        f" ({100 * saved['low']:.0f} to {100 * saved['high']:.0f} %); they are"
        f" {100 * saved['watched']:.0f} % of all.",
        "",
    ]


def path_targets(record: Mapping[str, Any]) -> list[Target]:
    """Targets of table T5."""
    result = []
    for one in record["factors"]:
        if one["factor"] == QUARTER:
            count = within(one)
            found = f"{count} of {len(one['means'])}"
            text = "paths stored at a quarter of their frames: means within their intervals"
            result.append(Target(text, found, count == len(one["means"])))
    saved = record["early_stop"]
    if saved is not None:
        found = f"{100 * saved['share']:.0f} %"
        for limit, kind in ((SAVED, "at least"), (GOAL, "goal, at least")):
            text = f"early stops: MD steps saved, {kind} {100 * limit:.0f} %"
            result.append(Target(text, found, saved["share"] >= limit))
    return result


def stored_paths(job: Job) -> tuple[list[Entry], list[str], list[Target]]:
    """Entries, lines of text and targets of the system of config.yaml."""
    system = Path(job.config.system).name
    path = job.files.paths(system)
    if not path.is_file():
        return [], [NONE.format(system=system)], []
    record = read_json(path)
    with damage_reported(path):
        return path_entries(system, record), path_markdown(system, record), path_targets(record)
