"""Measure, write benchmarks/speed/RESULTS.md and results.json, print targets beside measurements.

``python -m benchmarks.speed.run`` is `make bench`, with ``--gpu`` `make bench-gpu`.
"""

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.speed import (
    gpu,
    hardware,
    memory,
    ops,
    scaling,
    shoot,
    summary,
    tables,
    workflow,
    write,
)
from benchmarks.speed import ground as grounds
from benchmarks.speed.child import BenchmarkError
from benchmarks.speed.interleaved import Say, alanine_plan, interleave, toy_plan
from benchmarks.speed.size import FULL, NORMAL, QUICK, Size
from benchmarks.speed.summary import ALANINE, LOOP, SHOOT, TOYS, Measured
from mechanist.report.machine import cores as cores_of
from mechanist.report.text_table import columns


def say(text: str) -> None:
    """Print a line of progress with the time of day."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", flush=True)


def measure_cpu(size: Size, folder: Path) -> Measured:
    """All of `make bench`."""
    begin, machine, cores = time.monotonic(), hardware.describe(), cores_of()
    # Else `engine.platform: auto` could take a GPU where there is one.
    os.environ |= {
        "CUDA_VISIBLE_DEVICES": "",
        "HIP_VISIBLE_DEVICES": "",
        "ROCR_VISIBLE_DEVICES": "",
    }
    scratch = folder / "scratch"
    scratch.mkdir()
    python, version = ops.interpreter()
    say(f"OpenPathSampling is left out: {version}" if python is None else version)
    say("systems, first paths, a model for guided selection")
    laid = {name: grounds.lay(name, folder / name) for name in (ALANINE, *TOYS)}
    alanine = laid[ALANINE]
    grounds.learn(alanine, shoot.Job(ALANINE, alanine.folder, size.shots).config())
    say("alanine dipeptide")
    plan = alanine_plan(alanine, size, cores, python, scratch)
    series = {ALANINE: interleave(plan, size.repeats, size.limit, say)}
    for toy in TOYS:
        say(toy.replace("_", " "))
        plan = toy_plan(laid[toy], size, cores, scratch)
        series[toy] = interleave(plan, size.repeats, size.limit / 2, say)
    say("memory over the shots of a job")
    usage = memory.measure(alanine, size, series[ALANINE][SHOOT][-1], scratch, say)
    say("cores, chains, dynamics")
    fastest = series[ALANINE][LOOP][0].platform
    points = scaling.measure(alanine, laid[TOYS[0]], size, fastest, cores, folder, say)
    say("Snakemake itself")
    left = max(30.0, size.total - (time.monotonic() - begin))
    timings = workflow.measure(folder, size.rounds, size.workers, cores, left, say)
    reason = version if python else f"OpenPathSampling is left out: {version}"
    seconds = time.monotonic() - begin
    return Measured(machine, series, points, usage, timings, reason, seconds)


def measure_gpu(size: Size, folder: Path, say: Say) -> Measured | None:
    """All of `make bench-gpu`, or None without a GPU."""
    begin, machine = time.monotonic(), hardware.describe()
    scratch = folder / "scratch"
    scratch.mkdir()
    laid = [grounds.lay(ALANINE, folder / ALANINE)]
    platform = gpu.platform(laid[0])
    if platform is None:
        say("no GPU: none of CUDA, HIP and OpenCL can move a molecule here; gpu is null")
        return None
    machine["gpu"] = machine["gpu"] or gpu.device(laid[0], platform)
    laid += [grounds.lay(toy, folder / toy) for toy in TOYS]
    series = gpu.measure(laid, size, platform, scratch, say)
    return Measured(machine, series, seconds=time.monotonic() - begin)


def report(content: dict[str, Any], half: str) -> None:
    """Print targets beside measurements."""
    print("\n" + "\n".join(columns(write.verdicts(content))))
    if half in content["detail"] and (warning := tables.busy(content["detail"][half])):
        print(f"\n{warning}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gpu", action="store_true", help="the GPU half only")
    parser.add_argument("--full", action="store_true", help="more repeats, no limit on time")
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to see that it works")
    parser.add_argument(
        "--out",
        type=Path,
        help="folder for the results; default benchmarks/speed/, with --quick none",
    )
    chosen = parser.parse_args(arguments)
    os.environ["OMP_NUM_THREADS"] = "1"
    size = FULL if chosen.full else QUICK if chosen.quick else NORMAL
    out = chosen.out or (None if chosen.quick else write.FOLDER)
    content = write.read((out or write.FOLDER) / write.RESULTS.name)
    with tempfile.TemporaryDirectory() as name:
        try:
            if chosen.gpu:
                measured = measure_gpu(size, Path(name), say)
                part = None if measured is None else summary.gpu(measured)
                content = write.with_gpu(content, part)
            else:
                content = write.with_cpu(content, summary.cpu(measure_cpu(size, Path(name))))
        except BenchmarkError as error:
            print(f"bench: {error}", file=sys.stderr)
            return 1
    if out is not None:
        write.write(content, out)
    report(content, "gpu" if chosen.gpu else "cpu")
    return 0


if __name__ == "__main__":
    sys.exit(main())
