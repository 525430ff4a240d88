"""A results folder as a long run leaves it: every file there but empty, all known to Snakemake."""

import json
import sys
from itertools import product
from pathlib import Path

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
ROOT = Path("results") / "double_well"
WORKER_FILES = (
    "shots.parquet",
    "points.trr",
    "paths.trr",
    "paths.parquet",
    "too_long.trr",
    "too_long.parquet",
)
RUN_FILES = (
    "runs.json",
    "runs.parquet",
    "run_excursions.trr",
    "run_excursions.parquet",
    "states.trr",
    "states.parquet",
)
ROUND_FILES = (
    "shots.done",
    "model.safetensors",
    "model.json",
    "training.json",
    "crossfit.safetensors",
    "crossfit.json",
    "manifest.json",
)


def write_config(folder: Path, rounds: int, workers: int) -> None:
    """Settings of the run; the system does not matter to a plan."""
    settings = {
        "system": "double_well",
        "engine": {"platform": "Reference"},
        "sampling": {"workers": workers, "rounds_max": rounds},
        "formula": {"backend": "operon"},
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")


def earlier_files(rounds: int, workers: int) -> list[Path]:
    """Files of all rounds and of the runs for the rates, in the order in which they are made."""
    files = [ROOT / "system" / f"{name}.json" for name in ("dynamics", "inputs", "formula_inputs")]
    files += [ROOT / "system" / name for name in ("system.xml", "topology.pdb")]
    files += [ROOT / "initial" / name for name in ("paths.trr", "paths.parquet", "initial.json")]
    jobs = [f"worker_{worker:03d}" for worker in range(workers)]
    files += [ROOT / "kinetics" / job / name for job, name in product(jobs, RUN_FILES)]
    for number in range(rounds):
        folder = ROOT / "rounds" / f"{number:03d}"
        files += [folder / job / name for job, name in product(jobs, WORKER_FILES)]
        files += [folder / name for name in (*ROUND_FILES, "assessment.json")]
    return files


def make(folder: Path, rounds: int, workers: int, setup: str) -> int:
    """Write the empty files; no round has converged. Gives their number.

    ``setup`` is what `mechanist assess` is told by the workflow and notes.
    """
    files = earlier_files(rounds, workers)
    assessment = json.dumps({"converged": False, "setup": setup})
    for file in files:
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(assessment if path.stem == "assessment" else "", encoding="utf-8")
    return len(files)


def record() -> None:
    """``snakemake --touch`` in this process, without its rest of 0.1 s after each job.

    It writes what Snakemake keeps of every file (settings, inputs, times), so that a plan has to
    read and compare it as it does after a real run.
    """
    from snakemake.cli import main
    from snakemake.executors import touch

    touch.Executor.SLEEPING_TIME = 0
    main(sys.argv[1:])


if __name__ == "__main__":
    record()
