"""The text of ``mechanist doctor``: platforms, hardware, optional parts and versions."""

import os

from mechanist.engine.hardware import GPU_PLATFORMS, gpu_device, gpus, processor
from mechanist.engine.timing import Timing
from mechanist.formula.search.julia import INSTALL, look
from mechanist.report.machine import versions
from mechanist.systems.forces.platforms import platform_names

SHOWN = ("mechanist", "snakemake", "openmm", "torch", "numpy", "mdtraj", "pyoperon", "pysr")


def machine_text(system: str, timings: list[Timing]) -> str:
    """Platforms with their speed on ``system``, fastest first, hardware, PySR and versions."""
    lines = [f"OpenMM platforms and layouts, timed on {system}:"]
    lines += [_timing(timing, i == 0) for i, timing in enumerate(timings)]
    lines += ["", f"Processor: {processor()}, {os.cpu_count()} cores", gpu(timings), pysr()]
    known = versions()
    lines += ["", f"Versions: Python {known['python']}"]
    lines += [f"  {name:12} {known.get(name, 'not installed')}" for name in SHOWN]
    return "\n".join(lines)


def _timing(timing: Timing, fastest: bool) -> str:
    if timing.fault:
        return f"  {timing.plan!s:42} not usable: {timing.fault}"
    mark = "   <- used by auto" if fastest else ""
    return f"  {timing.plan!s:42} {timing.steps_per_second:14,.0f} MD steps/s{mark}"


def gpu(timings: list[Timing]) -> str:
    """Which GPU there is, and if it is not used, why."""
    names = gpus()
    if not names and not gpu_device():
        return "GPU: none found"
    shown = f"GPU: {'; '.join(names) or 'a device without nvidia-smi'}"
    there = [name for name in GPU_PLATFORMS if name in platform_names()]
    if not there:
        return (
            f"{shown}\n  not used: OpenMM has no platform for it; install it with"
            " 'make run GPU=cuda13' (or cuda12, hip6, hip7)"
        )
    own = [timing for timing in timings if timing.plan.platform in there]
    faults = {timing.fault for timing in own if timing.fault}
    if faults and all(timing.fault for timing in own):
        return f"{shown}\n  not used: {'; '.join(sorted(faults))}"
    if timings[0].plan.platform not in there:
        return f"{shown}\n  not used: {timings[0].plan.platform} is faster for this system"
    return shown


def pysr() -> str:
    """Whether formula.backend: auto will use PySR, in one line."""
    state = look()
    then = "formula.backend: auto uses it" if state.ready else f"{INSTALL} sets it up"
    return f"PySR (optional): {state.line}; {then}"
