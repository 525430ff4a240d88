"""The files of a checkpoint, from which another process resumes a job.

Numbers of finished results go into numbered parts, which never change, and their frames into logs
(`mechanist.sampling.records.frame_log`); all else goes into one file, rewritten each time, which
says how many parts and frames belong to it. Every file is written to a temporary name and
renamed, so that a job killed at any moment leaves a complete earlier or later state.
"""

import fcntl
import json
import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np

from mechanist.arrays import NamedArrays
from mechanist.bookkeeping.files import atomic
from mechanist.bookkeeping.npz import read_npz
from mechanist.errors import DataError, SamplingError

FORMAT = 2
"""Version of the format; files of another version are not read."""

PATIENCE = 60.0
"""Seconds to wait for another process of the same job that is about to stop."""


@dataclass(frozen=True)
class SavedState:
    """State of a stopped job: its finished parts, all else that changes, and notes about it."""

    parts: list[NamedArrays]
    state: NamedArrays
    notes: dict[str, str]


class CheckpointFiles:
    """The checkpoint of one job, in a folder of its own.

    Parameters
    ----------
    folder
        Created by `locked`, deleted by `remove`.
    identity
        Everything that the job follows from; a state of another identity is not resumed.
    """

    def __init__(self, folder: Path, identity: Mapping[str, object]) -> None:
        self.folder = folder
        self._identity = json.dumps({"format": FORMAT, **identity}, sort_keys=True)
        self._parts = 0

    @property
    def file(self) -> Path:
        """The file that is rewritten each time."""
        return self.folder / "state.npz"

    def _part(self, number: int) -> Path:
        return self.folder / f"part_{number:04d}.npz"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder, waiting a while for another process of the job to end.

        Raises
        ------
        SamplingError
            If another process runs the same job.
        """
        handle = _locked(self.folder)
        try:
            yield
        finally:
            # A job that failed before its first checkpoint leaves nothing.
            if not self.file.is_file():
                self.remove()
            handle.close()

    def read(self) -> SavedState | None:
        """The state that was written; None if there is none, or one of another job.

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
        return SavedState([_read(self._part(i)) for i in range(self._parts)], state, notes)

    def write(self, finished: NamedArrays, state: NamedArrays, notes: Mapping[str, str]) -> None:
        """Add a part of finished results, unless it is empty, and rewrite the state."""
        if finished:
            _write(self._part(self._parts), finished)
            self._parts += 1
        head: NamedArrays = {
            "identity": np.array(self._identity),
            "parts": np.array(self._parts),
            "notes": np.array(json.dumps(dict(notes))),
        }
        _write(self.file, state | head)

    def remove(self) -> None:
        """Delete the checkpoint: the job is done."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _locked(folder: Path) -> TextIO:
    """An open, locked file in the folder; closing it releases the lock."""
    until = time.monotonic() + PATIENCE
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        handle = (folder / "lock").open("w", encoding="utf-8")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # The process before may have deleted the folder in the meantime.
            if _is_there(folder / "lock", handle):
                return handle
        except BlockingIOError:
            if time.monotonic() > until:
                handle.close()
                raise SamplingError(folder, "another process runs this job") from None
            time.sleep(0.1)
        except OSError:
            # A file system without locks: only the workflow's own lock remains.
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
        return read_npz(path)
    except DataError as error:
        raise _damaged(path, error.what) from None


def _damaged(path: Path, error: object) -> DataError:
    return DataError(path, f"damaged ({error}); delete its folder to start the job again")
