"""From measurements to the numbers of results.json."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.speed.memory import kilobytes_per_shot
from benchmarks.speed.ops import STORED
from benchmarks.speed.scaling import Point
from benchmarks.speed.speed import Series, Spread, by_cpu, by_shots, by_steps, rates, ratio, spread
from benchmarks.speed.workflow import Timing

ALANINE = "alanine_dipeptide"
TOYS = ("double_well", "aimmd_toy")
RAW, LOOP = "raw MD", "hand-written loop"
SHOOT, GUIDED, TWO, ALL = "shoot", "shoot, guided", "shoot, two workers", "shoot, all cores"


@dataclass(frozen=True)
class Measured:
    """All that `make bench` or `make bench-gpu` has measured.

    Parameters
    ----------
    hardware
        What `benchmarks.speed.hardware.describe` gives.
    series
        Repeats of what is compared, by system.
    points
        Speed and memory over cores, chains and dynamics.
    memory
        Speed and memory over the shots of a job.
    timings
        Runs of Snakemake.
    ops
        Version of OpenPathSampling, or why it is left out.
    seconds
        Time that everything took.
    """

    hardware: dict[str, Any]
    series: dict[str, Series]
    points: list[Point] = field(default_factory=list)
    memory: list[Point] = field(default_factory=list)
    timings: list[Timing] = field(default_factory=list)
    ops: str = ""
    seconds: float = 0.0


def short(value: Any) -> Any:
    """Plain data with floats of four digits."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, Spread):
        return short(asdict(value))
    if isinstance(value, Mapping):
        return {key: short(entry) for key, entry in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [short(entry) for entry in value]
    return value


def cpu_ratios(series: dict[str, Series]) -> dict[str, Spread | None]:
    """Everything on a CPU that has a target, and what stands beside it."""
    alanine = series[ALANINE]
    found = {
        "raw_md_fraction": ratio(alanine, GUIDED, RAW),
        "raw_md_fraction_uniform": ratio(alanine, SHOOT, RAW),
        "ops_ratio_per_core": ratio(alanine, SHOOT, STORED),
        "ops_ratio_per_core_by_shots": ratio(alanine, SHOOT, STORED, by_shots),
        "two_core_speedup": ratio(alanine, TWO, SHOOT),
        "alanine_ratio_per_core": ratio(alanine, SHOOT, LOOP),
        "shots_per_second": rates(alanine, SHOOT, by_shots),
    }
    for toy in TOYS:
        whole = ALL if ALL in series[toy] else SHOOT
        found[f"{toy}_ratio"] = ratio(series[toy], whole, LOOP)
        found[f"{toy}_ratio_per_core"] = ratio(series[toy], SHOOT, LOOP)
    return found


def cpu_time_ratios(series: dict[str, Series]) -> dict[str, Spread | None]:
    """Ratios of one worker to another that does not hang on who else uses the machine."""
    alanine = series[ALANINE]
    found = {
        "raw_md_fraction": ratio(alanine, GUIDED, RAW, by_cpu),
        "raw_md_fraction_uniform": ratio(alanine, SHOOT, RAW, by_cpu),
        "ops_ratio_per_core": ratio(alanine, SHOOT, STORED, by_cpu),
        "alanine_ratio_per_core": ratio(alanine, SHOOT, LOOP, by_cpu),
    }
    for toy in TOYS:
        found[f"{toy}_ratio_per_core"] = ratio(series[toy], SHOOT, LOOP, by_cpu)
    return found


def middle(value: Spread | None) -> float | None:
    """Median, or None of nothing."""
    return None if value is None else float(f"{value.median:.4g}")


def cpu(measured: Measured) -> dict[str, Any]:
    """The parts ``cpu``, ``snakemake`` and ``detail.cpu`` of results.json."""
    ratios = cpu_ratios(measured.series)
    toys = [middle(ratios[f"{toy}_ratio"]) for toy in TOYS]
    keys = ("raw_md_fraction", "ops_ratio_per_core", "two_core_speedup")
    known = [value for value in toys if value is not None]
    numbers = {key: middle(ratios[key]) for key in keys}
    numbers |= {"toy_ratio": min(known) if len(known) == len(TOYS) else None}
    numbers |= {"shots_per_second": middle(ratios["shots_per_second"])}
    detail = common(measured) | {
        "ratios": ratios,
        "ops": measured.ops,
        "points": [point.plain() for point in measured.points],
        "memory": [point.plain() for point in measured.memory],
        "ratios_of_cpu_time": cpu_time_ratios(measured.series),
        "kilobytes_per_shot": kilobytes_per_shot(measured.memory) if measured.memory else None,
        "snakemake": [
            asdict(timing) | {"seconds_per_job": timing.seconds_per_job}
            for timing in measured.timings
        ],
    }
    parts: dict[str, Any] = short(
        {"cpu": numbers, "snakemake": snakemake(measured.timings), "detail": detail}
    )
    return parts


def snakemake(timings: Sequence[Timing]) -> dict[str, Any]:
    """The part ``snakemake``: the largest run, ``finished`` of its ``jobs`` if time was up."""
    if not timings:
        return {"seconds_per_job": None}
    last = timings[-1]
    return {"seconds_per_job": last.seconds_per_job} | asdict(last)


def gpu(measured: Measured) -> dict[str, Any]:
    """The parts ``gpu`` and ``detail.gpu`` of results.json; alanine dipeptide gives the numbers."""
    alanine = measured.series[ALANINE]
    ratios = {name: ratio(series, SHOOT, LOOP) for name, series in measured.series.items()}
    numbers = {
        "replica_steps_per_second": middle(rates(alanine, SHOOT, by_steps)),
        "shots_per_second": middle(rates(alanine, SHOOT, by_shots)),
        "single_ratio": middle(ratios[ALANINE]),
    }
    parts: dict[str, Any] = short({"gpu": numbers, "detail": common(measured) | {"ratios": ratios}})
    return parts


def common(measured: Measured) -> dict[str, Any]:
    """What both halves have."""
    shares = [
        speed.core_share
        for series in measured.series.values()
        for speeds in series.values()
        for speed in speeds
    ]
    return {
        "hardware": measured.hardware,
        "seconds": measured.seconds,
        "least_core_share": min(shares),
        "series": {
            system: {name: row(speeds) for name, speeds in series.items() if speeds}
            for system, series in measured.series.items()
        },
    }


def row(speeds: Sequence[Any]) -> dict[str, Any]:
    """Repeats of one measurement in one row."""
    shots = sum(speed.shots for speed in speeds)
    return {
        "steps_per_second": spread([speed.steps_per_second for speed in speeds]),
        "shots_per_second": spread([speed.shots_per_second for speed in speeds]),
        "steps_per_shot": sum(speed.steps for speed in speeds) / shots if shots else None,
        "acceptance": sum(speed.accepted for speed in speeds) / shots if shots else None,
        "shots_per_worker": speeds[-1].shots // speeds[-1].workers,
        "chains": speeds[-1].chains,
        "workers": speeds[-1].workers,
        "platform": speeds[-1].platform,
        "core_share": min(speed.core_share for speed in speeds),
        "peak_mb": max(speed.peak_mb for speed in speeds),
        "repeats": len(speeds),
    }
