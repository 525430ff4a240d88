"""What it costs to plan 20 rounds by 1,000 workers: ``python -m benchmarks.scale.plan``.

Real Snakemake on the real Snakefile, as a dry run, in three states of the run: nothing there yet,
all rounds but the last one there, and all rounds there. Files that are there are empty; the plan
reads names, times and what Snakemake has recorded, never what is in them.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.scale.folder import REPOSITORY, ROOT, make, write_config

SECONDS_LIMIT, MEMORY_LIMIT = 60.0, 2e9


def snakemake(folder: Path, *arguments: str, touch: bool = False) -> dict[str, float]:
    """Run Snakemake in the folder; its wall time, processor time, memory and number of jobs."""
    profile = ["--profile", str(REPOSITORY / "profiles" / "default"), "--cores", "1000"]
    program = [sys.executable, "-m", "benchmarks.scale.folder" if touch else "snakemake"]
    path = [str(REPOSITORY), str(REPOSITORY / "src"), os.environ.get("PYTHONPATH", "")]
    begin = time.perf_counter()
    with (folder / "snakemake.log").open("w+", encoding="utf-8") as log:
        command = [*program, "--snakefile", str(REPOSITORY / "Snakefile"), *profile, *arguments]
        # wait4 gives the memory of this one process; RUSAGE_CHILDREN that of the largest so far.
        child = subprocess.Popen(
            command,
            cwd=folder,
            stdout=log,
            stderr=log,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))},
        )
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - begin
        log.seek(0)
        text = log.read()
    if os.waitstatus_to_exitcode(status):
        sys.exit(f"Snakemake has failed:\n{text[-3000:]}")
    totals = [line.split()[1] for line in text.splitlines() if line.startswith("total ")]
    return {
        "seconds": wall,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "bytes": usage.ru_maxrss * 1024,
        "jobs": int(totals[0]) if totals else 0,
    }


def setup(folder: Path) -> str:
    """What the workflow tells `mechanist assess` of its settings."""
    first = str(ROOT / "rounds" / "000" / "assessment.json")
    snakemake(folder, "--dry-run", "--printshellcmds", "--quiet", "host", "--", first)
    found = re.search(
        r"assess --round 000 --setup (\w+)", (folder / "snakemake.log").read_text(encoding="utf-8")
    )
    if found is None:
        sys.exit("the workflow does not tell `mechanist assess` its setup any more")
    return found[1]


def without_last_round(folder: Path, rounds: int) -> None:
    """Take the last round away."""
    shutil.rmtree(folder / ROOT / "rounds" / f"{rounds - 1:03d}")


def states(folder: Path, rounds: int, workers: int) -> dict[str, Callable[[], object]]:
    """How to bring the folder into each state, in the order in which they are measured."""

    def everything() -> None:
        make(folder, rounds, workers, setup(folder))
        last = [str(ROOT / "rounds" / f"{n:03d}" / "assessment.json") for n in range(rounds)]
        # Target by target, so that no checkpoint stops the walk.
        targets = [*last, str(ROOT / "initial" / "initial.json"), *runs_for_rates(workers)]
        snakemake(folder, "--touch", "--forceall", "--quiet", "all", "--", *targets, touch=True)

    return {
        "nothing there": lambda: write_config(folder, rounds, workers),
        "all rounds there": everything,
        "all but the last round there": lambda: without_last_round(folder, rounds),
    }


def runs_for_rates(workers: int) -> list[str]:
    """One file of each equilibrium job."""
    return [str(ROOT / "kinetics" / f"worker_{w:03d}" / "runs.parquet") for w in range(workers)]


def measure(rounds: int, workers: int, home: Path) -> dict[str, dict[str, float]]:
    """Plan in every state."""
    result = {}
    for name, prepare in states(home, rounds, workers).items():
        prepare()
        result[name] = snakemake(home, "--dry-run", "--quiet", "rules", "reason", "host")
        row = result[name]
        print(
            f"{rounds} rounds x {workers} workers, {name}: {row['jobs']:.0f} jobs planned in"
            f" {row['seconds']:.1f} s ({row['cpu_seconds']:.1f} s of processor time),"
            f" {row['bytes'] / 1e6:.0f} MB",
            flush=True,
        )
    return result


def main() -> None:
    """Measure, write the numbers, and fail if a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--workers", type=int, default=1000)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as home:
        rows = measure(arguments.rounds, arguments.workers, Path(home))
    if arguments.out:
        arguments.out.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    # Of processor time, so that a machine that is busy with other things says the same.
    slow = [name for name, row in rows.items() if row["cpu_seconds"] > SECONDS_LIMIT]
    large = [name for name, row in rows.items() if row["bytes"] > MEMORY_LIMIT]
    if slow or large:
        sys.exit(f"above {SECONDS_LIMIT:.0f} s: {slow}; above 2 GB: {large}")


if __name__ == "__main__":
    main()
