"""Measurements in processes of their own, started at the same time where they have to be.

A child imports and sets up whatever it needs, says so, and waits. Only what it does after the word
is timed, so that two children measure two cores at work, not two cores starting. Nothing here may
import more than the standard library: the child of OpenPathSampling has other packages.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.speed.speed import Speed

REPOSITORY = Path(__file__).resolve().parents[2]
READY = "ready"


class BenchmarkError(RuntimeError):
    """A measurement could not be made; the text says why in one line."""


def memory_mb(peak: bool = False) -> float:
    """Resident memory of this process in MB now, or the most that it ever was.

    `resource.getrusage` would do, but a child starts with the peak of its parent there.
    """
    key = "VmHWM:" if peak else "VmRSS:"
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(key))


def serve(
    prepare: Callable[[dict[str, Any]], Any],
    work: Callable[[Any], Any],
    tell: Callable[[Any], dict[str, Any]],
) -> None:
    """Body of a child: prepare, wait for the word, time the work, print a `Speed` as JSON.

    Parameters
    ----------
    prepare
        From the job, given as JSON on the command line, to what ``work`` takes; not timed.
    work
        What is timed.
    tell
        From what ``work`` returned to fields of `Speed`; not timed.
    """
    state = prepare(json.loads(sys.argv[1]))
    start_mb = memory_mb()
    print(READY, flush=True)
    if not sys.stdin.readline():
        return
    cpu, begin = time.process_time(), time.perf_counter()
    outcome = work(state)
    end, cpu = time.perf_counter(), time.process_time() - cpu
    measured = {
        "begin": begin,
        "end": end,
        "cpu_seconds": cpu,
        "start_mb": start_mb,
        "peak_mb": memory_mb(peak=True),
    }
    print(json.dumps(measured | tell(outcome)), flush=True)


class Child:
    """One measurement in a process of its own, ready to begin when it exists."""

    def __init__(self, module: str, job: dict[str, Any], python: str = sys.executable) -> None:
        self.name = module
        # Lives as long as the child.
        self._errors = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self._process = subprocess.Popen(
            [python, "-m", f"benchmarks.speed.{module}", json.dumps(job)],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.strip() == READY:
                return
        self._fail()

    def go(self) -> None:
        """Give the word."""
        assert self._process.stdin is not None
        self._process.stdin.write("go\n")
        self._process.stdin.flush()

    def result(self) -> dict[str, Any]:
        """Wait for the end and give what was measured."""
        text, _ = self._process.communicate()
        lines = text.strip().splitlines()
        if not lines or not lines[-1].startswith("{"):
            self._fail()
        self._errors.close()
        measured: dict[str, Any] = json.loads(lines[-1])
        return measured

    def _fail(self) -> None:
        self._process.wait()
        self._errors.seek(0)
        lines = self._errors.read().strip().splitlines() or ["it said nothing"]
        raise BenchmarkError(f"{self.name}: {lines[-1]}")


def together(module: str, jobs: Sequence[dict[str, Any]], python: str = sys.executable) -> Speed:
    """Measure children that begin at the same moment; time runs until the last one ends."""
    children = [Child(module, job, python) for job in jobs]
    for child in children:
        child.go()
    parts = [child.result() for child in children]
    seconds = max(part.pop("end") for part in parts) - min(part.pop("begin") for part in parts)
    return Speed.joined(parts, seconds)


def measure(module: str, job: dict[str, Any], python: str = sys.executable) -> Speed:
    """Measure one child."""
    return together(module, [job], python)
