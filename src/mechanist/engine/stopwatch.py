"""The stopwatch: which platforms and layouts move a system rightly, and how fast."""

import time
from collections.abc import Iterable, Iterator
from typing import Any

from mechanist.engine.apart import time_apart
from mechanist.engine.batched import BATCHED, Batched
from mechanist.engine.contexts import openmm_faults
from mechanist.engine.engine import Mover
from mechanist.engine.hardware import GPU_PLATFORMS
from mechanist.engine.plan import GPU_LANES, POOL, STACK_CHAINS, Plan, default_plan
from mechanist.engine.pool import Pool
from mechanist.engine.stacked import Stack, refusal
from mechanist.engine.timing import Timing
from mechanist.engine.verify import Alone, ShortRun, wrong_forces
from mechanist.errors import SamplingError, SystemBuildError
from mechanist.systems.forces.attach import has_law
from mechanist.systems.forces.platforms import platform_names
from mechanist.systems.prepared import Prepared
from mechanist.systems.replicate import LAYOUTS

BUDGET = 10.0
"""Seconds in total."""

GAIN = 1.15
"""Factor in speed that justifies more copies."""

WORTH = 1.5
"""Speed of a stack on CPUs, over that of a pool, from which it is taken: its chains are twice as
many and half as long, and which of two plans of about the same speed wins is chance, while results
depend on it."""

PATIENCE = 2.0
"""Strides that take longer than this multiple of the time to measure are cut to one step."""

WARM_UP = 5
"""Strides before the first that is timed."""

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
    """One timing of each plan, in the order of speed.

    On CPUs a stack of a molecule counts as faster than a pool only from `WORTH` times its speed.
    """
    unique = {timing.plan: timing for timing in timings}
    pools = any(plan.layout == POOL for plan in unique)

    def rank(timing: Timing) -> float:
        handicap = pools and timing.plan.layout != POOL
        handicap = handicap and timing.plan.platform not in GPU_PLATFORMS
        return -timing.steps_per_second / (WORTH if handicap else 1.0)

    return sorted(unique.values(), key=rank)


def time_platform(prepared: Prepared, platform: str, seconds: float, budget: float) -> list[Timing]:
    """Timings of the plans of one platform, in this process; see `time_plans`."""
    end = time.monotonic() + budget
    timings: list[Timing] = []
    if platform != REPEATABLE:
        timings += _stacks(prepared, platform, seconds, end)
    return [*timings, time_plan(prepared, default_plan(prepared, platform), seconds)]


def suitable_platforms(system: Any) -> list[str]:
    """Names of the platforms worth timing on a system.

    A force law of all atoms computes outside OpenMM, whose fastest platform is then the simplest.

    With Ewald sums Reference is excluded: it is slow, and its PME writes outside its grid at a NaN
    coordinate, so that an exploding shot may crash the process.
    """
    names = platform_names()
    if all(map(has_law, system.getForces())):
        return [REPEATABLE]
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
        if prepared.boxed or refusal(prepared.system, layout) is not None:
            continue
        best = 0.0
        for copies in COPIES if on_gpu else (STACK_CHAINS,):
            timing = time_plan(
                prepared, Plan(platform, layout, copies, GPU_LANES if on_gpu else 1), seconds
            )
            yield timing
            if timing.fault or timing.steps_per_second < GAIN * best or time.monotonic() > end:
                break
            best = timing.steps_per_second


def time_plan(prepared: Prepared, plan: Plan, seconds: float) -> Timing:
    """Time and verify one plan as shooting uses it: strides, each followed by reading positions.

    A plan that moves copies otherwise than one alone is moved (see `verify`) has a fault. A pool,
    which advances its contexts one after the other, is timed with a single one; with Ewald sums its
    forces are not compared, since Reference sums on another grid.
    """
    alone = None if plan.layout == POOL and uses_ewald(prepared.system) else Alone(prepared)
    with openmm_faults() as faults:
        try:
            mover = _mover(prepared, plan)
            run = ShortRun(prepared, mover)
            fault = wrong_forces(alone, mover) if alone else ""
            if not fault:
                speed = _speed(run, mover, prepared.stride, seconds)
                fault = run.fault() or (wrong_forces(alone, mover) if alone else "")
        except (SystemBuildError, SamplingError) as error:
            fault = error.what
        return Timing(plan, 0.0, fault) if fault else Timing(plan, speed)
    return Timing(plan, 0.0, faults[0])


def _speed(run: ShortRun, mover: Mover, stride: int, seconds: float) -> float:
    """MD steps per second, summed over copies, after a warm-up."""
    # The first step compiles, on GPUs.
    mover.stride = 1
    run.advance()
    if run.advance() * stride <= PATIENCE * seconds:
        mover.stride = stride
        for _ in range(WARM_UP):
            run.advance()
    strides, elapsed = 0, 0.0
    while elapsed < seconds:
        elapsed += run.advance()
        strides += 1
    return mover.slots * strides * mover.stride / elapsed


def _mover(prepared: Prepared, plan: Plan) -> Mover:
    """What moves the copies of one lane of a plan."""
    if plan.layout == BATCHED:
        return Batched(prepared, plan.copies, seed=1)
    if plan.layout == POOL:
        return Pool(prepared, 1, plan.platform, seed=1)
    return Stack(prepared, plan.copies // plan.lanes, plan.platform, plan.layout, seed=1)
