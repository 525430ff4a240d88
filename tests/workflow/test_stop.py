"""Jobs that are told to stop, or killed: real processes, gone on with by the same command."""

import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from mechanist.bookkeeping.journal import Journal
from mechanist.bookkeeping.layout import Layout
from mechanist.cli.job import STOPPED
from mechanist.sampling.records.tables import SHOT_COLUMNS, read_table
from mechanist.settings.config import Config
from mechanist.settings.load import validate
from mechanist.stages.initial import initial
from tests.conftest import build
from tests.workflow.conftest import Run

# Long enough to be met half-way; a pool of contexts, and copies in one System.
SYSTEMS = {
    "alanine_dipeptide": {
        "initial": {"heating": [3.0], "paths": 4},
        "sampling": {"workers": 1, "chains": 4, "first_round": 600, "burn_in": 0},
    },
    "double_well": {
        "sampling": {"workers": 1, "chains": 16, "first_round": 12_000, "burn_in": 0},
    },
}

AWHILE = 0.4
"""Seconds that a job shoots before it is stopped: it needs several, on a busy machine many more."""

OFTEN = """
import sys
from mechanist.sampling.records import checkpoint
checkpoint.EVERY, checkpoint.SHARE = 0.2, 0.5
from mechanist.cli.main import main
main()
"""


def settings(system: str) -> dict:
    return {"system": system, "seed": 7, "engine": {"platform": "Reference"}, **SYSTEMS[system]}


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """By system: a round that nothing has disturbed, what it began with, and its MD steps."""
    made = {}

    def get(system: str) -> tuple[str, Layout, Path, int]:
        if system not in made:
            made[system] = undisturbed_run(system, tmp_path_factory)
        return made[system]

    return get


@pytest.fixture(params=list(SYSTEMS))
def whole(request, runs):
    return runs(request.param)


@pytest.fixture
def whole_pool(runs):
    return runs("alanine_dipeptide")


def undisturbed_run(system: str, tmp_path_factory) -> tuple[str, Layout, Path, int]:
    layout = build(system, tmp_path_factory.mktemp("whole"))
    initial(validate(Config, settings(system), "test"), layout, Journal())
    untouched = tmp_path_factory.mktemp("untouched") / system
    shutil.copytree(layout.root, untouched)
    _, text = finish(start(system, layout))
    return system, layout, untouched, steps_in(text)


def start(system: str, layout: Layout, *, often: bool = False) -> subprocess.Popen:
    """The command of the rule, its log read by another process of the same group."""
    program = f"-c '{OFTEN}'" if often else "-m mechanist.cli.main"
    command = (
        f"set -o pipefail; {shlex.quote(sys.executable)} {program} shoot --round 0 --worker 0"
        f" --config '{json.dumps(settings(system))}' --results {layout.root} 2>&1 | tee"
        f" {layout.root}/log"
    )
    return subprocess.Popen(
        ["bash", "-c", command], stdout=subprocess.PIPE, text=True, start_new_session=True
    )


def finish(process: subprocess.Popen) -> tuple[int, str]:
    text, _ = process.communicate(timeout=300)
    return process.returncode, text


def steps_in(text: str) -> int:
    return int(re.search(r"([\d,]+) MD steps made by this process", text)[1].replace(",", ""))


def worker(process: subprocess.Popen) -> int | None:
    """Number of the process that shoots, if it still does."""
    import psutil

    for one in psutil.Process(process.pid).children(recursive=True):
        with suppress(psutil.NoSuchProcess, psutil.ZombieProcess):
            if "shoot" in one.cmdline():
                return one.pid
    return None


def wait_until_it_shoots(process: subprocess.Popen, seconds: float) -> None:
    for line in process.stdout:
        if "chains x" in line:
            time.sleep(seconds)
            return
    raise AssertionError("it ended before it shot")


def test_told_to_stop_again_and_again_it_makes_the_same_shots(whole, tmp_path):
    system, undisturbed, untouched, steps = whole
    layout = Layout(tmp_path / system)
    shutil.copytree(untouched, layout.root)
    files, made, done = layout.round(0).worker(0), 0, []
    for _ in range(3):
        process = start(system, layout)
        wait_until_it_shoots(process, AWHILE)
        number = worker(process)
        if number is not None:
            os.kill(number, signal.SIGTERM)
        code, text = finish(process)
        if code != STOPPED:
            # This process was not run for a while, and the job was done before it was stopped.
            assert code in (0, -signal.SIGTERM, 128 + signal.SIGTERM), text
            made += steps_in(text)
            break
        assert "SIGTERM: stopped after" in text
        made += steps_in(text)
        done.append(int(re.search(r"stopped after ([\d,]+) of", text)[1].replace(",", "")))
        assert not files.shots.exists()
        assert (files.partial / "state.npz").is_file()
    else:
        code, text = finish(start(system, layout))
        assert code == 0, text
        assert "resuming after" in text
        made += steps_in(text)
    assert done
    assert done == sorted(done)
    # No step is made twice: nothing of a half-shot is lost, so not even one stride.
    assert made == steps
    for name in ("shots", "points", "paths", "index"):
        one, other = (getattr(run.round(0).worker(0), name) for run in (undisturbed, layout))
        assert one.read_bytes() == other.read_bytes(), name
    assert not files.partial.exists()


def test_killed_it_makes_the_same_shots(whole_pool, tmp_path):
    system, undisturbed, untouched, _ = whole_pool
    layout = Layout(tmp_path / system)
    shutil.copytree(untouched, layout.root)
    for _ in range(3):
        process = start(system, layout, often=True)
        wait_until_it_shoots(process, AWHILE)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    code, text = finish(start(system, layout))
    assert code == 0, text
    for name in ("shots", "points", "paths", "index"):
        one, other = (getattr(run.round(0).worker(0), name) for run in (undisturbed, layout))
        assert one.read_bytes() == other.read_bytes(), name


def test_whoever_reads_the_log_may_go_first(whole_pool, tmp_path):
    # A batch system tells the whole group: bash, tee and the job.
    system, _, untouched, _ = whole_pool
    layout = Layout(tmp_path / system)
    shutil.copytree(untouched, layout.root)
    process = start(system, layout)
    wait_until_it_shoots(process, AWHILE)
    os.killpg(process.pid, signal.SIGTERM)
    process.communicate()
    # The next one waits for the job, which may still write.
    code, text = finish(start(system, layout))
    assert code == 0, text
    assert "resuming after" in text


def test_the_workflow_goes_on_where_a_job_was_stopped(tmp_path):
    import psutil

    options = {"sampling": {"workers": 1, "first_round": 8000, "round_max": 8000}}
    target = "results/double_well/rounds/000/worker_000/shots.parquet"
    run = Run(tmp_path, **options)
    process = subprocess.Popen(
        run.command(target),
        cwd=run.folder,
        env=run.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    until = time.monotonic() + 120
    log = run.root / "logs" / "shoot_000_000.log"
    while not (log.is_file() and "chains x" in log.read_text(encoding="utf-8")):
        assert time.monotonic() < until
        time.sleep(0.05)
    time.sleep(0.3)
    for one in psutil.Process(process.pid).children(recursive=True):
        if "shoot" in one.cmdline() and "--round" in one.cmdline():
            one.send_signal(signal.SIGTERM)
    text, _ = process.communicate(timeout=120)
    assert process.returncode != 0, text
    assert not (run.folder / target).exists()
    done = run.snakemake(target)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "resuming after" in log.read_text(encoding="utf-8")
    shots = read_table(Layout(run.root).round(0).worker(0).shots, SHOT_COLUMNS)
    numbers = np.stack([shots["chain"], shots["move"]], axis=1)
    np.testing.assert_array_equal(numbers, [(c, m) for c in range(16) for m in range(500)])
    assert not list(run.root.rglob("*.partial*"))
