"""One thread for each OpenMM context on CPUs."""

import os

VARIABLE = "OPENMM_CPU_THREADS"


def cpu_properties(platform: str) -> dict[str, str]:
    """Properties of a context that keep it on one thread, for a platform by name.

    The property does not reach the reciprocal sums of PME: those take a thread for every core of
    the machine in every process, unless the variable of the environment says otherwise. Many jobs
    side by side would get into each other's way, and sums in changing order would end the same run
    differently.
    """
    if platform != "CPU":
        return {}
    os.environ.setdefault(VARIABLE, "1")
    return {"Threads": "1"}
