"""Hashes of the package's own source, so that a changed package re-runs what depends on it."""

import hashlib
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent

DEPENDS = {
    "settings": (),
    "systems": ("settings",),
    "engine": ("systems",),
    "sampling": ("engine",),
    "committor": ("sampling",),
    "formula": ("committor",),
    "analysis": ("committor",),
    "report": ("analysis", "formula"),
}
"""Which part of the package stands on which; arrows of import point this way only."""


def parts_below(part: str) -> set[str]:
    """A part and everything that it stands on."""
    result = {part}
    for lower in DEPENDS[part]:
        result |= parts_below(lower)
    return result


@cache
def digest(stage: str, *parts: str) -> str:
    """Hash of a stage's module and of the parts that it uses, with all that they stand on."""
    folders = set().union(*(parts_below(part) for part in parts))
    files = [PACKAGE / "stages" / f"{stage}.py"]
    for folder in sorted(folders - {"settings"}):
        files += sorted((PACKAGE / folder).rglob("*.py"))
    # Settings change what a rule does only through values, which are parameters of the rule.
    total = hashlib.sha256()
    for file in files:
        total.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0")
        total.update(file.read_bytes())
    return total.hexdigest()[:16]
