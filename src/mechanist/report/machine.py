"""What a run was made on and with: hardware, and versions of packages."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from mechanist import __version__
from mechanist.engine.hardware import gpus, processor

PACKAGES = (
    *("openmm", "mdtraj", "numpy", "scipy", "torch", "pyoperon", "pysr"),
    "snakemake",
)


def versions() -> dict[str, str]:
    """Versions of Python, of this package and of those of `PACKAGES` that are installed."""
    result = {"python": platform.python_version(), "mechanist": __version__}
    for package in PACKAGES:
        try:
            result[package] = version(package)
        except PackageNotFoundError:
            continue
    return result


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def hardware() -> dict[str, Any]:
    """Name of the processor, usable cores, name of the first GPU or None."""
    names = [line.partition(",")[0] for line in gpus()]
    return {"cpu": processor(), "cores": cores(), "gpu": names[0] if names else None}
