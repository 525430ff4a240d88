"""results.json has the promised keys, whatever was left out; RESULTS.md says what was missed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.speed import summary, workflow, write
from benchmarks.speed.ops import STORED
from benchmarks.speed.scaling import Point
from benchmarks.speed.speed import Series, Speed, ratio
from benchmarks.speed.summary import ALANINE, ALL, GUIDED, LOOP, RAW, SHOOT, TOYS, TWO, Measured
from benchmarks.speed.workflow import Timing

CPU = {"raw_md_fraction", "ops_ratio_per_core", "two_core_speedup", "toy_ratio", "shots_per_second"}
GPU = {"replica_steps_per_second", "shots_per_second", "single_ratio"}
MACHINE: dict[str, Any] = {
    "processor": "a processor",
    "cores": 2,
    "memory_gb": 8.0,
    "gpu": "",
    "load_before": 0.1,
    "system": "Linux",
    "versions": {"python": "3.11"},
    "day": "2026-01-01",
}


def speeds(*rates: float) -> list[Speed]:
    """Measurements of one second with these steps; ten steps a shot."""
    return [Speed(int(rate), 1.0, 0.99, shots=int(rate / 10), accepted=3) for rate in rates]


def measured(*, ops: bool = True, cores: int = 2) -> Measured:
    alanine: Series = {
        RAW: speeds(100_000, 120_000, 100_000),
        GUIDED: speeds(70_000, 108_000, 85_000),
        SHOOT: speeds(90_000, 90_000, 90_000),
        LOOP: speeds(50_000, 50_000, 50_000),
    }
    if ops:
        alanine[STORED] = speeds(3_000, 2_000, 3_600)
    if cores > 1:
        alanine[TWO] = speeds(171_000, 180_000, 162_000)
    series = {ALANINE: alanine}
    for toy, factor in zip(TOYS, (60, 40), strict=True):
        series[toy] = {LOOP: speeds(1000), SHOOT: speeds(1000 * factor / 2)}
        if cores > 1:
            series[toy][ALL] = speeds(1000 * factor)
    usage = [Point("shots", ALANINE, n, Speed(n, 1.0, 1.0, n, peak_mb=n / 10)) for n in (100, 200)]
    points = [Point("cores", ALANINE, n, Speed(n, 1.0, 1.0, n)) for n in (1, 2)]
    return Measured(MACHINE, series, points, usage, [Timing(4, 3, 23, 23, 2.3)], "a version", 9.0)


def test_keys_and_numbers() -> None:
    content = write.with_cpu(write.EMPTY, summary.cpu(measured()))
    assert set(content) >= {"cpu", "gpu", "snakemake"}
    assert content["gpu"] is None
    assert content["snakemake"]["seconds_per_job"] == 0.1
    assert set(content["cpu"]) == CPU
    # Ratios are taken repeat by repeat: 0.7, 0.9, 0.85, not a ratio of medians.
    assert content["cpu"]["raw_md_fraction"] == 0.85
    assert content["cpu"]["ops_ratio_per_core"] == 30
    assert content["cpu"]["two_core_speedup"] == 1.9
    assert content["cpu"]["toy_ratio"] == 40
    assert content["cpu"]["shots_per_second"] == 9000
    assert content["detail"]["cpu"]["kilobytes_per_shot"] == 102.4


def test_without_openpathsampling_and_second_core() -> None:
    content = write.with_cpu(write.EMPTY, summary.cpu(measured(ops=False, cores=1)))
    assert set(content["cpu"]) == CPU
    assert content["cpu"]["ops_ratio_per_core"] is None
    assert content["cpu"]["two_core_speedup"] is None
    assert content["cpu"]["toy_ratio"] == 20
    assert "not measured" in write.page(content)


def test_halves_keep_each_other() -> None:
    card = measured()
    content = write.with_gpu(write.EMPTY, summary.gpu(card))
    assert set(content["gpu"]) == GPU
    assert content["gpu"]["single_ratio"] == 1.8
    content = write.with_cpu(content, summary.cpu(measured()))
    assert set(content["gpu"]) == GPU
    assert "## GPU" in write.page(content)
    content = write.with_gpu(content, None)
    assert content["gpu"] is None
    assert set(content["cpu"]) == CPU
    assert set(write.EMPTY["cpu"]) == CPU
    assert "has not seen a GPU" in write.page(content)


def test_missed_targets_are_shown() -> None:
    content = write.with_cpu(write.EMPTY, summary.cpu(measured()))
    verdicts = {row[0]: row[4] for row in write.verdicts(content)}
    assert verdicts["raw_md_fraction"] == "kept"
    assert verdicts["toy_ratio"] == "MISSED"
    text = write.page(content)
    assert text.count("MISSED") == 1
    assert "0.85 (0.7 to 0.9)" in text


def test_snakemake_that_was_cut_short_is_shown() -> None:
    whole = write.with_cpu(write.EMPTY, summary.cpu(measured()))
    assert "cut short" not in write.page(whole)
    timings = [Timing(40, 32, 1363, 512, 18.0)]
    cut = write.with_cpu(write.EMPTY, summary.cpu(replace(measured(), timings=timings)))
    assert "40 rounds by 32 jobs that do nothing, cut short after 512 jobs" in write.page(cut)


def test_files(tmp_path: Path) -> None:
    content = write.with_cpu(write.EMPTY, summary.cpu(measured()))
    write.write(content, tmp_path)
    assert write.read(tmp_path / "results.json") == content
    assert (
        json.loads((tmp_path / "results.json").read_text(encoding="utf-8"))["cpu"] == content["cpu"]
    )
    assert {file.name for file in tmp_path.iterdir()} == {
        "results.json",
        "RESULTS.md",
        "scaling.png",
    }


def test_workers_joined() -> None:
    parts = [
        {"steps": 100, "cpu_seconds": 1.0, "start_mb": 5.0, "peak_mb": 9.0, "chains": 4},
        {"steps": 300, "cpu_seconds": 2.0, "start_mb": 6.0, "peak_mb": 7.0, "chains": 4},
    ]
    joined = Speed.joined(parts, 4.0)
    assert joined.steps_per_second == 100
    assert (joined.workers, joined.chains, joined.peak_mb) == (2, 4, 9.0)
    assert joined.core_share == pytest.approx(3 / 8)


def test_ratio_of_what_was_not_made() -> None:
    assert ratio({"a": speeds(1)}, "a", "b") is None


def test_stand_in_suits_the_real_rules(tmp_path: Path) -> None:
    timing = workflow.run(tmp_path, rounds=2, workers=2, cores=2, limit=120)
    assert timing.finished == timing.jobs == 11
