"""Text and tables of RESULTS.md."""

from collections.abc import Sequence
from typing import Any

INTRODUCTION = (
    "Made by `make bench` (two cores, under ten minutes) and `make bench-gpu`. Absolute numbers",
    "drift with the machine and the hour, so every comparison is a ratio of measurements made in",
    "turn in one run: A B C, A B C, and so on. Ratios are taken repeat by repeat; the table gives",
    "the median, with the smallest and the largest in brackets.",
)

DEFINITIONS = (
    "## What is measured",
    "",
    "- *raw MD*: one OpenMM context on one thread, 1,000 steps a call, no frames, on the fastest",
    "  platform of the machine.",
    "- *shoot*: the stage as Snakemake runs it, one worker in a process of its own, its files",
    "  written. Timed are the choice of the platform, contexts, shots and files; imports are not.",
    "  Round 0, where shooting points are uniform.",
    "- *shoot, guided*: the same in round 1, where a network learned from round 0 selects.",
    "- *two workers*, *all cores*: so many workers that begin at the same moment; the time runs",
    "  until the last one has ended.",
    "- *hand-written loop*: two-way shooting with uniform selection by one walker in one context,",
    "  as in a script of one's own (`benchmarks/speed/one_walker.py`); frames are kept, paths and",
    "  shots saved. Its set-up is not timed. It can use one core.",
    "- *OpenPathSampling*: the same moves with `TwoWayShootingStrategy` on the Reference platform",
    "  (`benchmarks/speed/ops_job.py`), with and without its netCDF storage. Its torsions are a",
    "  plain function, which is faster than the mdtraj function of its examples, shown as well.",
    "- Ratios are of MD steps a second: mean steps a shot are the same for all that select",
    "  uniformly, and steps carry less noise than shots.",
    "- *core*: CPU time over wall time of a worker. Below 0.9 something else used the cores.",
    "- *of CPU time*: the same ratio with CPU time in the place of wall time, which hangs less on",
    "  what else runs on the machine. The wall time is what counts.",
    "- Memory is the peak of one worker, imports included.",
    "- Snakemake: the real Snakefile and `profiles/default`, with a `mechanist` that leaves empty",
    "  files; rounds up to the last assessment. Wall time of the whole run over its jobs.",
)


def number(value: float | None) -> str:
    """A number for people: three digits that count, thousands separated."""
    if value is None:
        return "-"
    if abs(value) >= 1e6:
        return f"{value:.3g}".replace("e+0", "e").replace("e+", "e")
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table in Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def busy(detail: dict[str, Any]) -> str:
    """A warning if something else used the machine, else nothing."""
    load, share = detail["hardware"]["load_before"], detail["least_core_share"]
    if load <= 0.5 and share >= 0.9:
        return ""
    return (
        f"The machine was busy (load {load} before the start, a worker got {share:.2f} of its"
        " core at worst): numbers are too low, and ratios of all cores most of all."
    )


def hardware(detail: dict[str, Any], command: str) -> list[str]:
    """Machine, versions, command."""
    machine = detail["hardware"]
    versions = ", ".join(f"{name} {number}" for name, number in machine["versions"].items())
    card = f", {machine['gpu']}" if machine["gpu"] else ""
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_gb']:.0f} GB{card},"
        f" {machine['system']}; {versions}.",
        f"`{command}`, {machine['day']}, {detail['seconds']:.0f} s in all.",
    ]
    return [*lines, *(["", f"**{busy(detail)}**"] if busy(detail) else [])]


def series(rows: dict[str, dict[str, Any]]) -> list[str]:
    """Repeats of what is compared."""
    head = ("", "steps/s", "lowest, highest", "shots/s", "steps a shot", "accepted")
    lines = []
    for name, row in rows.items():
        steps, shots = row["steps_per_second"], row["shots_per_second"]
        shown = [name, number(steps["median"])]
        shown += [f"{number(steps['low'])}, {number(steps['high'])}"]
        shown += [number(shots["median"]) if shots["median"] else "-"]
        shown += [number(row["steps_per_shot"])]
        shown += ["-" if row["acceptance"] is None else f"{row['acceptance']:.0%}"]
        workers, chains = row["workers"], row["chains"]
        job = f"{number(row['shots_per_worker'])} x {workers}, {chains} chains each"
        shown += [job if row["shots_per_worker"] else "-", row["platform"]]
        shown += [f"{row['core_share']:.2f}", number(row["peak_mb"])]
        lines.append(shown)
    return table((*head, "shots of a job", "platform", "core", "MB"), lines)


def points(entries: list[dict[str, Any]]) -> list[str]:
    """Speed and memory over one quantity at a time."""
    rows = []
    for entry in entries:
        speed = entry["speed"]
        shown = [entry["system"].replace("_", " "), f"{entry['vary']} {entry['value']:g}"]
        shown += [number(speed[key]) for key in ("steps_per_second", "shots_per_second")]
        shown += [number(speed["steps_per_shot"]), f"{speed['core_share']:.2f}"]
        rows.append([*shown, number(speed["peak_mb"])])
    return table(("system", "", "steps/s", "shots/s", "steps a shot", "core", "MB"), rows)


def ratios(found: dict[str, Any], of_cpu_time: dict[str, Any] | None = None) -> list[str]:
    """All ratios with their spread; beside them the same of CPU time."""
    rows = []
    for name, entry in found.items():
        if entry is not None:
            quiet = (of_cpu_time or {}).get(name)
            spread = f"{number(entry['low'])} to {number(entry['high'])}"
            beside = number(quiet["median"]) if quiet else "-"
            rows.append((name, number(entry["median"]), spread, beside))
    return table(("number", "median", "spread", "of CPU time"), rows)


def snakemake(timings: list[dict[str, Any]]) -> list[str]:
    """Runs of Snakemake."""
    rows = []
    for timing in timings:
        done = str(timing["finished"])
        if timing["finished"] < timing["jobs"]:
            done += f" of {timing['jobs']}, then time was up"
        shape = f"{timing['rounds']} x {timing['workers']}"
        per_job = f"{timing['seconds_per_job']:.3f}"
        rows.append((shape, done, f"{timing['seconds']:.0f}", per_job))
    return table(("rounds x shooting jobs", "jobs", "s", "s a job"), rows)


def cpu(detail: dict[str, Any]) -> list[str]:
    """The half of `make bench`."""
    lines = ["", "## CPU", "", *hardware(detail, "make bench"), "", detail["ops"] + "."]
    for system, rows in detail["series"].items():
        lines += ["", f"### {system.replace('_', ' ')}", "", *series(rows)]
    lines += ["", "### Ratios", "", *ratios(detail["ratios"], detail["ratios_of_cpu_time"])]
    lines += ["", "### Snakemake itself", "", *snakemake(detail["snakemake"])]
    if detail["memory"]:
        growth = number(detail["kilobytes_per_shot"])
        lines += ["", "### Memory", "", f"Each shot of a job adds {growth} kB.", ""]
        lines += points(detail["memory"])
    if detail["points"]:
        lines += ["", "### Cores, chains, paths", "", "![scaling](scaling.png)", ""]
        lines += points(detail["points"])
    return lines


def gpu(detail: dict[str, Any]) -> list[str]:
    """The half of `make bench-gpu`."""
    lines = ["", "## GPU", "", *hardware(detail, "make bench-gpu")]
    for system, rows in detail["series"].items():
        lines += ["", f"### {system.replace('_', ' ')}", "", *series(rows)]
    return [*lines, "", "Over one trajectory in a loop:", "", *ratios(detail["ratios"])]
