"""The plan for a system: what the settings say, and the fastest one for the rest."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np

from mechanist.bookkeeping.files import read_json, write_json
from mechanist.bookkeeping.journal import Clock
from mechanist.engine.batched import BATCHED, Batched, refusal_of_batches
from mechanist.engine.contexts import SEED_LIMIT
from mechanist.engine.engine import LaneEngine, Mover
from mechanist.engine.hardware import GPU_PLATFORMS, gpus, processor
from mechanist.engine.plan import POOL, Plan, default_plan, open_slots
from mechanist.engine.pool import Pool
from mechanist.engine.protocol import Engine, Label
from mechanist.engine.stacked import Stack, refusal
from mechanist.engine.stopwatch import fastest_first, time_plans
from mechanist.engine.timing import Timing
from mechanist.errors import DataError, SystemBuildError
from mechanist.settings.run import EngineSettings
from mechanist.systems.forces.platforms import platform_names
from mechanist.systems.prepared import Prepared


def choose_plan(
    prepared: Prepared, settings: EngineSettings, log: Callable[[str], None] | None = None
) -> Plan:
    """The plan of the settings; what they leave open is timed once on each machine.

    Raises
    ------
    SystemBuildError
        If a platform is missing, or the system cannot use a layout.
    """
    wanted = settings.platform
    if wanted != "auto" and wanted not in platform_names():
        there = ", ".join(platform_names())
        raise SystemBuildError(
            "config.yaml", f"engine.platform: {wanted!r}: not available here; available: {there}"
        )
    if wanted != "auto" and (wanted not in GPU_PLATFORMS or settings.copies != "auto"):
        plan = default_plan(prepared, wanted)
    else:
        timings = cached_timings(prepared, log)
        if wanted != "auto":
            timings = [timing for timing in timings if timing.plan.platform == wanted]
        plan = _fastest(timings)
    return _by_hand(prepared, plan, settings)


def _fastest(timings: Sequence[Timing]) -> Plan:
    """The fastest plan that works.

    Raises
    ------
    SystemBuildError
        If none does, with the reason of each.
    """
    usable = [timing.plan for timing in timings if not timing.fault]
    if not usable:
        reasons = "; ".join(f"{timing.plan}: {timing.fault}" for timing in timings)
        raise SystemBuildError("engine", f"no platform and layout moves the system: {reasons}")
    return usable[0]


def _by_hand(prepared: Prepared, plan: Plan, settings: EngineSettings) -> Plan:
    """The plan with what the settings name."""
    if settings.layout != "auto":
        fault = _refusal(prepared, settings.layout)
        if fault is not None:
            raise SystemBuildError("config.yaml", f"engine.layout: {settings.layout!r}: {fault}")
        plan = replace(plan, layout=settings.layout)
    if settings.copies != "auto":
        plan = replace(plan, copies=settings.copies)
    if prepared.law is not None and settings.lanes not in ("auto", 1):
        # Lanes move in threads, and programs behind force laws are not safe in several.
        raise SystemBuildError(
            "config.yaml",
            f"engine.lanes: {settings.lanes}: a force law has one lane; use more workers",
        )
    if prepared.boxed and settings.lanes not in ("auto", 1):
        # The random numbers of volume moves are those of one lane.
        raise SystemBuildError(
            "config.yaml",
            f"engine.lanes: {settings.lanes}: npt: paths has one lane; use more workers",
        )
    if settings.lanes != "auto":
        plan = replace(plan, lanes=settings.lanes)
    return plan


def _refusal(prepared: Prepared, layout: str) -> str | None:
    """Why a system cannot be moved in a layout, or None."""
    if layout == BATCHED:
        return refusal_of_batches(prepared)
    if layout != POOL and prepared.boxed:
        return "its box changes within paths (npt: paths), and all copies would share one"
    return None if layout == POOL else refusal(prepared.system, layout)


def cached_timings(
    prepared: Prepared, log: Callable[[str], None] | None = None
) -> Sequence[Timing]:
    """Timings of this system on this machine, fastest first; measured once, then cached."""
    file = timings_file(prepared)
    timings = fastest_first(_kept_timings(file))
    if not timings:
        if log is not None:
            log("timing platforms on this system (once per machine)")
        timings = time_plans(prepared)
        for timing in timings:
            if timing.fault and log is not None:
                log(f"{timing.plan} is not used: {timing.fault}")
        # A device that fails now may work next time.
        if all(timing.fault for timing in timings):
            return timings
        # If they cannot be cached, they are measured again next time.
        with suppress(OSError):
            write_json(file, [asdict(timing) for timing in timings], record=False)
    return timings


def _kept_timings(file: Path) -> list[Timing]:
    """Cached timings; none if the file is missing or damaged."""
    try:
        return [
            Timing(Plan(**row["plan"]), float(row["steps_per_second"]), row["fault"])
            for row in read_json(file)
        ]
    except (DataError, KeyError, TypeError, ValueError):
        return []


def timings_file(prepared: Prepared) -> Path:
    """Cache file of timings: one for each system, machine and OpenMM version."""
    import openmm
    import platformdirs

    identity = {
        "system": openmm.XmlSerializer.serialize(prepared.system),
        "dynamics": [prepared.temperature, prepared.friction, prepared.timestep, prepared.stride],
        "hardware": [f"{processor()}, {os.cpu_count()} cores", *gpus()],
        "platforms": platform_names(),
        "openmm": openmm.__version__,
        # Timings from before layouts were verified are not used.
        "verified": True,
    }
    if prepared.boxed:
        identity["boxed"] = True
    digest = hashlib.sha256(json.dumps(identity).encode()).hexdigest()[:24]
    return Path(platformdirs.user_cache_dir("mechanist")) / "timings" / f"{digest}.json"


def make_engine(
    prepared: Prepared,
    slots: int,
    plan: Plan,
    seed: int,
    label: Label | None = None,
    max_frames: int | None = None,
    clock: Clock | None = None,
    frames: bool = True,
    scratch: Path | None = None,
    every: int = 1,
) -> Engine:
    """An engine with so many slots, or as many as may be open, over the lanes of a plan.

    Other parameters as of `LaneEngine`.
    """
    slots = open_slots(plan, slots, prepared.atoms)
    lanes = min(plan.lanes, slots)
    sizes = [slots // lanes + (i < slots % lanes) for i in range(lanes)]
    movers = [_mover(prepared, size, plan, seed, i) for i, size in enumerate(sizes)]
    return LaneEngine(prepared, movers, label, max_frames, clock, frames, scratch, every)


def _mover(prepared: Prepared, slots: int, plan: Plan, seed: int, lane: int) -> Mover:
    if plan.layout == BATCHED:
        return Batched(prepared, slots, noise_seed(seed, lane))
    if plan.layout == POOL:
        seeds = [noise_seed(seed, lane, slot) for slot in range(slots)]
        return Pool(prepared, slots, plan.platform, seeds)
    return Stack(prepared, slots, plan.platform, plan.layout, noise_seed(seed, lane))


def noise_seed(seed: int, lane: int, slot: int = 0) -> int:
    """Seed of the noise of a slot, or of a lane whose slots share a context.

    Seeds of the first lane count up; those of further lanes are hashed, so that none of them is
    that of another slot.
    """
    if lane == 0:
        return seed + slot
    return int(np.random.SeedSequence([seed, lane, slot]).generate_state(1)[0]) % SEED_LIMIT
