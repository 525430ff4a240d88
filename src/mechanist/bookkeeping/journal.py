"""The journal of a command: what it says, and where its time goes.

Seconds are kept by kind, so that a run can show how much of it was work. Start-up is the time from
the start of the process until the stage began, and libraries that the stage loads later.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from threading import Lock
from types import TracebackType
from typing import Any

Log = Callable[[str], None]
"""Takes one line of text."""

SHOOTING = "shooting"
"""Loops that move coordinates, with all that Python does between two strides."""

MD = "MD"
"""The part of shooting in which OpenMM works; see `mechanist.engine.choose.make_engine`."""

TRAINING = "training"
SEARCH = "formula search"
START_UP = "start-up"

KINDS = (SHOOTING, MD, TRAINING, SEARCH, START_UP)


class Clock:
    """Adds up the time in which at least one thread is inside: entered again, it counts once."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.cpu_seconds = 0.0
        self._inside = 0
        self._begun = (0.0, 0.0)
        self._lock = Lock()

    def __enter__(self) -> "Clock":
        with self._lock:
            if self._inside == 0:
                self._begun = time.monotonic(), processor_seconds()
            self._inside += 1
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self.seconds += time.monotonic() - self._begun[0]
                self.cpu_seconds += processor_seconds() - self._begun[1]


class Journal:
    """Takes lines of text, and the time of work.

    Parameters
    ----------
    say
        Called with each line; nothing is said if None.
    """

    def __init__(self, say: Callable[[str], None] | None = None) -> None:
        self._say = say
        self._begun = time.monotonic()
        self._clocks = {kind: Clock() for kind in KINDS}
        self._spans: list[tuple[float, float]] = []

    def __call__(self, text: str) -> None:
        """Say a line."""
        if self._say is not None:
            self._say(text)

    def clock(self, kind: str) -> Clock:
        """The clock of one of `KINDS`."""
        return self._clocks[kind]

    @contextmanager
    def work(self, kind: str) -> Iterator[None]:
        """Count what is done inside as one of `KINDS`."""
        begun = time.time()
        try:
            with self._clocks[kind]:
                yield
        finally:
            if kind != START_UP:
                self._spans.append((begun, time.time()))

    def load(self, *modules: str) -> None:
        """Import libraries that are needed soon, so that they count as start-up and not as work."""
        with self.work(START_UP):
            for module in modules:
                import_module(module)

    def times(self) -> dict[str, Any]:
        """Where the time has gone so far, for JSON.

        Returns
        -------
        dict
            ``begun``, when the process started, as Unix time; ``seconds`` and ``cpu_seconds`` since
            then; ``start_up`` in s; ``kinds``, seconds and CPU seconds of each kind of work; and
            ``spans``, when work went on, in Unix time.
        """
        age, now = process_age(), time.time()
        before = age - (time.monotonic() - self._begun)
        kinds = {kind: self._clocks[kind] for kind in KINDS if kind != START_UP}
        return {
            "begun": now - age,
            "seconds": age,
            "cpu_seconds": processor_seconds(),
            "start_up": before + self._clocks[START_UP].seconds,
            "kinds": {
                kind: {"seconds": clock.seconds, "cpu_seconds": clock.cpu_seconds}
                for kind, clock in kinds.items()
            },
            "spans": merged(self._spans),
        }


def merged(spans: list[tuple[float, float]], gap: float = 0.0) -> list[tuple[float, float]]:
    """Spans in order, those that overlap or are no further apart than ``gap`` seconds as one."""
    result: list[tuple[float, float]] = []
    for begun, ended in sorted(spans):
        if result and begun <= result[-1][1] + gap:
            result[-1] = result[-1][0], max(result[-1][1], ended)
        else:
            result.append((begun, ended))
    return result


def processor_seconds() -> float:
    """Processor time of this process, and of processes that it has started and waited for."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def process_age() -> float:
    """Seconds since this process started, to a hundredth."""
    import psutil

    created = float(psutil.Process().create_time())
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return time.time() - created
    # Linux counts from its boot, whose time of day is only known to a second.
    return time.clock_gettime(time.CLOCK_BOOTTIME) - (created - float(psutil.boot_time()))
