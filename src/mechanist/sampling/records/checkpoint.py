"""The files of a job that is under way, from which another process goes on.

What is finished goes into numbered parts, which never change; what still changes goes into one
file, written anew each time, that says how many parts belong to it. Every file is written to a
temporary name and renamed, so that a job killed at any moment leaves the state before or after,
never one in between.
"""

import fcntl
import json
import os
import shutil
import time
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from mechanist.arrays import NamedArrays
from mechanist.bookkeeping.files import atomic
from mechanist.errors import DataError, SamplingError

FORMAT = 1
"""Number of this way of writing; what was written in another one is not read."""

PATIENCE = 60.0
"""Seconds to wait for a process that still writes: one that was just told to stop."""


@dataclass(frozen=True)
class Kept:
    """What a job has left: its finished parts, the rest of its state, and notes about it."""

    parts: list[NamedArrays]
    state: NamedArrays
    notes: dict[str, str]


class Checkpoint:
    """State of one job in a folder of its own.

    Parameters
    ----------
    folder
        Made by `held`, removed by `remove`.
    identity
        Everything that the job follows from; a state of another identity is not gone on with.
    """

    def __init__(self, folder: Path, identity: Mapping[str, object]) -> None:
        self.folder = folder
        self._identity = json.dumps({"format": FORMAT, **identity}, sort_keys=True)
        self._parts = 0

    @property
    def file(self) -> Path:
        """What is written anew each time."""
        return self.folder / "state.npz"

    def _part(self, number: int) -> Path:
        return self.folder / f"part_{number:04d}.npz"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other processes out; a killed job may still be about to end.

        Raises
        ------
        SamplingError
            If another process goes on with the same job.
        """
        handle = _locked(self.folder)
        try:
            yield
        finally:
            # A job that failed before it had a state leaves nothing.
            if not self.file.is_file():
                self.remove()
            handle.close()

    def read(self) -> Kept | None:
        """What was left; None if nothing was, or by another job.

        Raises
        ------
        DataError
            If a file is damaged.
        """
        if not self.file.is_file():
            return None
        state = _read(self.file)
        try:
            if str(state.pop("identity")) != self._identity:
                return None
            self._parts = int(state.pop("parts"))
            notes = json.loads(str(state.pop("notes")))
        except (KeyError, ValueError) as error:
            raise _damaged(self.file, error) from None
        return Kept([_read(self._part(i)) for i in range(self._parts)], state, notes)

    def write(self, fresh: NamedArrays, state: NamedArrays, notes: Mapping[str, str]) -> None:
        """Add a part of finished things, unless it is empty, and write the state anew."""
        if fresh:
            _write(self._part(self._parts), fresh)
            self._parts += 1
        head: NamedArrays = {
            "identity": np.array(self._identity),
            "parts": np.array(self._parts),
            "notes": np.array(json.dumps(dict(notes))),
        }
        _write(self.file, state | head)

    def remove(self) -> None:
        """Take everything away: the job is done."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _locked(folder: Path) -> TextIO:
    """An open file in the folder that no other process has locked; closing it gives it free."""
    until = time.monotonic() + PATIENCE
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / "lock").open("w")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The one before may have taken the folder away in the meantime.
            if _is_there(folder / "lock", handle):
                return handle
        except BlockingIOError:
            if time.monotonic() > until:
                handle.close()
                raise SamplingError(folder, "another process makes this job") from None
            time.sleep(0.1)
        except OSError:
            # A disk without locks: there is only the workflow's own.
            return handle
        handle.close()


def _is_there(path: Path, handle: TextIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(handle.fileno()))
    except FileNotFoundError:
        return False


def _write(path: Path, arrays: NamedArrays) -> None:
    with atomic(path) as temporary:
        np.savez(temporary, allow_pickle=False, **arrays)


def _read(path: Path) -> NamedArrays:
    try:
        with np.load(path, allow_pickle=False) as content:
            return {name: content[name] for name in content.files}
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise _damaged(path, error) from None


def _damaged(path: Path, error: Exception) -> DataError:
    return DataError(path, f"damaged ({error}); delete its folder, and the job begins anew")


def prefixed(prefix: str, arrays: NamedArrays) -> NamedArrays:
    """NamedArrays with a prefix before their names."""
    return {f"{prefix}.{name}": array for name, array in arrays.items()}


def under(prefix: str, arrays: Mapping[str, Any]) -> NamedArrays:
    """Inverse of `prefixed`, of an archive that may hold others as well."""
    cut = len(prefix) + 1
    return {name[cut:]: a for name, a in arrays.items() if name.startswith(f"{prefix}.")}
