"""Checks of XML before OpenMM reads it, since it may contain code.

A System may contain a PythonForce, whose function OpenMM unpickles; a force field may contain
scripts, which OpenMM runs. Files of OpenMM are trusted, files of a system or a run are not.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mechanist.bookkeeping.files import read_bytes
from mechanist.errors import DataError, SystemBuildError

TYPE = re.compile(r"""\btype\s*=\s*["']([^"']*)["']""")
NUMBER = re.compile(r"[0-9]{1,3}", re.ASCII)
SCRIPT = re.compile(rb"<\s*(Initialization)?Script\b")
INCLUDE = re.compile(rb"""<\s*Include\b[^>]*\bfile\s*=\s*["']([^"']*)["']""")

TABLES = frozenset(
    f"{kind}{size}DFunction" for kind in ("Continuous", "Discrete") for size in (1, 2, 3)
)


def known_types() -> frozenset[str]:
    """Types that a System may contain: forces without Python code, tabulated functions."""
    import openmm

    forces = {
        name
        for name, item in vars(openmm).items()
        if isinstance(item, type) and issubclass(item, openmm.Force)
    }
    return TABLES | {"System"} | {name for name in forces if "Python" not in name}


def read_system(path: Path) -> Any:
    """The OpenMM System of a run.

    Raises
    ------
    DataError
        If the file is missing or damaged, or contains what may be code.
    """
    content = read_bytes(path)
    if not content.isascii() or b"\0" in content:
        raise DataError(path, "damaged (not plain text); delete it and run again")
    return parse_system(content.decode(), path)


def parse_system(text: str, path: Path) -> Any:
    """The OpenMM System of a text; ``path`` is for messages.

    Raises
    ------
    DataError
        If it is damaged or contains what may be code.
    """
    import openmm

    named = code_in(text)
    if named is not None:
        raise DataError(path, f"contains a {named!r}, which may run code; delete it and run again")
    try:
        system = openmm.XmlSerializer.deserialize(text)
        if isinstance(system, openmm.System):
            return system
    except (openmm.OpenMMException, ValueError, TypeError) as error:
        reason = " ".join(str(error).split())[:200]
        raise DataError(path, f"damaged ({reason}); delete it and run again") from None
    raise DataError(path, "damaged (not a System); delete it and run again")


def code_in(text: str) -> str | None:
    """Name of what may run code in the XML of a System, or None."""
    # The steps of generalised Born forces have a number as their type, which names no class.
    types = {name for name in TYPE.findall(text) if not NUMBER.fullmatch(name)}
    strange = sorted(types - known_types())
    if strange:
        return str(strange[0])[:40]
    # OpenMM's parser may recognise tags that our pattern misses, so the word itself is refused.
    return "PythonForce" if "Python" in text else None


def check_force_field(path: Path) -> None:
    """Refuse a force-field file beside system.yaml that contains or includes a script.

    Raises
    ------
    SystemBuildError
        If it does, or if a file cannot be read.
    """
    for file in _with_included(path, set()):
        try:
            content = file.read_bytes()
        except OSError as error:
            raise SystemBuildError(file, f"cannot be read ({error.strerror})") from None
        if b"\0" in content or SCRIPT.search(content):
            raise SystemBuildError(
                file,
                "molecule.force_field: contains a script, which OpenMM would run; only files that"
                " come with OpenMM may",
            )


def _with_included(path: Path, seen: set[Path]) -> Iterator[Path]:
    """A file and the local files that it includes, at all levels."""
    if path in seen or not path.is_file():
        return
    seen.add(path)
    yield path
    for name in INCLUDE.findall(path.read_bytes()):
        yield from _with_included(path.parent / name.decode(errors="replace"), seen)
