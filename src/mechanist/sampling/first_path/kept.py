"""Guesses that are kept until the first paths are written, for a job that is killed in between.

Under a dear force law the search takes hours. Each of its parts, hot MD or a pull, is written when
it ends, also when it ends without a guess; the same job then reads it instead.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from mechanist.bookkeeping.files import atomic
from mechanist.errors import SamplingError
from mechanist.sampling.first_path.guess import Guess

UNREADABLE = (OSError, ValueError, KeyError, TypeError, EOFError, BadZipFile)
"""What a damaged file raises; its part of the search is done again."""


class KeptGuesses:
    """Parts of a search in a folder.

    Parameters
    ----------
    folder
        Where they are.
    identity
        Of all that the guesses depend on; parts of another search do not count.
    log
        Called when a part is read.

    Attributes
    ----------
    found
        Whether any part so far has given a guess.
    """

    def __init__(self, folder: Path, identity: str, log: Callable[[str], None]) -> None:
        self._folder, self._identity, self._log = folder, identity, log
        self.found = False

    def of(self, name: str, make: Callable[[], Sequence[Guess]]) -> list[Guess]:
        """The guesses of a part of the search; ``make`` looks for them if they are not kept.

        Raises
        ------
        SamplingError
            If there are none, now or when they were looked for.
        """
        file = self._folder / f"{name}.npz"
        kept = self._read(file) if file.is_file() else None
        if kept is None:
            try:
                found = list(make())
            except SamplingError as error:
                self._write(file, (), {"where": error.where, "what": error.what})
                raise
            self._write(file, found, {})
            self.found = self.found or bool(found)
            return found
        guesses, fault = kept
        self.found = self.found or bool(guesses)
        self._log(f"{name}: {len(guesses)} guesses were kept by a job that was interrupted")
        if fault:
            raise SamplingError(fault["where"], fault["what"])
        return guesses

    def _write(self, file: Path, guesses: Sequence[Guess], fault: Mapping[str, str]) -> None:
        head = {"identity": self._identity, "fault": dict(fault)}
        text = json.dumps(head | {"notes": [guess.notes for guess in guesses]})
        frames = {f"frames_{k}": guess.frames for k, guess in enumerate(guesses)}
        with atomic(file, record=False) as partial:
            np.savez(partial, head=np.array(text), **frames)  # type: ignore[arg-type]

    def _read(self, file: Path) -> tuple[list[Guess], dict[str, Any]] | None:
        """Guesses and fault of a part; None if it is of another search or damaged."""
        try:
            with np.load(file, allow_pickle=False) as arrays:
                head = json.loads(str(arrays["head"]))
                if head["identity"] != self._identity:
                    return None
                notes = enumerate(head["notes"])
                guesses = [Guess(arrays[f"frames_{k}"], dict(note)) for k, note in notes]
                return guesses, dict(head["fault"])
        except UNREADABLE:
            return None


class NothingKept:
    """A search whose guesses are not kept."""

    def of(self, name: str, make: Callable[[], Sequence[Guess]]) -> list[Guess]:
        """See `KeptGuesses`."""
        return list(make())
