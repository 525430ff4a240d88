"""Time that Snakemake itself takes: the real rules of the rounds, with jobs that do nothing.

The Snakefile, its checkpoint and the default profile are the real ones; only `mechanist` is
replaced, by a shell script that leaves empty files. A file `rounds.smk` asks for what the rules
after the last round ask for, but leaves those rules out.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.child import REPOSITORY, BenchmarkError

PROGRAM = """\
#!/bin/sh
stage=$1
shift
while [ $# -gt 0 ]; do
  case $1 in
    --round) round=$2 ;;
    --worker) worker=$2 ;;
    --results) cd "$2" || exit 1 ;;
  esac
  shift 2
done
case $stage in
  prepare) cd system && touch system.xml topology.pdb dynamics.json ;;
  describe) touch system/inputs.json ;;
  initial) cd initial && touch paths.trr paths.parquet initial.json ;;
  shoot)
    cd "rounds/$round/worker_$worker" && touch shots.parquet points.trr paths.trr paths.parquet \\
      too_long.trr too_long.parquet ;;
  learn)
    cd "rounds/$round" && touch model.safetensors model.json training.json &&
      touch crossfit.safetensors crossfit.json ;;
  assess)
    cd "rounds/$round" && echo '{"converged": false}' > assessment.json && touch manifest.json ;;
  *) exit 1 ;;
esac
"""

RULES = """\
include: "{repository}/Snakefile"


rule rounds:
    input:
        last_assessment,
        last_model,
        assessments,
"""


@dataclass(frozen=True)
class Timing:
    """One run of Snakemake: ``finished`` jobs of ``jobs``."""

    rounds: int
    workers: int
    jobs: int
    finished: int
    seconds: float

    @property
    def seconds_per_job(self) -> float:
        """Wall time of the whole run over the jobs that it has done."""
        return self.seconds / max(1, self.finished)


def lay(folder: Path, rounds: int, workers: int) -> None:
    """Write the stand-in program, the rules and config.yaml."""
    program = folder / "bin" / "mechanist"
    program.parent.mkdir(parents=True)
    program.write_text(PROGRAM, encoding="utf-8")
    program.chmod(0o755)
    (folder / "rounds.smk").write_text(RULES.format(repository=REPOSITORY), encoding="utf-8")
    system = REPOSITORY / "systems" / "alanine_dipeptide"
    sampling = f"sampling: {{workers: {workers}, rounds_max: {rounds}}}\n"
    (folder / "config.yaml").write_text(f"system: {system}\n{sampling}", encoding="utf-8")


def run(folder: Path, rounds: int, workers: int, cores: int, limit: float) -> Timing:
    """Run Snakemake to its end or for ``limit`` seconds.

    Raises
    ------
    BenchmarkError
        If it fails, with its last line.
    """
    lay(folder, rounds, workers)
    here = Path(sys.executable).parent
    path = f"{folder / 'bin'}{os.pathsep}{here}{os.pathsep}{os.environ['PATH']}"
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(folder / "rounds.smk")]
    command += ["--profile", str(REPOSITORY / "profiles" / "default"), "--cores", str(cores)]
    begin = time.perf_counter()
    log = folder / "log"
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            [*command, "rounds"],
            cwd=folder,
            env=os.environ | {"PATH": path},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            failed = process.wait(limit) != 0
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            failed = False
    seconds = time.perf_counter() - begin
    if failed:
        raise BenchmarkError(
            f"snakemake: {log.read_text(encoding='utf-8').strip().splitlines()[-1]}"
        )
    finished = len(list(folder.glob("results/*/benchmarks/*.tsv")))
    return Timing(rounds, workers, 3 + rounds * (workers + 2), finished, seconds)


def measure(
    folder: Path,
    rounds: tuple[int, ...],
    workers: int,
    cores: int,
    limit: float,
    say: Callable[[str], None],
) -> list[Timing]:
    """Time each number of rounds, within ``limit`` seconds in all."""
    timings = []
    for count in rounds:
        timing = run(folder / f"workflow_{count}", count, workers, cores, limit)
        limit = max(10.0, limit - timing.seconds)
        cut = "" if timing.finished == timing.jobs else f" of {timing.jobs}, then time was up"
        say(
            f"  {count} rounds by {workers} jobs: {timing.finished} jobs{cut},"
            f" {timing.seconds:.0f} s, {timing.seconds_per_job:.3f} s a job"
        )
        timings.append(timing)
    return timings
