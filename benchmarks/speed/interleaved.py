"""Measurements that are compared, made in turn: A B C, A B C, ...

A machine drifts by tens of per cent within minutes, so that only ratios of neighbours count.
"""

import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.speed import ops, shoot
from benchmarks.speed.child import measure
from benchmarks.speed.ground import Ground
from benchmarks.speed.size import Size
from benchmarks.speed.speed import Series, Speed

Say = Callable[[str], None]
Plan = dict[str, Callable[[int], Speed]]
"""Measurements by name; each is given the number of the repeat as a seed."""


def interleave(plan: Plan, repeats: int, limit: float, say: Say) -> Series:
    """Make every measurement of a plan, then all again; repeats end early after ``limit`` s."""
    series: Series = {name: [] for name in plan}
    begin = time.monotonic()
    for repeat in range(repeats):
        for name, make in plan.items():
            speed = make(repeat)
            series[name].append(speed)
            shots = f", {speed.shots_per_second:,.0f} shots/s" if speed.shots else ""
            say(f"  {repeat + 1}/{repeats} {name}: {speed.steps_per_second:,.0f} steps/s{shots}")
        spent = time.monotonic() - begin
        if repeat + 1 < repeats and spent * (repeat + 2) / (repeat + 1) > limit:
            say(f"  {repeat + 1} of {repeats} repeats, because they take long on this machine")
            break
    return series


def raw(ground: Ground, seconds: float, platform: str = "auto") -> Speed:
    """Plain MD, on the fastest platform if none is named."""
    job = {"folder": str(ground.folder), "seconds": seconds, "platform": platform}
    return measure("raw", job)


def loop(ground: Ground, seconds: float, platform: str, seed: int, scratch: Path) -> Speed:
    """The loop written by hand."""
    job = {"folder": str(ground.folder), "system": ground.system, "platform": platform}
    return measure("one_walker", job | {"seconds": seconds, "seed": seed, "scratch": str(scratch)})


def alanine_plan(ground: Ground, size: Size, cores: int, python: str | None, scratch: Path) -> Plan:
    """Alanine dipeptide: plain MD, the stage, two of it, the loop, OpenPathSampling."""
    job = shoot.Job(ground.system, ground.folder, size.shots)
    fastest = raw(ground, 0.5).platform

    def stage(number: int = 0, workers: int = 1) -> Callable[[int], Speed]:
        return lambda seed: shoot.run(
            job.varied(number=number, workers=workers, seed=seed), scratch
        )

    plan: Plan = {
        "raw MD": lambda _: raw(ground, size.raw_seconds),
        "shoot, guided": stage(number=1),
        "shoot": stage(),
    }
    if cores > 1:
        plan["shoot, two workers"] = stage(workers=2)
    plan["hand-written loop"] = lambda seed: loop(ground, size.loop_seconds, fastest, seed, scratch)
    if python is not None:
        for name, options in ops.VARIANTS.items():
            plan[name] = ops.variant(python, ground, size.ops_seconds, scratch, options)
    return plan


TOY_CHAINS = 1024
"""Chains a worker; a step costs so little that Python must be shared by many."""


def toy_plan(ground: Ground, size: Size, cores: int, scratch: Path) -> Plan:
    """A model potential: plain MD, the loop, the stage on one core, the stage on all cores."""
    fastest = raw(ground, 0.3).platform
    pilot = shoot.Job(ground.system, ground.folder, 8 * TOY_CHAINS, chains=TOY_CHAINS)
    job, _ = shoot.grown(pilot, size.toy_seconds, scratch)

    def stage(workers: int) -> Callable[[int], Speed]:
        return lambda seed: shoot.run(job.varied(workers=workers, seed=seed), scratch)

    plan: Plan = {
        "raw MD": lambda _: raw(ground, size.raw_seconds / 3),
        "hand-written loop": lambda seed: loop(ground, size.loop_seconds, fastest, seed, scratch),
        "shoot": stage(1),
    }
    if cores > 1:
        plan["shoot, all cores"] = stage(cores)
    return plan
