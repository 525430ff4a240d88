"""Progress of long work: amount done, rate, and time left."""

import math
import time
from collections.abc import Callable

Progress = Callable[[int, int], None]
"""Called with the amount done and the total."""


def reporter(log: Callable[[str], None], what: str = "shots", every: float = 10.0) -> Progress:
    """Log progress every few seconds: amount done, rate, and time left at this rate."""
    begin = last = time.monotonic()
    before: int | None = None

    def report(done: int, total: int) -> None:
        nonlocal last, before
        now = time.monotonic()
        if before is None:
            # A resumed job has done some earlier.
            before = max(done - 1, 0)
        if now - last >= every:
            last = now
            rate = (done - before) / (now - begin)
            pace = f"{rate:,.0f}" if rate >= 10 else f"{rate:.2g}"
            left = (total - done) / rate if rate > 0 else math.inf
            wait = f", {duration(left)} left" if math.isfinite(left) else ""
            log(f"{done:,} of {total:,} {what}, {pace} a second{wait}")

    return report


def duration(seconds: float) -> str:
    """``0.25 s``, ``48 s``, ``5.2 min``, ``3.1 h``, ``4.0 days``."""
    if seconds < 99.5:
        return f"{seconds:.2g} s"
    for most, unit, size in ((6000, "min", 60), (345_600, "h", 3600)):
        if seconds < most:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds / 86_400:.1f} days"
