"""How the time to convergence falls with workers: ``python -m benchmarks.scale.simulate``.

Real Snakemake, the real Snakefile, and a stand-in for ``mechanist`` that sleeps for as long as the
job would take, times a scale that makes the run last about ``--seconds``. What Snakemake itself
costs is not scaled. It is told twice: as processor time of the main process, which is the same on
a busy machine, and as the time measured beyond the sleeps. The first is added to that of the jobs.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
import yaml

from benchmarks.scale.folder import REPOSITORY, ROOT
from benchmarks.scale.model import CHAINS, FIRST, GROWTH, MOST, Times, draw, in_rounds, pipelined

WORKERS = (1, 4, 16, 64, 256)
SHOT_SECONDS = (1.0, 10.0)
PIPELINED_MOST = 16
"""With more workers the same jobs in another order cost Snakemake the same."""

FIRST_LOG = str(ROOT / "logs" / "shoot_000_*")
# Where the workflow names the model that guides shots, and what is there in a pipelined run.
GUIDE = 'f"{round_folder(number - 1)}/model.'
LATER = 'f"{round_folder(max(number - 2, 0))}/model.'


def prepare(home: Path, times: Times, scale: float) -> None:
    """Settings, times of the jobs, and all files from before the first round."""
    rounds, workers = times.shoot.shape
    sampling = {"workers": workers, "rounds_max": rounds, "chains": CHAINS}
    sampling |= {"first_round": FIRST, "growth": GROWTH, "round_max": MOST}
    settings = {"system": "double_well", "engine": {"platform": "Reference"}}
    settings |= {"formula": {"backend": "operon"}, "sampling": sampling}
    (home / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    (home / "times").mkdir()
    for number in range(rounds):
        name = f"{number:03d}"
        for worker in range(workers):
            seconds = times.shoot[number, worker] * scale
            (home / "times" / f"shoot_{name}_{worker:03d}").write_text(
                f"{seconds:.3f}\n", encoding="utf-8"
            )
        for stage, all_seconds in (("learn", times.learn), ("assess", times.assess)):
            (home / "times" / f"{stage}_{name}").write_text(
                f"{all_seconds[number] * scale:.3f}\n", encoding="utf-8"
            )
        converged = json.dumps({"converged": number == rounds - 1})
        (home / f"assessment_{name}.json").write_text(converged, encoding="utf-8")
    files = ["system/dynamics.json", "system/inputs.json", "system/formula_inputs.json"]
    files += ["system/system.xml", "system/topology.pdb"]
    files += ["initial/paths.trr", "initial/paths.parquet", "initial/initial.json"]
    for file in files:
        (home / ROOT / file).parent.mkdir(parents=True, exist_ok=True)
        (home / ROOT / file).touch()
    (home / "bin").mkdir()
    shutil.copy(REPOSITORY / "benchmarks" / "scale" / "standin.sh", home / "bin" / "mechanist")


def workflow(home: Path, ahead: bool) -> Path:
    """The Snakefile; for a pipelined run a copy in which shots use an earlier model."""
    if not ahead:
        return REPOSITORY / "Snakefile"
    for folder in ("workflow", "systems", "envs"):
        shutil.copytree(REPOSITORY / folder, home / folder)
    shutil.copy(REPOSITORY / "Snakefile", home / "Snakefile")
    common = home / "workflow" / "rules" / "common.smk"
    text = common.read_text(encoding="utf-8")
    if text.count(f'"model": {GUIDE}') != 1:
        sys.exit(f"{common}: the model that guides shots is not where it was")
    common.write_text(text.replace(GUIDE, LATER), encoding="utf-8")
    return home / "Snakefile"


def measure(times: Times, scale: float, ahead: bool = False) -> tuple[float, float]:
    """Run the stand-ins; seconds to the last assessment, and processor time of Snakemake."""
    rounds, workers = times.shoot.shape
    with tempfile.TemporaryDirectory(prefix="mechanist-scale-") as name:
        home = Path(name)
        prepare(home, times, scale)
        last = ROOT / "rounds" / f"{rounds - 1:03d}" / "assessment.json"
        target = str(last) if ahead else str(ROOT / "relevance.csv")
        path = [str(home / "bin"), str(Path(sys.executable).parent), os.environ["PATH"]]
        environment = os.environ | {"PATH": os.pathsep.join(path), "STANDIN": str(home)}
        command = [str(Path(sys.executable).with_name("snakemake"))]
        command += ["--snakefile", str(workflow(home, ahead)), "--workflow-profile", "none"]
        command += ["--cores", str(workers + 1), "--quiet", "rules", "reason", "--", target]
        with (home / "log").open("w+", encoding="utf-8") as log:
            begin = time.time()
            process = subprocess.Popen(
                command, cwd=home, env=environment, stdout=log, stderr=log, start_new_session=True
            )
            costs, begun = 0.0, 0.0
            try:
                while not (home / last).exists() and process.poll() is None:
                    spent = psutil.Process(process.pid).cpu_times()
                    costs = spent.user + spent.system
                    # What comes before the first job is the plan, which is measured elsewhere.
                    begun = begun or (costs if any(home.glob(FIRST_LOG)) else 0.0)
                    time.sleep(0.05)
            finally:
                # What follows the last assessment is of no interest; told to end, Snakemake may
                # wait for ever for files that a stand-in does not make.
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()
            if not (home / last).exists():
                log.seek(0)
                sys.exit(log.read()[-3000:])
        first = min(p.stat().st_ctime for p in home.glob(FIRST_LOG))
        return (home / last).stat().st_mtime - max(begin, first), costs - begun


def row(workers: int, shot: float, seconds: float, real: bool) -> dict[str, float]:
    """Numbers of one number of workers."""
    times = draw(workers, shot, np.random.default_rng(workers))
    ideal, waiting = in_rounds(times)
    ahead = pipelined(times)
    result = {
        "workers": workers,
        "shot_seconds": shot,
        "jobs_alone": ideal,
        "barrier": waiting,
        "work": times.work,
        "pipelined_alone": ahead,
    }
    if real:
        part = seconds / ideal
        wall, cost = measure(times, part)
        result |= {"snakemake": cost, "beyond_sleeps": wall - seconds}
    if real and workers <= PIPELINED_MOST:
        wall, cost = measure(times, part, ahead=True)
        result |= {"snakemake_pipelined": cost, "beyond_sleeps_pipelined": wall - ahead * part}
    return result


def main() -> None:
    """Simulate all numbers of workers and write the numbers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30.0, help="length of each run, scaled")
    parser.add_argument("--workers", type=int, nargs="*", default=WORKERS)
    parser.add_argument("--no-snakemake", action="store_true", help="times of the jobs alone")
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    rows = []
    for shot in SHOT_SECONDS:
        for workers in arguments.workers:
            # What Snakemake costs does not hang on how long the jobs are.
            real = not arguments.no_snakemake and shot == SHOT_SECONDS[-1]
            rows.append(row(workers, shot, arguments.seconds, real))
            print({key: round(value, 1) for key, value in rows[-1].items()}, flush=True)
            if arguments.out:
                arguments.out.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
