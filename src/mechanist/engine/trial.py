"""A few MD steps of a system, as in shooting, to test whether it is stable."""

import time
from dataclasses import dataclass
from typing import Any

import numpy as np

from mechanist.arrays import Array
from mechanist.engine.contexts import (
    CONSTRAINT_TOLERANCE,
    make_context,
    openmm_faults,
    read_positions,
    set_positions,
)
from mechanist.engine.engine import farthest
from mechanist.engine.hardware import GPU_PLATFORMS
from mechanist.settings.system import GAS_CONSTANT
from mechanist.systems.prepared import Prepared

CONTEXTS = 5
"""Contexts that are created to measure the memory of one."""


@dataclass(frozen=True)
class Trial:
    """Result of a few MD steps.

    Parameters
    ----------
    frames
        (F, N, 3) in nm, one per stride, the first before any step.
    temperature
        In K, at the end; NaN after a fault.
    seconds
        Average time of a step.
    context_bytes
        Main memory of a context, see `context_memory`.
    freedom
        Unconstrained degrees of freedom, of which the temperature is the mean.
    fault
        What went wrong; empty if nothing did.
    """

    frames: Array
    temperature: float
    seconds: float
    context_bytes: int
    freedom: int
    fault: str = ""


def try_steps(prepared: Prepared, platform: str, steps: int, seed: int) -> Trial:
    """Run ``steps`` MD steps in one context from the prepared structure.

    Velocities are drawn at the temperature. It is a fault if OpenMM raises, a coordinate is not
    finite, or an atom moves further in a stride than the engine allows.
    """
    taken = context_memory(prepared, platform)
    context = make_context(prepared, prepared.system, platform, seed)
    integrator = context.getIntegrator()
    frames = [prepared.positions]
    temperature, elapsed, done = float("nan"), 0.0, 0
    with openmm_faults() as faults:
        set_positions(context, prepared.positions)
        context.computeVirtualSites()
        context.setVelocitiesToTemperature(prepared.temperature, seed)
        context.applyVelocityConstraints(CONSTRAINT_TOLERANCE)
        integrator.step(1)
        begin = time.perf_counter()
        while done < steps:
            count = min(prepared.stride, steps - done)
            integrator.step(count)
            done += count
            now = np.empty_like(prepared.positions)
            read_positions(context, now)
            frames.append(now)
        elapsed = time.perf_counter() - begin
        temperature = _temperature(context, prepared)
    fault = faults[0] if faults else _explosion(np.array(frames), prepared)
    speed = elapsed / max(done, 1)
    return Trial(np.array(frames), temperature, speed, taken, degrees_of_freedom(prepared), fault)


def _explosion(frames: Array, prepared: Prepared) -> str:
    """Message if the engine would call this half-shot exploded, else empty."""
    if not np.isfinite(frames).all():
        return "a coordinate is not finite"
    moved = np.abs(np.diff(frames, axis=0)).max(axis=(1, 2))
    limit = farthest(prepared)
    if (moved < limit).all():
        return ""
    first = int(np.argmax(moved >= limit))
    atom = int(np.abs(frames[first + 1] - frames[first]).max(axis=1).argmax())
    return f"atom {atom} moved by {moved[first]:.2f} nm in {prepared.stride} steps"


def degrees_of_freedom(prepared: Prepared) -> int:
    """Three a moving atom, less one a constraint."""
    return 3 * int((prepared.masses > 0).sum()) - int(prepared.system.getNumConstraints())


def _temperature(context: Any, prepared: Prepared) -> float:
    """Kinetic temperature in K over the unconstrained degrees of freedom."""
    from openmm import unit

    state = context.getState(energy=True)
    kinetic = state.getKineticEnergy().value_in_unit(unit.kilojoule_per_mole)
    return float(2 * kinetic / (degrees_of_freedom(prepared) * GAS_CONSTANT))


def context_memory(prepared: Prepared, platform: str) -> int:
    """Bytes of main memory of a context, averaged over several; 0 on GPUs.

    The first may reuse memory that the process already holds, so it is not counted.
    """
    import psutil

    if platform in GPU_PLATFORMS:
        return 0
    contexts, sizes = [], []
    for _ in range(CONTEXTS):
        context = make_context(prepared, prepared.system, platform, 1)
        set_positions(context, prepared.positions)
        context.getState(forces=True)
        contexts.append(context)
        sizes.append(int(psutil.Process().memory_info().rss))
    return max(0, (sizes[-1] - sizes[0]) // (CONTEXTS - 1))
