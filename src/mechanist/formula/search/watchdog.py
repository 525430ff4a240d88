"""Processes that end with their parent: the parent holds a pipe to their input and never writes.

Julia makes descriptor 0 non-blocking, for all who share what is open there. So the pipe is read by
a duplicate, and the null device takes its place.
"""

import os
import signal
import threading


def end_with_parent() -> None:
    """End this process, and its group if it leads one, when the pipe on descriptor 0 closes.

    Call it before anything starts Julia.
    """
    pipe = os.dup(0)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    threading.Thread(target=_watch, args=(pipe,), daemon=True).start()


def _watch(pipe: int) -> None:
    # Not sys.stdin, whose lock this thread would hold when the interpreter ends.
    os.read(pipe, 1)
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os._exit(3)
