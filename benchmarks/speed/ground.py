"""Run folders that measurements start from, made by the command line as in a run of a user."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.speed.child import REPOSITORY, BenchmarkError

SETUP_PLATFORM = "Reference"
"""Makes the first paths on any machine."""


@dataclass(frozen=True)
class Ground:
    """A run folder with system and first paths, and with a model if round 0 was learned."""

    system: str
    folder: Path


def stage(name: str, folder: Path, config: dict[str, Any], *arguments: str) -> None:
    """Run one stage by the command line.

    Raises
    ------
    BenchmarkError
        If it fails, with its last line.
    """
    command = [sys.executable, "-m", "mechanist.cli.main", name, "--config", json.dumps(config)]
    done = subprocess.run(
        [*command, "--results", str(folder), *arguments],
        cwd=REPOSITORY,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise BenchmarkError(f"mechanist {name}: {lines[-1]}")


def lay(system: str, folder: Path) -> Ground:
    """Prepare a system and find its first paths."""
    config = {"system": system, "engine": {"platform": SETUP_PLATFORM}}
    for name in ("prepare", "describe", "initial"):
        stage(name, folder, config)
    np.save(folder / "first_path.npy", first_path(folder))
    return Ground(system, folder)


def first_path(folder: Path) -> np.ndarray:
    """Frames (F, N, 3) in nm of the first of the first paths."""
    import mdtraj
    import pyarrow.parquet as pq

    index = pq.read_table(folder / "initial" / "paths.parquet")
    begin, frames = (index[name][0].as_py() for name in ("first_frame", "frames"))
    trajectory = mdtraj.load(
        str(folder / "initial" / "paths.trr"), top=str(folder / "system" / "topology.pdb")
    )
    return np.asarray(trajectory.xyz[begin : begin + frames], dtype=np.float32)


def learn(ground: Ground, config: dict[str, Any]) -> None:
    """Shoot round 0 with one worker and learn a model from it, which round 1 selects by."""
    stage("shoot", ground.folder, config, "--round", "0", "--worker", "0")
    stage("learn", ground.folder, config, "--round", "0")


def variant(system: str, folder: Path, **dynamics: object) -> str:
    """A shipped system with other dynamics, as a folder that settings can name."""
    import yaml

    content = yaml.safe_load(
        (REPOSITORY / "systems" / system / "system.yaml").read_text(encoding="utf-8")
    )
    content["dynamics"] |= dynamics
    folder.mkdir(parents=True)
    (folder / "system.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    return str(folder)
