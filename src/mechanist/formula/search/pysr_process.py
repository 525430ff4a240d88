"""The process that runs PySR: started, ended in time, and its failure reported in one line."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mechanist.formula.search.julia import INSTALL

ENVIRONMENT = {
    # Required by the manual of juliacall in processes of several threads, which may crash else.
    "PYTHON_JULIACALL_HANDLE_SIGNALS": "yes",
    "PYTHON_JULIACALL_THREADS": "1",
    "PYTHON_JULIACALL_AUTOLOAD_IPYTHON_EXTENSION": "no",
    # What is missing must be an error, not a download during a run.
    "PYTHON_JULIAPKG_OFFLINE": "yes",
    "JULIA_PKG_OFFLINE": "true",
}
FAULT = re.compile(r"^(?:\w+\.)*\w*(?:Error|Exception|Exit|Interrupt)\b.*|^ERROR: .*")
NOT_THERE = ("could not find Julia", "URLError", "not found in current path", "not a Julia exec")
STEP = 0.1
PATIENCE = 2.0
"""Seconds between SIGTERM and SIGKILL."""


@dataclass(frozen=True)
class Limits:
    """Seconds that Julia may take to start and compile, and a search to its first formulas.

    Parameters
    ----------
    start
        Before the search begins.
    grace
        Beyond the limit of the search, if there are no formulas by then.
    """

    start: float = 600.0
    grace: float = 120.0


@dataclass(frozen=True)
class End:
    """How a worker ended.

    Parameters
    ----------
    fault
        One line; empty if there is none.
    late
        Whether it was ended from outside at its limit of time.
    """

    fault: str = ""
    late: bool = False


def run_worker(
    command: Sequence[str],
    folder: Path,
    seconds: float,
    limits: Limits,
    found: Callable[[], bool],
    log: Callable[[str], None],
) -> End:
    """Run a worker to its end, or to its limit of time.

    Parameters
    ----------
    command
        Program and arguments.
    folder
        The worker creates ``started`` here when its search begins and ``answer.json`` at its end;
        its output goes to ``output.txt``.
    seconds
        Limit of the search.
    limits
        Of what is not counted as search.
    found
        Whether there are results, without which the search may last longer.
    log
        Takes one line of progress.
    """
    with (folder / "output.txt").open("wb") as output:
        # The worker ends when the pipe to its input closes, so it cannot outlive this process.
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **ENVIRONMENT},
            start_new_session=True,
        )
        try:
            late = _start(process, folder, limits.start, log)
            late = late or _search(process, seconds, limits.grace, found)
        finally:
            end_group(process)
            if process.stdin is not None:
                process.stdin.close()
    if late:
        return End(late, late=True)
    if process.returncode != 0:
        return End(_failure(process.returncode, folder))
    if not (folder / "answer.json").exists():
        return End("its process ended without an answer")
    return End()


def _start(
    process: subprocess.Popen[bytes], folder: Path, limit: float, log: Callable[[str], None]
) -> str:
    """Wait for the search to begin or the process to end; say what took too long, if anything."""
    begun = time.monotonic()
    while not ended(process):
        passed = time.monotonic() - begun
        if (folder / "started").exists():
            log(f"pysr: Julia is up and has compiled the search after {passed:.0f} s")
            return ""
        if passed > limit:
            return f"the start of Julia was not finished after {passed:.0f} s and was ended"
    return ""


def _search(
    process: subprocess.Popen[bytes], seconds: float, grace: float, found: Callable[[], bool]
) -> str:
    """Wait for the process to end; say what took too long, if anything."""
    begun = time.monotonic()
    while not ended(process):
        passed = time.monotonic() - begun
        if passed > seconds + grace or (passed > seconds and found()):
            return f"the search was not finished after {passed:.0f} s and was ended"
    return ""


def ended(process: subprocess.Popen[Any]) -> bool:
    """Whether a process has ended or does within `STEP`."""
    try:
        process.wait(timeout=STEP)
    except subprocess.TimeoutExpired:
        return False
    return True


def end_group(process: subprocess.Popen[Any]) -> None:
    """End a process, if it is still running, and all that it has started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=PATIENCE)
    # Its children may outlive it; with none left there is no such group.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _failure(code: int, folder: Path) -> str:
    """Why a worker failed, in one line."""
    if code < 0:
        # No line of the output is the cause, though one may name an error.
        name = signal.Signals(-code).name
        hint = "; is there enough memory?" if name == "SIGKILL" else ""
        return f"its process ended with signal {name}{hint}"
    said = last_fault((folder / "output.txt").read_text(encoding="utf-8", errors="replace"))
    hint = f"; run {INSTALL}" if any(mark in said for mark in NOT_THERE) else ""
    return f"its process ended with exit status {code}: {said or 'no output'}{hint}"


def last_fault(output: str) -> str:
    """The line of a program's output that names its failure: the last error or the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    faults = [line for line in lines if FAULT.match(line)]
    # A program that had started another one says no more than that it failed.
    causes = [line for line in faults if "CalledProcessError" not in line]
    return (causes or faults or lines or [""])[-1][:300]
