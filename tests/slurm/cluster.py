"""Slurm on this machine without systemd: munged, slurmctld and slurmd with files of their own.

Everything lies in one folder, with ports and a socket of its own. Only /etc/slurm/slurm.conf is a
link to it while Slurm runs, since the executor plugin hides SLURM_CONF from the steps of a job.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "munged")
PACKAGES = ("slurmctld", "slurmd", "slurm-client", "munge")
MUNGE_FILES = {
    "socket": "socket",
    "key-file": "key",
    "pid-file": "pid",
    "log-file": "log",
    "seed-file": "seed",
}
CONFIGURATION = Path("/etc/slurm/slurm.conf")
POLICY = Path("/usr/sbin/policy-rc.d")

CONF = """\
ClusterName=mechanist
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={home}/munge.socket
CryptoType=crypto/munge
SlurmctldPort={controller}
SlurmdPort={daemon}
StateSaveLocation={home}/state
SlurmdSpoolDir={home}/spool
SlurmctldPidFile={home}/slurmctld.pid
SlurmdPidFile={home}/slurmd.pid
SlurmctldLogFile={home}/slurmctld.log
SlurmdLogFile={home}/slurmd.log
ProctrackType=proctrack/pgid
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SchedulerParameters=sched_interval=2,bf_interval=2
ReturnToService=2
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
MinJobAge=3600
KillWait=5
SlurmdTimeout=0
InactiveLimit=0
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=16000 Gres=gpu:2 State=UNKNOWN
PartitionName=cpu Nodes={host} Default=YES MaxTime=INFINITE State=UP
"""


class Refusal(Exception):
    """Why Slurm cannot or must not be started here."""


class Unavailable(Exception):
    """Why Slurm's packages cannot be had here."""


def running() -> list[str]:
    """What of Slurm is on this machine already: programs that run, a configuration."""
    found = [str(CONFIGURATION)] if CONFIGURATION.exists() else []
    found += ["SLURM_CONF in the environment"] if "SLURM_CONF" in os.environ else []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            name = (folder / "comm").read_text(encoding="utf-8").strip()
        except OSError:
            continue
        if name in PROGRAMS:
            found.append(f"{name} (process {folder.name})")
    return sorted(found)


def install() -> None:
    """Debian's packages, where they are missing; their services are not started."""
    if all(shutil.which(name) for name in (*PROGRAMS, "sbatch")):
        return
    print("installing " + " ".join(PACKAGES), flush=True)
    ours = not POLICY.exists()
    if ours:
        POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="utf-8")
        POLICY.chmod(0o755)
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    command = ["apt-get", "install", "--yes", "--quiet=2", "--no-install-recommends", *PACKAGES]
    update = ["apt-get", "update", "--quiet=2"]
    try:
        # The lists of packages may be missing or old.
        for one in (command, update, command):
            done = subprocess.run(one, env=quiet, capture_output=True, text=True, check=False)
            if one is command and done.returncode == 0:
                return
        told = done.stderr.strip().splitlines() or ["no reason given"]
        raise Unavailable(f"apt-get cannot install {' '.join(PACKAGES)}: {told[-1]}")
    finally:
        if ours:
            POLICY.unlink()


def free_ports(number: int) -> list[int]:
    """Ports that nobody listens on."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(number)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def write_files(home: Path) -> None:
    """Settings and key; two terminals stand for GPUs, since Slurm wants device files."""
    host = socket.gethostname().partition(".")[0]
    controller, daemon = free_ports(2)
    # munged wants a folder that nobody else can write to.
    home.chmod(0o755)
    for folder in ("state", "spool"):
        (home / folder).mkdir()
    gpus = "File=/dev/tty[0-1]" if Path("/dev/tty1").exists() else "Count=2"
    text = CONF.format(host=host, home=home, controller=controller, daemon=daemon)
    (home / "slurm.conf").write_text(text, encoding="utf-8")
    (home / "gres.conf").write_text(f"NodeName={host} Name=gpu {gpus}\n", encoding="utf-8")
    (home / "munge.key").write_bytes(os.urandom(128))
    (home / "munge.key").chmod(0o400)


@contextmanager
def link(file: Path) -> Iterator[None]:
    """Let all programs find the configuration."""
    made = [path for path in (CONFIGURATION.parent,) if not path.exists()]
    CONFIGURATION.parent.mkdir(exist_ok=True)
    CONFIGURATION.unlink(missing_ok=True)  # a link of a test that was killed, which leads nowhere
    CONFIGURATION.symlink_to(file)
    try:
        yield
    finally:
        CONFIGURATION.unlink()
        for path in made:
            path.rmdir()


@contextmanager
def daemon(home: Path, *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A program in the foreground of its own session, ended with all that it has started."""
    with (home / f"{Path(command[0]).name}.out").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
    try:
        yield process
    finally:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if process.poll() is None:
                process.send_signal(number)
                try:
                    process.wait(15)
                except subprocess.TimeoutExpired:
                    print(f"{command[0]} does not end on signal {number}", flush=True)


def wait_until_idle(home: Path, seconds: float) -> None:
    """Wait until the node takes jobs."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = subprocess.run(
            ["sinfo", "--noheader", "--format=%T"], capture_output=True, text=True, check=False
        )
        if answer.stdout.strip() == "idle":
            return
        time.sleep(0.5)
    logs = "".join(path.read_text(encoding="utf-8")[-2000:] for path in sorted(home.glob("*.log")))
    raise Refusal(f"Slurm has not come up in {seconds:.0f} s:\n{answer.stderr}{logs}")


@contextmanager
def cluster(home: Path, patience: float = 120) -> Iterator[None]:
    """Slurm while the block runs; afterwards jobs and programs are gone."""
    if found := running():
        raise Refusal(f"Slurm is set up here already, and is left alone: {', '.join(found)}")
    install()
    write_files(home)
    munge = [f"--{name}={home}/munge.{end}" for name, end in MUNGE_FILES.items()]
    # Named here too, since gres.conf is looked for beside it.
    settings = ("-f", str(home / "slurm.conf"))
    with ExitStack() as stack:
        stack.enter_context(link(home / "slurm.conf"))
        stack.enter_context(daemon(home, "munged", "--foreground", "--force", *munge))
        stack.enter_context(daemon(home, "slurmctld", "-D", *settings))
        stack.enter_context(daemon(home, "slurmd", "-D", *settings))
        wait_until_idle(home, patience)
        stack.callback(cancel_all)
        yield


def cancel_all() -> None:
    """Cancel all jobs and wait until their processes are gone."""
    subprocess.run(["scancel", "--user=root"], check=False, capture_output=True)
    for _ in range(60):
        left = subprocess.run(["squeue", "--noheader"], capture_output=True, text=True, check=False)
        if not left.stdout.strip():
            return
        time.sleep(0.5)
