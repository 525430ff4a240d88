"""The journal of a command: its messages, and the time it spends by kind of work.

Start-up is the time from the start of the process until the stage begins, and the time to load
libraries later.
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
"""Loops that move coordinates, Python between two strides included."""

MD = "MD"
"""The part of shooting spent in OpenMM; see `mechanist.engine.choose.make_engine`."""

TRAINING = "training"
SEARCH = "formula search"
START_UP = "start-up"

KINDS = (SHOOTING, MD, TRAINING, SEARCH, START_UP)


class Clock:
    """Total time with at least one thread inside; nested entries count once."""

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
    """Takes messages, and times work.

    Parameters
    ----------
    say
        Called with each line; None discards them.
    """

    def __init__(self, say: Callable[[str], None] | None = None) -> None:
        self._say = say
        self._begun = time.monotonic()
        self._clocks = {kind: Clock() for kind in KINDS}
        self._spans: list[tuple[float, float]] = []

    def __call__(self, text: str) -> None:
        """Pass on a line."""
        if self._say is not None:
            self._say(text)

    def clock(self, kind: str) -> Clock:
        """The clock of one of `KINDS`."""
        return self._clocks[kind]

    @contextmanager
    def work(self, kind: str) -> Iterator[None]:
        """Time what is done inside as one of `KINDS`."""
        begun = time.time()
        try:
            with self._clocks[kind]:
                yield
        finally:
            if kind != START_UP:
                self._spans.append((begun, time.time()))

    def load(self, *modules: str) -> None:
        """Import libraries, so that they count as start-up and not as work."""
        with self.work(START_UP):
            for module in modules:
                import_module(module)

    def times(self) -> dict[str, Any]:
        """Times so far, for JSON.

        Returns
        -------
        dict
            ``begun``, start of the process in Unix time; ``seconds`` and ``cpu_seconds`` since;
            ``start_up`` in s; ``kinds``, seconds and CPU seconds of each kind of work; and
            ``spans`` of work, in Unix time.
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
    """Ordered spans; those that overlap or lie within ``gap`` seconds are merged."""
    result: list[tuple[float, float]] = []
    for begun, ended in sorted(spans):
        if result and begun <= result[-1][1] + gap:
            result[-1] = result[-1][0], max(result[-1][1], ended)
        else:
            result.append((begun, ended))
    return result


def processor_seconds() -> float:
    """CPU time of this process and of its finished children."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system


def process_age() -> float:
    """Seconds since this process started, to 0.01 s."""
    import psutil

    created = float(psutil.Process().create_time())
    if not hasattr(time, "CLOCK_BOOTTIME"):
        return time.time() - created
    # Linux counts from boot, whose time of day is known to a second only.
    return time.clock_gettime(time.CLOCK_BOOTTIME) - (created - float(psutil.boot_time()))
