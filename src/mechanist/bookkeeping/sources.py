"""Hashes of the package's own source, so that a changed package re-runs what depends on it."""

import hashlib
import re
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]

IMPORT = re.compile(r"^\s*from mechanist(?:\.([\w.]+))? import ([\w, ]+|\([^)]*\))", re.MULTILINE)

PASSIVE = ("bookkeeping", "settings")
"""Rooms that change no result: where files lie, how they are written, what settings are allowed.

Values of settings are parameters of the rules.
"""


@cache
def imported(file: Path) -> frozenset[Path]:
    """Modules of the package that a module imports."""
    found = set()
    for module, names in IMPORT.findall(file.read_text(encoding="utf-8")):
        base = PACKAGE.joinpath(*module.split(".")) if module else PACKAGE
        found.add(base.with_suffix(".py"))
        found |= {base / f"{name}.py" for name in re.findall(r"\w+", names)}
    return frozenset(path for path in found if path.is_file())


def modules_below(stage: str, without: Collection[str] = ()) -> list[Path]:
    """The module of a stage and all that it imports, directly or not, but for some rooms."""
    result: set[Path] = set()
    queue = [PACKAGE / "stages" / f"{stage}.py"]
    while queue:
        file = queue.pop()
        room = file.relative_to(PACKAGE).parts[0]
        if file not in result and room not in PASSIVE and room not in without:
            result.add(file)
            queue += imported(file)
    return sorted(result)


def digest_of(files: Iterable[Path]) -> str:
    """Hash of names and contents of modules."""
    total = hashlib.sha256()
    for file in files:
        total.update(file.relative_to(PACKAGE).as_posix().encode() + b"\0")
        total.update(file.read_bytes())
    return total.hexdigest()


@cache
def digest(stage: str, *without: str) -> str:
    """Hash of the modules that a stage is made of, without those of some rooms."""
    return digest_of(modules_below(stage, without))[:16]


@cache
def digest_of_all() -> str:
    """Hash of all modules of the package."""
    return digest_of(sorted(PACKAGE.rglob("*.py")))
