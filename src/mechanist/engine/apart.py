"""Timings of a platform in a process of its own, since drivers of GPUs may end the process.

The parent writes the system to a file; the child, ``mechanist.engine.apart_worker``, times
the plans of one platform and writes them to a second one. Whatever ends the child is a fault of the
platform.
"""

import json
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from mechanist.engine.plan import Plan, default_plan
from mechanist.engine.timing import Timing
from mechanist.systems.prepared import Prepared

COMMAND = (sys.executable, "-m", "mechanist.engine.apart_worker")

PATIENCE = 300.0
"""Seconds after which a platform does not answer; CUDA and HIP compile for some of them."""

NUMBERS = ("temperature", "friction", "timestep", "stride", "max_half_frames")


def time_apart(prepared: Prepared, platform: str, seconds: float, budget: float) -> list[Timing]:
    """Timings of the plans of a platform, measured by a child process; a fault if it dies.

    Parameters
    ----------
    prepared
        What to move.
    platform
        Its name.
    seconds, budget
        As in `mechanist.engine.stopwatch.time_plans`.
    """
    import openmm

    content = {name: getattr(prepared, name) for name in NUMBERS}
    content |= {"system": openmm.XmlSerializer.serialize(prepared.system), "platform": platform}
    content |= {"positions": prepared.positions.tolist(), "seconds": seconds, "budget": budget}
    with tempfile.TemporaryDirectory(prefix="mechanist-") as folder:
        file = Path(folder) / "system.json"
        file.write_text(json.dumps(content), encoding="utf-8")
        fault = _run(file)
        if not fault:
            try:
                rows = json.loads(answer_of(file).read_text(encoding="utf-8"))
                return [Timing(Plan(**r["plan"]), r["steps_per_second"], r["fault"]) for r in rows]
            except (OSError, ValueError, TypeError, KeyError):
                fault = "the process that tried it gave no answer"
    return [Timing(default_plan(prepared, platform), 0.0, fault)]


def answer_of(file: Path) -> Path:
    """The file that the child writes."""
    return file.with_name("timings.json")


def _run(file: Path) -> str:
    """Run the child; what ended it, or an empty text."""
    try:
        done = subprocess.run(
            [*COMMAND, str(file)], capture_output=True, check=False, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return f"does not answer within {PATIENCE:g} s"
    if done.returncode == 0:
        return ""
    if done.returncode < 0:
        number = -done.returncode
        known = {s.value: s.name for s in signal.Signals}
        return f"crashes the process ({known.get(number, f'signal {number}')})"
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return f"ends the process: {said[-1][:200] if said else f'exit code {done.returncode}'}"
