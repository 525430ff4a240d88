"""Commands of an installation: their output is passed on, their time is limited."""

import subprocess
import time
from collections.abc import Sequence
from threading import Thread

from mechanist.bookkeeping.journal import Log
from mechanist.errors import MechanistError
from mechanist.formula.search.pysr_process import end_group, ended, last_fault

NO_NETWORK = (
    *("URLError", "No matching distribution", "name resolution", "RequestError"),
    *("Could not resolve", "Connection", "timed out", "Network is unreachable"),
)
NO_SPACE = ("no space left", "enospc", "disk quota exceeded")
DRAIN = 2.0
"""Seconds in which the output of a process that has ended is still read."""


def run(where: str, what: str, command: Sequence[str], seconds: float, log: Log) -> None:
    """Run a command and log its output line by line.

    Parameters
    ----------
    where
        The command of ours that this belongs to, for the message of a failure.
    what
        The step.
    command
        Program and arguments; its input is a pipe that closes when this process ends.
    seconds
        Limit of time.
    log
        Takes the output.

    Raises
    ------
    MechanistError
        If it fails, with the line of its output that names the cause, or lasts too long.
    """
    lines: list[str] = []
    begun = time.monotonic()
    process = subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,
    )

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            log(f"{what}: {line.rstrip()}")

    reader = Thread(target=read, daemon=True)
    reader.start()
    try:
        late = False
        while not ended(process) and not late:
            late = time.monotonic() - begun > seconds
    finally:
        end_group(process)
        reader.join(DRAIN)
    if late:
        raise MechanistError(where, f"{what} was not finished after {seconds:.0f} s and was ended")
    if process.returncode != 0:
        said = "".join(lines)
        fault = last_fault(said) or f"exit status {process.returncode}"
        raise MechanistError(where, f"{what} failed: {fault}{_hint(fault)}")


def _hint(fault: str) -> str:
    if full(fault):
        return "; free some space, for example 3 GB"
    return "; is there a network?" if any(mark in fault for mark in NO_NETWORK) else ""


def full(fault: str) -> bool:
    """Whether a message says that a disk is full."""
    return any(mark in fault.lower() for mark in NO_SPACE)
