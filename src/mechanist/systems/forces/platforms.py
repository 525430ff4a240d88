"""OpenMM platforms, and one thread for each context on CPUs."""

import os
from pathlib import Path

GPU_PLATFORMS = ("CUDA", "HIP", "OpenCL")

VARIABLE = "OPENMM_CPU_THREADS"


def platform_names() -> list[str]:
    """Names of the OpenMM platforms that loaded on this machine."""
    import openmm

    count = openmm.Platform.getNumPlatforms()
    return [openmm.Platform.getPlatform(i).getName() for i in range(count)]


def gpu_device() -> bool:
    """Whether the kernel shows a GPU for computing; quick, since no driver is asked."""
    return Path("/dev/nvidia0").exists() or Path("/dev/kfd").exists()


def cpu_properties(platform: str) -> dict[str, str]:
    """Properties that keep a context on one thread; ``platform`` is a name.

    The property does not reach the reciprocal sums of PME: without the environment variable they
    use one thread for every core in every process. Jobs side by side would slow each other down,
    and sums in varying order would make runs with the same seed differ.
    """
    if platform != "CPU":
        return {}
    os.environ.setdefault(VARIABLE, "1")
    return {"Threads": "1"}
