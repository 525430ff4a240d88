"""Stage ``doctor``: what this machine has, and how fast it is."""

import os
import platform
import shutil
import subprocess
import tempfile
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from mechanist.engine.choose import Timing, auto_chains, stacks, time_platforms
from mechanist.layout import Layout
from mechanist.stages.prepare import prepare
from mechanist.systems.prepared import load

PACKAGES = ("mechanist", "snakemake", "openmm", "torch", "numpy", "mdtraj", "pyoperon", "pysr")


def doctor(system: str) -> str:
    """Text of the examination; platforms are timed on ``system``."""
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder))
        prepare(system, layout)
        prepared = load(layout)
        copies = 2 * auto_chains(prepared)
        timings = time_platforms(prepared, copies)
    layout_name = f"{copies} copies stacked" if stacks(prepared) else "one copy, one thread"
    lines = [f"OpenMM platforms, timed on {prepared.name} ({layout_name}):"]
    lines += [_timing(timing, i == 0) for i, timing in enumerate(timings)]
    lines += ["", f"Cores: {os.cpu_count()}    Machine: {platform.machine()}"]
    lines.append(f"GPU: {gpu()}")
    lines.append(f"Julia (for PySR, optional): {shutil.which('julia') or 'not found'}")
    lines += ["", "Versions: Python " + platform.python_version()]
    lines += [f"  {name:12} {_version(name)}" for name in PACKAGES]
    return "\n".join(lines)


def _timing(timing: Timing, fastest: bool) -> str:
    if timing.fault:
        return f"  {timing.platform:10} not usable: {timing.fault}"
    mark = "   <- auto takes this one" if fastest else ""
    return f"  {timing.platform:10} {timing.steps_per_second:12,.0f} MD steps/s{mark}"


def gpu() -> str:
    """Name of the NVIDIA GPU that the driver shows."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return "none seen (no nvidia-smi)"
    command = [tool, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    return answer.stdout.strip().replace("\n", "; ") or "nvidia-smi shows none"


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"
