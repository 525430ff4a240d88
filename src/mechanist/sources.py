"""Hashes of the package's own source, so that a changed package re-runs what depends on it."""

import hashlib
import re
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent

STAGE_IMPORT = re.compile(r"^from mechanist\.stages\.(\w+) import", re.MULTILINE)

DEPENDS = {
    "settings": (),
    "systems": ("settings",),
    "engine": ("systems",),
    "trajectory": ("engine",),
    "sampling": ("engine",),
    "committor": ("sampling",),
    "formula": ("committor",),
    "analysis": ("committor",),
    "report": ("analysis", "formula", "trajectory"),
}
"""Which part of the package stands on which; arrows of import point this way only."""


def parts_below(part: str) -> set[str]:
    """A part and everything that it stands on."""
    result = {part}
    for lower in DEPENDS[part]:
        result |= parts_below(lower)
    return result


def stages_below(stage: str) -> set[str]:
    """A stage's module and the modules of other stages that it imports."""
    result, queue = set(), [stage]
    while queue:
        name = queue.pop()
        if name not in result:
            result.add(name)
            text = (PACKAGE / "stages" / f"{name}.py").read_text()
            queue += STAGE_IMPORT.findall(text)
    return result


@cache
def digest(stage: str, *parts: str) -> str:
    """Hash of the modules of a stage and of the parts that it uses, with all they stand on."""
    folders = set().union(*(parts_below(part) for part in parts))
    files = [PACKAGE / "stages" / f"{name}.py" for name in sorted(stages_below(stage))]
    for folder in sorted(folders - {"settings"}):
        files += sorted((PACKAGE / folder).rglob("*.py"))
    # Settings change what a rule does only through values, which are parameters of the rule.
    total = hashlib.sha256()
    for file in files:
        total.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0")
        total.update(file.read_bytes())
    return total.hexdigest()[:16]


@cache
def digest_of_all() -> str:
    """Hash of all modules of the package."""
    total = hashlib.sha256()
    for file in sorted(PACKAGE.rglob("*.py")):
        total.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0")
        total.update(file.read_bytes())
    return total.hexdigest()
