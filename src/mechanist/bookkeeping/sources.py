"""Hashes of the package's own source, so that a changed package re-runs what depends on it."""

import hashlib
import re
from collections.abc import Collection, Iterable
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]

IMPORT = re.compile(r"^\s*from ([\w.]+) import ([\w, ]+|\([^)]*\))", re.MULTILINE)

PASSIVE = ("bookkeeping", "settings")
"""Rooms that change no result: paths, writing of files, allowed settings.

Values of settings are parameters of the rules.
"""


@cache
def imported(file: Path, home: Path) -> frozenset[Path]:
    """Modules of this package, and of others in the folder ``home``, that a module imports."""
    found = set()
    for module, names in IMPORT.findall(file.read_text(encoding="utf-8")):
        top, *rest = module.split(".")
        base = (PACKAGE if top == PACKAGE.name else home / top).joinpath(*rest)
        found.add(base.with_suffix(".py"))
        found |= {base / f"{name}.py" for name in re.findall(r"\w+", names)}
    return frozenset(path for path in found if path.is_file())


def modules_below(start: Path, home: Path, without: Collection[str] = ()) -> list[Path]:
    """A module and all that it imports, directly or not, but for some rooms of the package."""
    result: set[Path] = set()
    queue = [start]
    while queue:
        file = queue.pop()
        room = file.relative_to(PACKAGE).parts[0] if file.is_relative_to(PACKAGE) else ""
        if file not in result and room not in PASSIVE and room not in without:
            result.add(file)
            queue += imported(file, home)
    return sorted(result)


def digest_of(files: Iterable[Path], home: Path = PACKAGE.parent) -> str:
    """Hash of names and contents of modules of the package or in the folder ``home``."""
    total = hashlib.sha256()
    for file in files:
        root = PACKAGE if file.is_relative_to(PACKAGE) else home
        total.update(file.relative_to(root).as_posix().encode() + b"\0")
        total.update(file.read_bytes())
    return total.hexdigest()


@cache
def digest(stage: str, *without: str) -> str:
    """Hash of the modules that a stage depends on, except those of some rooms."""
    start = PACKAGE / "stages" / f"{stage}.py"
    return digest_of(modules_below(start, PACKAGE.parent, without))[:16]


@cache
def digest_of_script(module: str, home: Path) -> str:
    """Hash of a module in the folder ``home``, as benchmarks.x, and of all that it imports."""
    start = home.joinpath(*module.split(".")).with_suffix(".py")
    return digest_of(modules_below(start, home), home)[:16]


@cache
def digest_of_all() -> str:
    """Hash of all modules of the package."""
    return digest_of(sorted(PACKAGE.rglob("*.py")))
