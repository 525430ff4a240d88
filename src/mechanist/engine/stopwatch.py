"""The stopwatch: speed of each platform and layout on the actual system."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from mechanist.engine.apart import time_apart
from mechanist.engine.contexts import make_context, openmm_faults, read_positions
from mechanist.engine.hardware import GPU_PLATFORMS
from mechanist.engine.plan import GPU_LANES, POOL, STACK_CHAINS, Plan, default_plan
from mechanist.engine.stacked import stacked
from mechanist.engine.timing import Timing
from mechanist.errors import SystemBuildError
from mechanist.systems.forces.platforms import platform_names
from mechanist.systems.prepared import Prepared
from mechanist.systems.replicate import LAYOUTS, why_not

BUDGET = 10.0
"""Seconds in total."""

GAIN = 1.15
"""Factor in speed that justifies more copies."""

PATIENCE = 2.0
"""Strides that take longer than this multiple of the time to measure are cut to one step."""

REPEATABLE = "Reference"
"""Platform whose plan depends on the system alone, so that runs agree between machines."""

COPIES = (256, 1024, 4096, 16_384)


def time_plans(prepared: Prepared, seconds: float = 0.2, budget: float = BUDGET) -> list[Timing]:
    """Time every suitable platform and layout, fastest first.

    Parameters
    ----------
    prepared
        What to move.
    seconds
        For each plan, after a warm-up.
    budget
        Seconds after which no further number of copies is tried; each platform is tried once.
    """
    end = time.monotonic() + budget
    timings: list[Timing] = []
    for platform in suitable_platforms(prepared.system):
        left = max(0.0, end - time.monotonic())
        # A driver may end the process, so GPUs are tried in another one.
        measure = time_apart if platform in GPU_PLATFORMS else time_platform
        timings += measure(prepared, platform, seconds, left)
    return fastest_first(timings)


def fastest_first(timings: Iterable[Timing]) -> list[Timing]:
    """One timing of each plan, in the order of speed."""
    unique = {timing.plan: timing for timing in timings}
    return sorted(unique.values(), key=lambda timing: -timing.steps_per_second)


def time_platform(prepared: Prepared, platform: str, seconds: float, budget: float) -> list[Timing]:
    """Timings of the plans of one platform, in this process; see `time_plans`."""
    end = time.monotonic() + budget
    timings: list[Timing] = []
    if platform != REPEATABLE:
        timings += _stacks(prepared, platform, seconds, end)
    return [*timings, time_plan(prepared, default_plan(prepared, platform), seconds)]


def suitable_platforms(system: Any) -> list[str]:
    """Names of the platforms worth timing on a system.

    With Ewald sums Reference is excluded: it is slow, and its PME writes outside its grid at a NaN
    coordinate, so that an exploding shot may crash the process.
    """
    names = platform_names()
    if uses_ewald(system) and len(names) > 1:
        names.remove(REPEATABLE)
    return names


def uses_ewald(system: Any) -> bool:
    """Whether a force of the System has a reciprocal-space sum."""
    import openmm

    kinds = (openmm.NonbondedForce.Ewald, openmm.NonbondedForce.PME, openmm.NonbondedForce.LJPME)
    for force in system.getForces():
        if isinstance(force, openmm.NonbondedForce) and force.getNonbondedMethod() in kinds:
            return True
        if isinstance(force, openmm.AmoebaMultipoleForce):
            return True
    return False


def _stacks(prepared: Prepared, platform: str, seconds: float, end: float) -> Iterator[Timing]:
    """Timings of growing numbers of copies in each layout, as long as more are faster."""
    on_gpu = platform in GPU_PLATFORMS
    for layout in LAYOUTS:
        if why_not(prepared.system, layout) is not None:
            continue
        best = 0.0
        for copies in COPIES if on_gpu else (STACK_CHAINS,):
            timing = time_plan(
                prepared, Plan(platform, layout, copies, GPU_LANES if on_gpu else 1), seconds
            )
            yield timing
            if timing.steps_per_second < GAIN * best or time.monotonic() > end:
                break
            best = timing.steps_per_second


def time_plan(prepared: Prepared, plan: Plan, seconds: float) -> Timing:
    """Time one plan as shooting uses it: strides, each followed by reading the positions.

    A pool, which advances its contexts one after the other, is timed with a single one.
    """
    try:
        context, copies = _context(prepared, plan)
    except SystemBuildError as error:
        return Timing(plan, 0.0, error.what)
    out = np.empty((copies * prepared.atoms, 3))
    with openmm_faults() as faults:
        context.setVelocitiesToTemperature(prepared.temperature, 1)
        integrator = context.getIntegrator()
        stride = _warm_up(context, prepared.stride, seconds, out)
        strides, begin = 0, time.perf_counter()
        while (elapsed := time.perf_counter() - begin) < seconds:
            integrator.step(stride)
            read_positions(context, out)
            strides += 1
        return Timing(plan, copies * strides * stride / elapsed)
    return Timing(plan, 0.0, faults[0])


def _warm_up(context: Any, stride: int, seconds: float, out: Any) -> int:
    """Steps between two frames: ``stride``, or 1 where a stride takes too long."""
    integrator = context.getIntegrator()
    # The first step compiles, on GPUs.
    for _ in range(2):
        begin = time.perf_counter()
        integrator.step(1)
        read_positions(context, out)
        step = time.perf_counter() - begin
    if step * stride > PATIENCE * seconds:
        return 1
    integrator.step(5 * stride)
    read_positions(context, out)
    return stride


def _context(prepared: Prepared, plan: Plan) -> tuple[Any, int]:
    """A context of a plan with its copies at the starting structure, and their number."""
    copies = 1 if plan.layout == POOL else plan.copies // plan.lanes
    system, origins = prepared.system, np.zeros((1, 3))
    if plan.layout != POOL:
        stack = stacked(prepared, copies, plan.layout)
        system, origins = stack.system, stack.origins
    context = make_context(prepared, system, plan.platform, seed=1)
    context.setPositions((prepared.positions + origins[:, None]).reshape(-1, 3))
    context.computeVirtualSites()
    return context, copies
