"""A run that is killed at random moments ends with the same shots as an undisturbed one."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from mechanist.bookkeeping.layout import Layout
from mechanist.cli.stale_lock import is_locked
from mechanist.sampling.records.tables import SHOT_COLUMNS, read_table
from tests.workflow.conftest import Run

KILLS = 6


def test_killed_runs_end_with_the_same_shots(tmp_path_factory):
    whole = Run(tmp_path_factory.mktemp("whole"))
    begin = time.monotonic()
    whole.complete()
    duration = time.monotonic() - begin

    killed = Run(tmp_path_factory.mktemp("killed"))
    rng = np.random.default_rng(17)
    for _ in range(KILLS):
        # Start-up alone takes a few seconds, so each life gets far enough to be worth killing.
        life = 4 + rng.random() * duration / 2
        process = subprocess.Popen(
            killed.command(),
            cwd=killed.folder,
            env=killed.environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            process.wait(life)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        unlock = killed.snakemake("--unlock")
        assert unlock.returncode == 0, unlock.stderr
    killed.complete()

    one, other = (read_table(Layout(run.root).shots, SHOT_COLUMNS) for run in (whole, killed))
    for name in SHOT_COLUMNS:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    assert not list(killed.root.rglob("*.partial*"))


def test_the_same_command_goes_on_after_a_kill(run):
    program = Path(sys.executable).with_name("mechanist")
    command = [str(program), "run", "--cores", "1", "--plain", "--snakemake", "--until describe"]
    process = subprocess.Popen(
        command,
        cwd=run.folder,
        env=run.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while not is_locked(run.folder):
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert is_locked(run.folder)
    again = subprocess.run(
        command, cwd=run.folder, env=run.environment, capture_output=True, text=True, check=False
    )
    assert again.returncode == 0, again.stderr
    assert "the last run was killed" in again.stderr
    assert Layout(run.root).inputs.is_file()
    assert not is_locked(run.folder)
