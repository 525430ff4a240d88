"""A complete run of the double well on a real Slurm, with faults: ``make test-slurm``.

Slurm is installed if it is missing, started on this machine, used as a user would with
profiles/slurm, and taken down again; the packages stay. While the run goes on one job is cancelled,
one gets SIGTERM as it does before its time is up, and one is put back into the queue. The results
must have the same bytes as those of a run without Slurm and without faults.
"""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import psutil
import yaml

from tests.slurm.cluster import Refusal, Unavailable, cluster
from tests.workflow.conftest import REPOSITORY, SMALL

SECONDS = 2400
"""What hangs is ended after this; a slow machine takes 700 s, a quick one 300."""
SKIPPED = 77
"""Exit code where there is no root, no Debian, or no packages of Slurm to be had."""

SHORT = {
    "sampling": {"first_round": 160, "chains": 8, "rounds_max": 2},
    "learn": {"members": 2, "epochs_max": 5},
    "formula": {"population": 30, "generations": 5, "seconds": 100},
}
SAME = (
    "shots.parquet",
    "paths/paths.trr",
    "committor/model.safetensors",
    "formula.json",
    "formulas.csv",
    "relevance.csv",
    "validation.csv",
    "kinetics.json",
    "rounds/000/manifest.json",
    "rounds/001/manifest.json",
)
# Faults and the rule whose first running job each of them hits.
FAULTS: dict[str, tuple[str, ...]] = {
    "rule_shoot": ("scancel",),
    "rule_learn": ("scancel", "--signal=TERM"),
    "rule_committor_shots": ("scontrol", "requeue"),
}


def why_not() -> str:
    """Why the test cannot be run here; empty if it can."""
    if os.geteuid() != 0:
        return "it starts Slurm's programs, which takes root"
    if not Path("/etc/debian_version").is_file() or shutil.which("apt-get") is None:
        return "it installs Slurm from Debian's packages, and this is not Debian"
    return ""


def make_folder(folder: Path) -> Path:
    """A folder with the settings of the run."""
    folder.mkdir()
    settings = dict(SMALL)
    for section, values in SHORT.items():
        settings[section] = SMALL[section] | values
    (folder / "config.yaml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return folder


def profile_without_accounting(folder: Path) -> Path:
    """The profile for Slurm with the one line uncommented that a cluster without sacct needs."""
    line = "slurm-status-command: squeue"
    text = (REPOSITORY / "profiles" / "slurm" / "config.yaml").read_text(encoding="utf-8")
    if f"\n# {line}\n" not in text:
        sys.exit(f"profiles/slurm/config.yaml does not offer the line '# {line}'")
    folder.mkdir()
    (folder / "config.yaml").write_text(text.replace(f"# {line}", line), encoding="utf-8")
    return folder


def snakemake(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Snakemake in the background; what it says goes to snakemake.log."""
    program = [str(Path(sys.executable).with_name("snakemake"))]
    program += ["--snakefile", str(REPOSITORY / "Snakefile")]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with (folder / "snakemake.log").open("wb") as log:
        return subprocess.Popen(
            [*program, *arguments],
            cwd=folder,
            env=os.environ | {"PATH": path},
            stdout=log,
            stderr=subprocess.STDOUT,
        )


def running_jobs() -> dict[str, str]:
    """Number of a running job of each rule: what the plugin notes as comment is the rule."""
    command = ["squeue", "--noheader", "--states=RUNNING", "--format=%i %k"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    rows = (line.split() for line in answer.stdout.splitlines() if len(line.split()) == 2)
    return {comment.partition("_wildcards_")[0]: number for number, comment in rows}


def at_work(rule: str, folder: Path) -> bool:
    """Whether a stage of this rule has begun in the folder; before, no signal could reach it."""
    stage = rule.removeprefix("rule_").replace("_", "-")
    for process in psutil.process_iter(["cmdline", "cwd"]):
        words = process.info["cmdline"] or []
        ours = process.info["cwd"] == str(folder)
        if ours and stage in words[2:3] and Path(words[1]).name == "mechanist":
            return True
    return False


def strike(left: dict[str, tuple[str, ...]], folder: Path) -> None:
    """Hit each rule's first running job with its fault, once."""
    if not left:
        return
    for rule, number in running_jobs().items():
        if rule in left and ("--signal=TERM" not in left[rule] or at_work(rule, folder)):
            command = [*left.pop(rule), number]
            print(f"  {' '.join(command)}  ({rule})", flush=True)
            subprocess.run(command, check=True)


def wait(process: subprocess.Popen[bytes], end: float, meanwhile: Callable[[], None]) -> bool:
    """Wait for a process; whether it has ended well."""
    try:
        while process.poll() is None and time.monotonic() < end:
            meanwhile()
            time.sleep(0.5)
    finally:
        if process.poll() is None:
            # Snakemake cancels its jobs, or cluster() does.
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
    return process.returncode == 0


def hashes(folder: Path) -> dict[str, str]:
    """Hash of each file that must be the same."""
    root = folder / "results" / "double_well"
    return {name: hashlib.sha256((root / name).read_bytes()).hexdigest() for name in SAME}


def on_slurm(home: Path, end: float) -> Path:
    """The run through the executor plugin, with faults."""
    folder = make_folder(home / "slurm")
    profile = profile_without_accounting(home / "profile")
    left = dict(FAULTS)
    hurry = ["--slurm-init-seconds-before-status-checks", "2"]
    hurry += ["--seconds-between-status-checks", "2", "--latency-wait", "10"]
    # Pretend GPUs: the rule asks for one as it does with engine.platform: CUDA.
    gpu = ["--set-resources", "shoot:gpu=1"]
    with cluster(Path(tempfile.mkdtemp(prefix="cluster-", dir=home))):
        print("Slurm is up", flush=True)
        process = snakemake(folder, "--workflow-profile", str(profile), *hurry, *gpu)
        good = wait(process, end, lambda: strike(left, folder))
    text = (folder / "snakemake.log").read_text(encoding="utf-8")
    if not good:
        sys.exit(f"the run on Slurm has failed or takes too long:\n{text[-6000:]}")
    again = text.count("Trying to restart job")
    print(f"  {text.count('has been submitted with SLURM')} jobs, {again} tried again", flush=True)
    if left or again < 2:
        sys.exit(f"faults that met no job: {sorted(left)}; jobs tried again: {again}")
    return folder


def skip(reason: str) -> NoReturn:
    """End with the exit code that means: not run here."""
    print(f"test-slurm: skipped: {reason}", flush=True)
    sys.exit(SKIPPED)


def main() -> None:
    """Run with and without Slurm, and compare."""
    if reason := why_not():
        skip(reason)
    # Take everything down when told to stop, too.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit("test-slurm: stopped"))
    begin = time.monotonic()
    end = begin + float(os.environ.get("TEST_SLURM_SECONDS", SECONDS))
    with tempfile.TemporaryDirectory(prefix="mechanist-slurm-") as name:
        home = Path(name)
        try:
            distributed = on_slurm(home, end)
        except Unavailable as reason:
            skip(str(reason))
        except Refusal as refusal:
            sys.exit(f"test-slurm: refused: {refusal}")
        print(f"run on Slurm done after {time.monotonic() - begin:.0f} s", flush=True)
        alone = make_folder(home / "local")
        targets = [f"results/double_well/{name}" for name in SAME]
        process = snakemake(alone, "--workflow-profile", "none", "--cores", "2", *targets)
        if not wait(process, end, lambda: None):
            sys.exit((alone / "snakemake.log").read_text(encoding="utf-8")[-6000:])
        one, other = hashes(distributed), hashes(alone)
    if differing := [name for name in SAME if one[name] != other[name]]:
        sys.exit(f"test-slurm: differ from a run without Slurm: {differing}")
    print(f"test-slurm: passed: {len(SAME)} files are the same, {time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
