"""The lock of a killed run is released by the next one, that of a living run is not."""

import subprocess
import sys

import pytest

from mechanist.cli.stale_lock import LOCKS, OWNER, holders, is_stale, own

SLEEP = "import time; print(flush=True); time.sleep(600)"


@pytest.fixture
def locked(tmp_path):
    (tmp_path / LOCKS).mkdir(parents=True)
    (tmp_path / LOCKS / "0.output.lock").write_text("results/x\n", encoding="utf-8")
    own(tmp_path)
    return tmp_path


def test_a_lock_without_its_run_is_stale(locked):
    assert is_stale(locked)
    assert holders(locked) == []
    (locked / LOCKS / "0.output.lock").unlink()
    assert not is_stale(locked)


def test_a_lock_of_another_machine_or_of_nobody_known_is_left(locked):
    (locked / OWNER).write_text("elsewhere", encoding="utf-8")
    assert not is_stale(locked)
    (locked / OWNER).unlink()
    assert not is_stale(locked)


@pytest.mark.parametrize("program", ["snakemake", "mechanist"])
def test_a_lock_of_a_living_run_is_left(locked, program):
    process = subprocess.Popen(
        [sys.executable, "-c", SLEEP, f"/bin/{program}", "shoot"],
        cwd=locked,
        stdout=subprocess.PIPE,
    )
    process.stdout.readline()
    try:
        assert not is_stale(locked)
        assert holders(locked) == [f"{process.pid} ({program} shoot)"]
    finally:
        process.kill()
        process.communicate()
    assert is_stale(locked)
