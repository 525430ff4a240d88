"""Targets of the Makefile that set Julia up, with stand-ins for all programs."""

import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

PROGRAM = """#!/bin/sh
echo "$(basename $0) $*" >> {calls}
test "$1" != doctor || exit {code}
"""


class Clone:
    """A repository that is installed, as far as make can see."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.calls = folder, folder / "calls"
        for name in ("Makefile", "pyproject.toml", "requirements.lock", "config.yaml"):
            shutil.copy(REPOSITORY / name, folder)
        (folder / ".venv" / "bin").mkdir(parents=True)
        self.programs(0)
        (folder / ".venv" / ".installed").touch()

    def programs(self, code: int) -> None:
        """Programs of which the installation of Julia ends with a status."""
        for name in ("mechanist", "python", "snakemake"):
            path = self.folder / ".venv" / "bin" / name
            path.write_text(PROGRAM.format(calls=self.calls, code=code), encoding="utf-8")
            path.chmod(0o755)

    def make(self, *arguments: str) -> tuple[int, str, int]:
        """Exit status, what is said, and how often Julia was to be installed."""
        self.calls.write_text("", encoding="utf-8")
        done = subprocess.run(
            ["make", "-C", str(self.folder), *arguments], capture_output=True, text=True
        )
        calls = self.calls.read_text(encoding="utf-8").splitlines()
        return done.returncode, done.stdout, calls.count("mechanist doctor --install-pysr")

    @property
    def ran(self) -> bool:
        """Whether the workflow was started."""
        return "snakemake --cores all" in self.calls.read_text(encoding="utf-8").splitlines()


@pytest.fixture
def clone(tmp_path):
    if shutil.which("make") is None:
        pytest.skip("make is not installed")
    return Clone(tmp_path)


def test_a_run_sets_julia_up_once(clone):
    assert clone.make("run")[2] == 1
    assert clone.ran
    assert clone.make("run")[2] == 0
    assert clone.ran


def test_a_failure_is_said_with_what_to_do_and_not_repeated(clone):
    clone.programs(2)
    _, said, calls = clone.make("run")
    assert calls == 1
    assert sum("searches with Operon; to try again: make pysr" in s for s in said.splitlines()) == 1
    assert clone.ran
    _, said, calls = clone.make("run")
    assert calls == 0
    assert "make pysr" not in said
    # By hand it is tried again, and a failure is one.
    status, _, calls = clone.make("pysr")
    assert (status != 0, calls) == (True, 1)
    clone.programs(0)
    assert clone.make("pysr")[::2] == (0, 1)


def test_other_requirements_are_set_up_anew(clone):
    clone.make("run")
    later = time.time() + 60
    stamp = clone.folder / ".venv" / ".installed"
    os.utime(stamp, (later, later))
    assert clone.make("run")[2] == 1


def test_julia_may_be_left_out(clone):
    assert clone.make("run", "PYSR=no")[2] == 0
    assert clone.ran


@pytest.mark.parametrize("target", ["test", "lint", "formulas", "truth"])
def test_tests_do_not_set_julia_up(target, clone):
    assert clone.make("-n", target)[0] == 0
    assert "install-pysr" not in clone.make("-n", target)[1]


def test_an_installation_is_found_in_any_locale(clone):
    """Python reads .pth files in the encoding of the locale, and a path may be of another one."""
    packages = clone.folder / ".venv" / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    (clone.folder / "src").mkdir()
    entry = packages / "__editable__.mechanist_tps-0.1.0.pth"
    entry.write_text("/an ü/src\n", encoding="utf-8")
    (clone.folder / ".venv" / ".installed").unlink()
    clone.make("run", "PYTHON=true")
    assert clone.ran
    assert entry.read_bytes() == b"../../../../src\n"
    assert (packages / entry.read_text(encoding="ascii").strip()).resolve() == clone.folder / "src"
