"""The stage on a GPU, against one trajectory on the same card."""

from pathlib import Path

from benchmarks.speed import shoot
from benchmarks.speed.child import BenchmarkError
from benchmarks.speed.ground import Ground
from benchmarks.speed.interleaved import Plan, Say, interleave, loop, raw
from benchmarks.speed.plain import open_context
from benchmarks.speed.size import Size
from benchmarks.speed.speed import Series

PLATFORMS = ("CUDA", "HIP", "OpenCL")


def platform(ground: Ground) -> str | None:
    """The first GPU platform that moves the system."""
    for name in PLATFORMS:
        try:
            return raw(ground, 0.2, name).platform
        except BenchmarkError:
            continue
    return None


def device(ground: Ground, name: str) -> str:
    """Name of the card, as OpenMM tells it."""
    context, _ = open_context(str(ground.folder), name, 1)
    told: str = context.getPlatform().getPropertyValue(context, "DeviceName")
    return told


def plan(ground: Ground, size: Size, name: str, scratch: Path) -> Plan:
    """Plain MD and the loop, one trajectory each; the stage with as many as it chooses."""
    # One shot makes every chain move once, and so says how many chains there are.
    pilot = shoot.Job(ground.system, ground.folder, shots=1, platform=name)
    job, _ = shoot.grown(pilot, size.gpu_seconds, scratch)
    return {
        "raw MD": lambda _: raw(ground, size.raw_seconds, name),
        "hand-written loop": lambda seed: loop(ground, size.loop_seconds, name, seed, scratch),
        "shoot": lambda seed: shoot.run(job.varied(seed=seed), scratch),
    }


def measure(
    grounds: list[Ground], size: Size, name: str, scratch: Path, say: Say
) -> dict[str, Series]:
    """Series of every system, by its name."""
    result = {}
    for ground in grounds:
        say(f"{ground.system} on {name}")
        plan_ = plan(ground, size, name, scratch)
        result[ground.system] = interleave(plan_, size.repeats, size.limit, say)
    return result
