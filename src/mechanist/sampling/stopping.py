"""A job that is told to stop: signals are noted, and acted upon between two strides."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""What batch systems send before a job's time is up, and what Ctrl-C sends."""


class Stop:
    """Whether the job was told to stop, and by which signal."""

    def __init__(self) -> None:
        self.signal: str | None = None

    @property
    def asked(self) -> bool:
        """Whether it was."""
        return self.signal is not None

    def ask(self, number: int, frame: FrameType | None = None) -> None:
        """Note a signal; Ctrl-C for the second time ends the job at once."""
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.signal = signal.Signals(number).name


@contextmanager
def stoppable() -> Iterator[Stop]:
    """Note signals to stop inside, instead of dying of them."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        # Only the main thread is told of signals.
        yield stop
        return
    before = {number: signal.signal(number, stop.ask) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
