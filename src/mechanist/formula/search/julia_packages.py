"""The Julia package of PySR: which version PySR asks for, which one a project has, where it is.

PySR's juliapkg.json names a range of versions in the notation of Julia's Pkg (manual, chapter
Compatibility): ``~2.7.2`` is 2.7.2 up to but not including 2.8, ``^2.7.2`` or ``2.7.2`` up to 3,
``=2.7.2`` itself, ``>=2.7`` and ``<3`` what they say, ``2.6 - 2.8`` through all of 2.8; commas
separate alternatives. The project's manifest names one version, with the hash of its files, or the
path of a package under development, or neither if it comes with Julia.
"""

import json
import re
import tomllib
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

PACKAGE = "SymbolicRegression"
NUMBER = re.compile(r"\d+(?:\.\d+){0,2}")
HYPHEN = re.compile(r"\s+-\s+")

Version = tuple[int, ...]


def asked_for() -> str | None:
    """Versions of the package that the installed PySR asks for, or None if it cannot be read."""
    spec = find_spec("pysr")
    for folder in (spec and spec.submodule_search_locations) or ():
        try:
            content = json.loads((Path(folder) / "juliapkg.json").read_text(encoding="utf-8"))
            return str(content["packages"][PACKAGE]["version"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return None


def allowed(version: str, wanted: str) -> bool:
    """Whether a version is within a range in Pkg's notation."""
    number = NUMBER.match(version)
    if number is None:
        return False
    exact = _digits(number[0])
    return any(low <= exact < high for low, high in map(_range, wanted.split(",")))


def _range(text: str) -> tuple[Version, Version]:
    """Lowest version of a range, and the lowest one above it."""
    text = text.strip()
    ends = HYPHEN.split(text)
    if len(ends) == 2:
        last = ends[1].strip()
        return _digits(ends[0]), _above(last, last.count("."))
    number = NUMBER.search(text)
    if number is None:
        return (1,), (0,)
    sign, low = text[: number.start()].strip(), _digits(number[0])
    written = number[0].count(".")
    if sign == "=":
        return low, _above(number[0], 2)
    if sign in {">=", "≥"}:
        return low, (10**9,)
    if sign == "<":
        return (0, 0, 0), low
    if sign == "~":
        return low, _above(number[0], min(written, 1))
    # A caret, or nothing: up to the next change of the first digit that is not 0.
    first = next((i for i, digit in enumerate(low) if digit), written)
    return low, _above(number[0], min(first, written))


def _digits(text: str) -> Version:
    given = [int(part) for part in text.strip().split(".")]
    return tuple(given + [0] * (3 - len(given)))


def _above(text: str, place: int) -> Version:
    """The version with the digit at a place one higher and zeros after it."""
    digits = _digits(text)
    return (*digits[:place], digits[place] + 1, *[0] * (2 - place))


def entry_of(project: Path) -> dict[str, Any] | None:
    """Entry of the package in the manifest of a project, or None."""
    for name in ("JuliaManifest.toml", "Manifest.toml", *_numbered(project)):
        try:
            content = tomllib.loads((project / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        entries = content.get("deps", {}).get(PACKAGE)
        if entries:
            return dict(entries[0])
    return None


def _numbered(project: Path) -> list[str]:
    """Manifests of single versions of Julia, such as Manifest-v1.11.toml, newest first."""
    return sorted((path.name for path in project.glob("*Manifest-v*.toml")), reverse=True)


def is_there(entry: dict[str, Any], project: Path, depots: Sequence[Path]) -> bool:
    """Whether the files of an entry of a manifest are there."""
    if "path" in entry:
        # Under development; relative to the manifest.
        return (project / str(entry["path"]) / "src" / f"{PACKAGE}.jl").is_file()
    if "git-tree-sha1" not in entry:
        # It comes with Julia.
        return True
    return any(any((depot / "packages" / PACKAGE).glob("*/src")) for depot in depots)
