"""Processor, GPUs and memory of this machine."""

import platform
import shutil
import subprocess
from pathlib import Path

from mechanist.systems.forces.platforms import GPU_PLATFORMS as GPU_PLATFORMS
from mechanist.systems.forces.platforms import gpu_device as gpu_device


def processor() -> str:
    """Name of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.processor() or platform.machine()


def gpus() -> list[str]:
    """Name and driver version of each NVIDIA GPU, separated by a comma."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return []
    command = [tool, "--query-gpu=name,driver_version", "--format=csv,noheader"]
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line.strip() for line in answer.stdout.splitlines() if line.strip() and "," in line]


def free_memory() -> int:
    """Bytes that this process can still allocate without swapping, within its container's limit."""
    import psutil

    free = int(psutil.virtual_memory().available)
    limit, used = Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory.current")
    if limit.is_file() and used.is_file() and limit.read_text(encoding="utf-8").strip().isdigit():
        free = min(
            free, int(limit.read_text(encoding="utf-8")) - int(used.read_text(encoding="utf-8"))
        )
    return free
