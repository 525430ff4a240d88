"""Errors that a user can act on: one line that names the file, the key and the value."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The known name that resembles ``word``, as a question; empty if none does."""
    close = get_close_matches(word, known, 1)
    return f"did you mean {close[0]}?" if close else ""


class MechanistError(Exception):
    """A fault in the input or in the state of a run, described in one line.

    Parameters
    ----------
    where
        The file or the stage of the fault.
    what
        The key and value at fault and what is allowed instead.
    """

    def __init__(self, where: object, what: str) -> None:
        self.where = str(where)
        self.what = " ".join(what.split())
        super().__init__(f"{self.where}: {self.what}")


class SettingsError(MechanistError):
    """A wrong key, type, range or unit in config.yaml or system.yaml."""


class SystemBuildError(MechanistError):
    """A structure, force field, descriptor or state that cannot be built."""


class DataError(MechanistError):
    """A file of a run that is missing, damaged or does not fit the others."""


class SamplingError(MechanistError):
    """Sampling that cannot continue, for example because no first path was found."""


class Interrupted(MechanistError):
    """A job stopped by a signal; the same command resumes it."""
