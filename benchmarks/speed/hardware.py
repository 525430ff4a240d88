"""What the numbers were measured on."""

import os
import platform
import shutil
import subprocess
import time
from typing import Any

from mechanist.engine.hardware import processor
from mechanist.report.machine import cores, versions


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
