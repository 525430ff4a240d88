"""Signals to stop a job: noted when they come, acted upon between two strides."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGTERM, signal.SIGINT)
"""Sent by batch systems before the time limit of a job, and by Ctrl-C."""


class Stop:
    """The first signal to stop that has come, None before."""

    def __init__(self) -> None:
        self.signal: str | None = None

    @property
    def asked(self) -> bool:
        """Whether a signal has come."""
        return self.signal is not None

    def ask(self, number: int, frame: FrameType | None = None) -> None:
        """Note a signal; a second Ctrl-C ends the job at once."""
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.signal = signal.Signals(number).name


@contextmanager
def stop_signals() -> Iterator[Stop]:
    """Note signals to stop inside instead of ending the process."""
    stop = Stop()
    if threading.current_thread() is not threading.main_thread():
        # Python delivers signals to the main thread only.
        yield stop
        return
    before = {number: signal.signal(number, stop.ask) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
