"""What the numbers were measured on."""

import os
import platform
import shutil
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("mechanist", "openmm", "numpy", "torch", "mdtraj", "snakemake")


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor() -> str:
    """Name of the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def memory_gb() -> float:
    """Memory of the machine."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9


def gpu() -> str:
    """Names of the GPUs that a driver shows, or an empty text."""
    queries = (
        ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"],
        ["rocm-smi", "--showproductname", "--csv"],
    )
    for query in queries:
        if shutil.which(query[0]):
            done = subprocess.run(query, capture_output=True, text=True, check=False, timeout=30)
            if done.returncode == 0 and done.stdout.strip():
                return "; ".join(done.stdout.strip().splitlines())
    return ""


def versions() -> dict[str, str]:
    """Versions of Python and of the packages that matter for speed."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def describe() -> dict[str, Any]:
    """Processor, cores, memory, GPU, load before the start, versions, day."""
    return {
        "processor": processor(),
        "cores": cores(),
        "memory_gb": round(memory_gb(), 1),
        "gpu": gpu(),
        "load_before": round(os.getloadavg()[0], 2),
        "system": f"{platform.system()} {platform.machine()}",
        "versions": versions(),
        "day": time.strftime("%Y-%m-%d"),
    }
