"""OpenPathSampling, in an environment of its own because it wants an older numpy."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from benchmarks.speed.child import REPOSITORY, measure
from benchmarks.speed.ground import Ground
from benchmarks.speed.speed import Speed

VARIABLE = "OPS_PYTHON"
"""Names the interpreter that has OpenPathSampling, if it is not in .venv-ops."""

STORED = "OpenPathSampling, stored"
VARIANTS: dict[str, dict[str, bool]] = {
    STORED: {"store": True, "mdtraj_torsions": False},
    "OpenPathSampling, not stored": {"store": False, "mdtraj_torsions": False},
    "OpenPathSampling, stored, torsions by mdtraj": {"store": True, "mdtraj_torsions": True},
}


def interpreter() -> tuple[str | None, str]:
    """The interpreter that has OpenPathSampling, or None and why there is none."""
    python = os.environ.get(VARIABLE, str(REPOSITORY / ".venv-ops" / "bin" / "python"))
    if not Path(python).is_file():
        return None, f"there is no {python}; make .venv-ops/.installed, or set {VARIABLE}"
    code = "from importlib.metadata import version as v; import six, openpathsampling as p;"
    code += "import openpathsampling.engines.openmm; print(v('openpathsampling'), v('openmm'))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it ended without a word"]
        return None, f"{python} cannot import it: {lines[-1]}"
    ops, openmm = done.stdout.split()[-2:]
    return python, f"OpenPathSampling {ops} with OpenMM {openmm}"


def variant(
    python: str, ground: Ground, seconds: float, scratch: Path, options: dict[str, bool]
) -> Callable[[int], Speed]:
    """A measurement of OpenPathSampling for a plan."""
    job = {"folder": str(ground.folder), "seconds": seconds, "scratch": str(scratch)} | options
    return lambda seed: measure("ops_job", job | {"seed": seed}, python)
