"""The process that runs PySR: started, ended in time, and its failure reported in one line."""

import json
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

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
    """Seconds that Julia may take to start, and that a search may last beyond its own limit."""

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
    searched
        Seconds of the search by the worker's own clock.
    """

    fault: str = ""
    late: bool = False
    searched: float = 0.0


def run_worker(
    command: Sequence[str],
    folder: Path,
    seconds: float,
    limits: Limits,
    log: Callable[[str], None],
    environ: Mapping[str, str] | None = None,
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
        The search's own limit.
    limits
        Additional time.
    log
        Takes one line of progress.
    environ
        Environment variables in addition to `ENVIRONMENT`; None: those of this process.
    """
    variables = {**(os.environ if environ is None else environ), **ENVIRONMENT}
    begun = time.monotonic()
    with (folder / "output.txt").open("wb") as output:
        # The worker ends when the pipe to its input closes, so it cannot outlive this process.
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=variables,
            start_new_session=True,
        )
        try:
            late = _wait(process, folder, begun + limits.start, seconds + limits.grace, log)
        finally:
            _end_group(process)
            if process.stdin is not None:
                process.stdin.close()
    if late:
        return End(late, late=True)
    if process.returncode != 0:
        return End(_failure(process.returncode, folder))
    return _answer(folder)


def _wait(
    process: subprocess.Popen[bytes],
    folder: Path,
    deadline: float,
    search: float,
    log: Callable[[str], None],
) -> str:
    """Wait for a process; say what took too long, if anything."""
    begun, started = time.monotonic(), False
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=STEP)
            return ""
        now = time.monotonic()
        if not started and (folder / "started").exists():
            started, deadline = True, now + search
            log(f"pysr: Julia is up after {now - begun:.0f} s")
        if now > deadline:
            what = "the search" if started else "the start of Julia"
            return f"{what} was not finished after {now - begun:.0f} s and was ended"


def _end_group(process: subprocess.Popen[bytes]) -> None:
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
    said = last_fault((folder / "output.txt").read_text(encoding="utf-8", errors="replace"))
    how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
    hint = f"; run {INSTALL}" if any(mark in said for mark in NOT_THERE) else ""
    return f"its process ended with {how}: {said or 'no output'}{hint}"


def last_fault(output: str) -> str:
    """The line of a program's output that names its failure: the last error or the last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    faults = [line for line in lines if FAULT.match(line)]
    return (faults or lines or [""])[-1][:300]


def _answer(folder: Path) -> End:
    try:
        content = json.loads((folder / "answer.json").read_text(encoding="utf-8"))
        return End(searched=float(content["seconds"]))
    except (OSError, ValueError, KeyError, TypeError):
        return End("its process ended without an answer")
