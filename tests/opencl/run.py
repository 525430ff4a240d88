"""The tests marked ``opencl`` on this machine's processor: ``make opencl``.

pocl makes any CPU an OpenCL device. It is installed if it is missing and this is Debian, as root;
the package stays. Only these tests see it: it crashes the process on some systems.

python -m tests.opencl.run [FURTHER ARGUMENTS OF PYTEST]
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from tests.conftest import VENDORS

SKIPPED = 77
"""Exit code where there is no OpenCL device and none can be installed."""

PACKAGES = ("pocl-opencl-icd", "ocl-icd-libopencl1")

LIBRARY = "libpocl.so.2"

FOLDERS = ("/usr/lib/*-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib")

DEVICE = """
import openmm
system = openmm.System()
system.addParticle(1)
platform = openmm.Platform.getPlatformByName("OpenCL")
context = openmm.Context(system, openmm.VerletIntegrator(0.001), platform)
context.setPositions([[0, 0, 0]])
context.getIntegrator().step(1)
print(platform.getPropertyValue(context, "DeviceName"))
"""
"""What a child process runs: it may crash."""


def skip(reason: str) -> NoReturn:
    """End with the exit code that means: not run here."""
    print(f"test-opencl: skipped: {reason}", flush=True)
    sys.exit(SKIPPED)


def library() -> str | None:
    """The library of pocl, whether or not it is registered as a vendor of OpenCL."""
    found = [file for folder in FOLDERS for file in Path("/").glob(f"{folder[1:]}/{LIBRARY}")]
    return str(found[0]) if found else None


def install() -> None:
    """Install pocl from Debian's packages, or skip."""
    if os.geteuid() != 0:
        skip("pocl is missing, and installing it takes root")
    if not Path("/etc/debian_version").is_file() or shutil.which("apt-get") is None:
        skip("pocl is missing, and this is not Debian")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "--yes", "--quiet=2", "--no-install-recommends", *PACKAGES]
    # The lists of packages may be missing or old.
    for one in (command, ["apt-get", "update", "--quiet=2"], command):
        done = subprocess.run(one, env=quiet, capture_output=True, text=True, check=False)
        if one is command and done.returncode == 0:
            return
    told = done.stderr.strip().splitlines() or ["no reason given"]
    skip(f"apt-get cannot install {' '.join(PACKAGES)}: {told[-1]}")


def device(environment: dict[str, str]) -> str:
    """Name of the device that OpenMM uses, or skip."""
    done = subprocess.run(
        [sys.executable, "-c", DEVICE], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode == 0:
        return done.stdout.strip().splitlines()[-1]
    told = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
    skip(f"OpenMM cannot use {LIBRARY}: {told[-1]}")


def main() -> None:
    """Find or install pocl, and run the tests on it."""
    if library() is None:
        install()
    found = library()
    if found is None:
        skip(f"{' '.join(PACKAGES)} are installed, but there is no {LIBRARY}")
    with tempfile.TemporaryDirectory(prefix="mechanist-opencl-") as name:
        vendors, cache = Path(name) / "vendors", Path(name) / "cache"
        vendors.mkdir()
        (vendors / "pocl.icd").write_text(f"{found}\n", encoding="utf-8")
        # All processes share the kernels that one of them has compiled.
        environment = os.environ | {VENDORS: str(vendors), "POCL_CACHE_DIR": str(cache)}
        print(f"test-opencl: device {device(environment)}", flush=True)
        files = sorted(str(file) for file in Path("tests").rglob("test_opencl.py"))
        command = [sys.executable, "-m", "pytest", "-m", "opencl", *files, *sys.argv[1:]]
        sys.exit(subprocess.run(command, env=environment, check=False).returncode)


if __name__ == "__main__":
    main()
