"""results.json and RESULTS.md; the page is written from the JSON alone.

`make bench` and `make bench-gpu` each replace their own half, so that a card in one machine and the
cores of another can stand on one page.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.speed import tables

FOLDER = Path(__file__).resolve().parent
RESULTS, PAGE, FIGURE = FOLDER / "results.json", FOLDER / "RESULTS.md", FOLDER / "scaling.png"

CPU_KEYS = (
    "raw_md_fraction",
    "ops_ratio_per_core",
    "two_core_speedup",
    "toy_ratio",
    "shots_per_second",
)
EMPTY: dict[str, Any] = {
    "cpu": dict.fromkeys(CPU_KEYS),
    "gpu": None,
    "snakemake": {"seconds_per_job": None},
    "detail": {},
}


@dataclass(frozen=True)
class Target:
    """A promise: ``key`` of the part ``cpu`` is at least ``least``."""

    key: str
    least: float
    text: str


TARGETS = (
    Target("raw_md_fraction", 0.8, "steps/s of the shoot stage over plain MD, one core"),
    Target(
        "toy_ratio",
        50,
        "whole CPU, 1,024 chains a core, over the hand-written loop; the worse of two toys",
    ),
    Target("ops_ratio_per_core", 20, "over OpenPathSampling with storage, one core each"),
    Target("two_core_speedup", 1.8, "two workers at once over one"),
)


def read(path: Path = RESULTS) -> dict[str, Any]:
    """Results of an earlier run, or empty ones."""
    if not path.is_file():
        return dict(EMPTY)
    content: dict[str, Any] = EMPTY | json.loads(path.read_text(encoding="utf-8"))
    return content


def with_cpu(content: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Results with what `benchmarks.speed.summary.cpu` gives."""
    detail = content["detail"] | {"cpu": part["detail"]}
    return content | {"cpu": part["cpu"], "snakemake": part["snakemake"], "detail": detail}


def with_gpu(content: dict[str, Any], part: dict[str, Any] | None) -> dict[str, Any]:
    """Results with what `benchmarks.speed.summary.gpu` gives; None: there is no GPU."""
    if part is None:
        detail = {key: value for key, value in content["detail"].items() if key != "gpu"}
        return content | {"gpu": None, "detail": detail}
    return content | {"gpu": part["gpu"], "detail": content["detail"] | {"gpu": part["detail"]}}


def verdicts(content: dict[str, Any]) -> list[tuple[str, str, str, str, str]]:
    """Rows of the table of targets: name, what it is, target, measured, kept or missed."""
    rows = []
    for target in TARGETS:
        value = content["cpu"][target.key]
        spread = content["detail"].get("cpu", {}).get("ratios", {}).get(target.key)
        verdict = "not measured" if value is None else "kept" if value >= target.least else "MISSED"
        measured = "-" if value is None else tables.number(value)
        if spread is not None:
            measured += f" ({tables.number(spread['low'])} to {tables.number(spread['high'])})"
        rows.append((target.key, target.text, f">= {target.least:g}", measured, verdict))
    others = (
        ("cpu", "shots_per_second", "alanine dipeptide, uniform selection, one core"),
        ("snakemake", "seconds_per_job", f"Snakemake itself{shape(content['snakemake'])}"),
        ("gpu", "replica_steps_per_second", "alanine dipeptide, all copies together"),
        ("gpu", "shots_per_second", "alanine dipeptide"),
        ("gpu", "single_ratio", "over one trajectory in a loop on the same card"),
    )
    for part, key, text in others:
        value = (content[part] or {}).get(key)
        measured = "-" if value is None else tables.number(value)
        rows.append((f"{part} {key}", text, "", measured, "" if value else "not measured"))
    return rows


def shape(run: dict[str, Any]) -> str:
    """Which run of Snakemake the number is from, and whether it was cut short."""
    if "jobs" not in run:
        return ""
    cut = f", cut short after {run['finished']} jobs" if run["finished"] < run["jobs"] else ""
    return f", {run['rounds']} rounds by {run['workers']} jobs that do nothing{cut}"


def page(content: dict[str, Any]) -> str:
    """RESULTS.md."""
    lines = ["# How fast, and against what", "", *tables.INTRODUCTION, ""]
    lines += tables.table(("number", "what it is", "target", "measured", ""), verdicts(content))
    if "cpu" in content["detail"]:
        lines += tables.cpu(content["detail"]["cpu"])
    if "gpu" in content["detail"]:
        lines += tables.gpu(content["detail"]["gpu"])
    else:
        lines += ["", "## GPU", "", "Not measured: `make bench-gpu` has not seen a GPU."]
    return "\n".join([*lines, "", *tables.DEFINITIONS]) + "\n"


def write(content: dict[str, Any], folder: Path = FOLDER) -> None:
    """Write results.json, RESULTS.md, and the figure if there are points for it."""
    from benchmarks.speed.figure import draw

    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False) + "\n"
    (folder / RESULTS.name).write_text(text, encoding="utf-8")
    (folder / PAGE.name).write_text(page(content), encoding="utf-8")
    points = content["detail"].get("cpu", {}).get("points", [])
    if points:
        draw(points, folder / FIGURE.name)
