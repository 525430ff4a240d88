"""One of several GPUs for each job of a machine.

OpenMM numbers the devices of a platform from 0 and takes the first one if it is told nothing, so
that all jobs of a machine would share it. A job takes the device that the fewest other jobs use: it
locks a file, which the kernel unlocks when the process ends, however it ends. Which devices there
are is what OpenMM accepts, so that CUDA_VISIBLE_DEVICES and the like hold.
"""

import fcntl
import itertools
import os
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TextIO

from mechanist.engine.hardware import GPU_PLATFORMS

INDEX = "DeviceIndex"
"""Property of OpenMM's platforms for GPUs."""

VISIBLE = {"CUDA": "CUDA_VISIBLE_DEVICES", "HIP": "HIP_VISIBLE_DEVICES"}
"""Variables that say which devices a process sees, and in which order."""

SHARES = 64
"""Jobs on one device, at most, that are told apart."""

_held: list[TextIO] = []


def device_properties(platform: str) -> dict[str, str]:
    """Properties for a context that has it on the device of this job; empty where there is one."""
    if platform not in GPU_PLATFORMS:
        return {}
    device = _device(platform)
    return {} if device is None else {INDEX: str(device)}


@cache
def _device(platform: str) -> int | None:
    """The device of this process; None where there is only one."""
    count = device_count(platform)
    return take_device(platform, count) if count > 1 else None


def device_count(platform: str) -> int:
    """Devices that OpenMM accepts for a platform; 1 if it accepts no other than the first."""
    import openmm

    system = openmm.System()
    system.addParticle(1.0)
    chosen = openmm.Platform.getPlatformByName(platform)
    for index in itertools.count(1):
        try:
            openmm.Context(system, openmm.VerletIntegrator(0.001), chosen, {INDEX: str(index)})
        except openmm.OpenMMException:
            return index
    raise AssertionError


def take_device(platform: str, count: int, folder: Path | None = None) -> int:
    """Number of the device that the fewest other jobs use, locked until this process ends.

    Parameters
    ----------
    platform, count
        Of the devices.
    folder
        Of the locks; one for each user of the machine if None.
    """
    folder = folder or Path(tempfile.gettempdir()) / f"mechanist-devices-{os.getuid()}"
    with suppress(OSError):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for share in range(SHARES):
            for index in range(count):
                handle = _lock(folder / f"{platform}_{_name(platform, index)}_{share}")
                if handle is not None:
                    _held.append(handle)
                    return index
    # No locks on this file system: spread by chance.
    return os.getpid() % count


def _name(platform: str, index: int) -> str:
    """What a device is called by all processes, whichever of them each can see."""
    visible = os.environ.get(VISIBLE.get(platform, ""), "")
    names = [name.strip() for name in visible.split(",") if name.strip()]
    name = names[index] if index < len(names) else str(index)
    return "".join(letter if letter.isalnum() else "-" for letter in name)


def _lock(file: Path) -> TextIO | None:
    """An open, locked file; None if another process has locked it."""
    handle = file.open("w", encoding="utf-8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return handle
