"""Where the workflow lies: Snakefile, rules, profiles, shipped systems, default config.yaml."""

from collections.abc import Iterable
from difflib import get_close_matches

from mechanist.bookkeeping.sources import PACKAGE

SHIPPED = PACKAGE / "project"
"""Copy inside an installed package, made by setup.py; a clone has none."""

HOME = SHIPPED if (SHIPPED / "Snakefile").is_file() else PACKAGE.parents[1]
"""Folder that holds them: inside the installed package, or the clone."""


def suggestion(word: str, known: Iterable[str]) -> str:
    """The known name that resembles ``word``, as a question, and all known names."""
    names = sorted(known)
    close = get_close_matches(word, names, 1)
    question = f"did you mean {close[0]}? " if close else ""
    return f"{question}known: {', '.join(names)}" if names else "there is none yet"
