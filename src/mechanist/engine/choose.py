"""Which engine and platform: by a stopwatch, on the real system."""

import time
from dataclasses import dataclass

import numpy as np

from mechanist.engine.contexts import make_context, openmm_faults, platform_names
from mechanist.engine.engine import LaneEngine
from mechanist.engine.pool import Pool
from mechanist.engine.protocol import Engine, Label
from mechanist.engine.stacked import Stack
from mechanist.errors import SystemBuildError
from mechanist.systems.prepared import Prepared
from mechanist.systems.replicate import can_replicate, replicate


@dataclass(frozen=True)
class Timing:
    """Measured speed of one platform: MD steps a second, summed over copies."""

    platform: str
    steps_per_second: float
    fault: str = ""


def stacks(prepared: Prepared) -> bool:
    """Whether the copies of a system are stacked into one."""
    return can_replicate(prepared.system)


def auto_chains(prepared: Prepared) -> int:
    """Chains a worker that keep its engine busy."""
    return 64 if stacks(prepared) else 16


def time_platforms(prepared: Prepared, copies: int, seconds: float = 0.1) -> list[Timing]:
    """Time every platform on the real system, fastest first.

    Parameters
    ----------
    prepared
        What to move.
    copies
        Copies in one System where they stack; else ignored.
    seconds
        Time to spend on each platform after a warm-up.
    """
    stacked = stacks(prepared)
    system = replicate(prepared.system, copies) if stacked else prepared.system
    factor = copies if stacked else 1
    timings = [_time(prepared, system, factor, name, seconds) for name in platform_names()]
    return sorted(timings, key=lambda timing: -timing.steps_per_second)


def _time(prepared: Prepared, system: object, factor: int, name: str, seconds: float) -> Timing:
    try:
        context = make_context(prepared, system, name, seed=1)
    except SystemBuildError as error:
        return Timing(name, 0.0, error.what)
    with openmm_faults() as faults:
        context.setPositions(np.tile(prepared.positions, (factor, 1)))
        context.setVelocitiesToTemperature(prepared.temperature, 1)
        integrator = context.getIntegrator()
        integrator.step(50)
        context.getState(positions=True)
        steps, begin = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - begin) < seconds:
            integrator.step(100)
            context.getState(positions=True)
            steps += 100
        return Timing(name, factor * steps / elapsed)
    return Timing(name, 0.0, faults[0])


def choose_platform(prepared: Prepared, wanted: str, copies: int) -> str:
    """The platform that was asked for, or the fastest one if that is ``auto``.

    Raises
    ------
    SystemBuildError
        If the platform is not there.
    """
    if wanted == "auto":
        return time_platforms(prepared, copies)[0].platform
    if wanted not in platform_names():
        there = ", ".join(platform_names())
        raise SystemBuildError(
            "config.yaml", f"engine.platform: {wanted!r}: not on this machine; there are: {there}"
        )
    return wanted


def make_engine(
    prepared: Prepared,
    slots: int,
    platform: str,
    seed: int,
    label: Label | None = None,
    max_frames: int | None = None,
) -> Engine:
    """The engine that suits a system: stacked copies where possible, else a pool of contexts."""
    kind = Stack if stacks(prepared) else Pool
    return LaneEngine(prepared, [kind(prepared, slots, platform, seed)], label, max_frames)
