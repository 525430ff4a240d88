"""Where the workflow lies: Snakefile, rules, profiles, shipped systems, default config.yaml."""

from collections.abc import Iterable

from mechanist.bookkeeping.sources import PACKAGE
from mechanist.errors import did_you_mean

SHIPPED = PACKAGE / "project"
"""Copy inside an installed package, made by setup.py; a clone has none."""

HOME = SHIPPED if (SHIPPED / "Snakefile").is_file() else PACKAGE.parents[1]
"""Folder that holds them: inside the installed package, or the clone."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """The known name that resembles ``word``, as a question, and all known names."""
    names = sorted(known)
    if not names:
        return "there is none yet"
    return f"{did_you_mean(word, names)} known: {', '.join(names)}".lstrip()
