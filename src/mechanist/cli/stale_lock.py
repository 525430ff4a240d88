"""The lock that Snakemake leaves in a folder when it is killed."""

import os
import platform
import re
from pathlib import Path

from mechanist.bookkeeping.files import write_text

PROGRAMS = re.compile("snakemake|mechanist")

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
    return _held_here(folder) and not _processes_in(folder)


def holders(folder: Path) -> list[str]:
    """Processes that keep a folder locked, such as ``4711 (mechanist equilibrium)``."""
    return _processes_in(folder) if _held_here(folder) else []


def _held_here(folder: Path) -> bool:
    owner = folder / OWNER
    if not (is_locked(folder) and owner.is_file()):
        return False
    return owner.read_text(encoding="utf-8") == platform.node()


def _processes_in(folder: Path) -> list[str]:
    """Processes other than this one and its parents that run the workflow in a folder."""
    import psutil

    ours = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            known = [i for i, word in enumerate(words) if PROGRAMS.search(word)]
            if known and process.pid not in ours and Path(process.cwd()) == folder.resolve():
                found.append(f"{process.pid} ({_said(words[known[0] :])})")
        except psutil.Error:
            # It has ended, or is another user's.
            continue
    return found


def _said(words: list[str]) -> str:
    """A program of ours and its first argument, without paths and options."""
    stage = words[1] if len(words) > 1 and words[1].isidentifier() else ""
    found = PROGRAMS.search(words[0])
    return f"{found.group() if found else words[0]} {stage}".strip()
