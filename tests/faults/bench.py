"""A small run of the double well on Reference, whose stages are disturbed one at a time.

A stage that is run again with the same seed makes the same bytes, so "right" means: the same hashes
as in the undisturbed run.
"""

import contextlib
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.conftest import REPOSITORY

CONFIG: dict[str, Any] = {
    "system": "well",
    "seed": 5,
    "engine": {"platform": "Reference"},
    "sampling": {"workers": 1, "chains": 10, "first_round": 400, "round_max": 400, "burn_in": 1},
    "learn": {"members": 2, "hidden": [4], "epochs_max": 3},
    "kinetics": {"runs": 8, "run_frames": 1000, "shots": 400, "windows": 4, "bootstrap": 20},
}

JOB = "rounds/{}/worker_000"
LONG = ("too_long.trr", "too_long.parquet")
SHOTS = ("shots.parquet", "points.trr", "paths.trr", "paths.parquet", *LONG)
RUNS = (
    *("runs.json", "runs.parquet", "run_excursions.trr", "run_excursions.parquet"),
    *("states.trr", "states.parquet"),
)
STAGES: dict[str, tuple[str, ...]] = {
    "prepare": ("system/system.xml", "system/topology.pdb", "system/dynamics.json"),
    "describe": ("system/inputs.json",),
    "initial": ("initial/paths.trr", "initial/paths.parquet", "initial/initial.json"),
    "shoot --round 0 --worker 0": tuple(f"{JOB.format('000')}/{name}" for name in SHOTS),
    "learn --round 0": tuple(
        f"rounds/000/{name}"
        for name in (
            *("model.safetensors", "model.json"),
            *("crossfit.safetensors", "crossfit.json", "training.json"),
        )
    ),
    "assess --round 0": ("rounds/000/assessment.json", "rounds/000/manifest.json"),
    "shoot --round 1 --worker 0": tuple(f"{JOB.format('001')}/{name}" for name in SHOTS),
    "equilibrium --worker 0": tuple(f"kinetics/worker_000/{name}" for name in RUNS),
    "windows --last 0": tuple(
        f"kinetics/{name}" for name in ("windows.json", "model.safetensors", "model.json")
    ),
    "excursions --worker 0": (
        "kinetics/worker_000/excursions.trr",
        "kinetics/worker_000/excursions.parquet",
    ),
    "kinetics --last 0": (
        *("kinetics.json", "kinetics/free_energy.csv"),
        *("kinetics/frames.trr", "kinetics/frames.parquet"),
    ),
    "collect --last 0": (
        *("shots.parquet", "paths/paths.trr", "paths/paths.parquet", "paths/topology.pdb"),
        *("committor/model.safetensors", "committor/model.json"),
    ),
}
"""Stages in their order, and what each leaves behind."""

VICTIMS = (
    *("shoot --round 1 --worker 0", "equilibrium --worker 0", "excursions --worker 0"),
    *("learn --round 0", "initial"),
)
"""Stages that take long enough to be disturbed at work."""


@dataclass
class Tally:
    """What became of the runs with one fault."""

    right: int = 0
    refused: int = 0
    wrong: int = 0
    unclear: list[str] = field(default_factory=list)
    repaired: int = 0
    """Of those that did not end, how many did when the fault was gone."""

    @property
    def injected(self) -> int:
        """All of them."""
        return self.right + self.refused + self.wrong + len(self.unclear)


class Bench:
    """Folders with the finished small run.

    Parameters
    ----------
    folder
        Where they may lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.template = folder / "template"
        shutil.copytree(REPOSITORY / "systems" / "double_well", self.template / "systems" / "well")
        (self.template / "config.yaml").write_text(yaml.safe_dump(CONFIG), encoding="utf-8")
        self.seconds: dict[str, float] = {}
        for stage in STAGES:
            begin = time.monotonic()
            done = run(stage, self.template)
            assert done.returncode == 0, done.stderr
            self.seconds[stage] = time.monotonic() - begin
        self.truth = {stage: hashes(self.template, outputs) for stage, outputs in STAGES.items()}

    def copy(self, place: Path | None = None) -> Path:
        """A fresh copy of the run; the one before is gone."""
        place = place or self.folder / "work"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.template, place, dirs_exist_ok=True)
        return place

    def without(self, work: Path, stage: str) -> None:
        """Take away what a stage has made, as Snakemake does before a job."""
        for name in STAGES[stage]:
            (results(work) / name).unlink(missing_ok=True)

    def is_right(self, work: Path, stage: str) -> bool:
        """Whether a stage has left what it leaves undisturbed."""
        return hashes(work, STAGES[stage]) == self.truth[stage]

    def judge(
        self, tally: Tally, work: Path, stage: str, done: "subprocess.CompletedProcess[str]"
    ) -> None:
        """Count a run that was not taken down from outside."""
        if done.returncode == 0:
            good = self.is_right(work, stage)
            tally.right += good
            tally.wrong += not good
        elif one_line(done.stderr):
            tally.refused += 1
        else:
            tally.unclear.append(f"{stage}: {done.returncode}: {done.stderr[-500:]}")

    def again(self, tally: Tally, work: Path, stage: str) -> None:
        """Run a stage once more, without the fault, as the next run of the workflow does."""
        self.without(work, stage)
        done = run(stage, work)
        good = done.returncode == 0 and self.is_right(work, stage)
        tally.repaired += good
        if done.returncode == 0 and not good:
            tally.wrong += 1
        elif not good:
            tally.unclear.append(f"again: {stage}: {done.stderr[-500:]}")


def results(work: Path) -> Path:
    """The results folder of a copy."""
    return work / "results" / "well"


def program(name: str = "mechanist") -> str:
    """A program of this environment."""
    return str(Path(sys.executable).with_name(name))


def environment(**more: str) -> dict[str, str]:
    """One thread, programs of this environment on the path."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "OMP_NUM_THREADS": "1"} | more


def start(
    command: Sequence[str], work: Path, more: Mapping[str, str] | None = None
) -> "subprocess.Popen[str]":
    """Begin a program in a folder, in a process group of its own."""
    return subprocess.Popen(
        command,
        cwd=work,
        env=environment(**(more or {})),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def finish(process: "subprocess.Popen[str]") -> "subprocess.CompletedProcess[str]":
    """Wait for a program."""
    out, err = process.communicate()
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def run(
    stage: str, work: Path, before: Sequence[str] = (), more: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a stage to its end."""
    return finish(start([*before, program(), *stage.split()], work, more))


def one_line(text: str) -> bool:
    """Whether a program has ended with one clear line and no traceback."""
    lines = [line for line in text.splitlines() if line and not line.startswith("[")]
    return len(lines) == 1 and lines[0].startswith("mechanist: error: ")


def hashes(work: Path, names: Sequence[str]) -> dict[str, str | None]:
    """Hashes of files below results."""
    found: dict[str, str | None] = {}
    for name in names:
        found[name] = None
        with contextlib.suppress(OSError):
            content = (results(work) / name).read_bytes()
            found[name] = hashlib.sha256(content).hexdigest()
    return found
