"""The lock that Snakemake leaves in a folder when it is killed."""

import os
import platform
from pathlib import Path

from mechanist.bookkeeping.files import write_text

LOCKS, OWNER = Path(".snakemake/locks"), Path(".snakemake/mechanist_host")


def is_locked(folder: Path) -> bool:
    """Whether a run holds a folder, or held it when it was killed."""
    return any((folder / LOCKS).glob("*.lock"))


def own(folder: Path) -> None:
    """Note that a run on this machine takes the lock of a folder."""
    (folder / OWNER).parent.mkdir(exist_ok=True)
    write_text(folder / OWNER, platform.node(), record=False)


def is_stale(folder: Path) -> bool:
    """Whether a folder is locked by a run of this machine of which no process is alive.

    A run of another machine that shares the disk may live; its lock is left alone.
    """
    owner = folder / OWNER
    if not (is_locked(folder) and owner.is_file()):
        return False
    here = owner.read_text(encoding="utf-8") == platform.node()
    return here and not _processes_in(folder)


def _processes_in(folder: Path) -> bool:
    """Whether a process other than this one and its parents runs the workflow in a folder."""
    import psutil

    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    for process in psutil.process_iter():
        try:
            words = " ".join(process.cmdline())
            known = "snakemake" in words or "mechanist" in words
            if known and process.pid not in ours and Path(process.cwd()) == folder.resolve():
                return True
        except psutil.Error:
            # It has ended, or is another user's.
            continue
    return False
