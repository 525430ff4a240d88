"""Files of code that users keep beside system.yaml: descriptors.py, a force law.

They run with the rights of the user: a message precedes the run of a file outside a folder
``systems/``.
"""

import sys
from collections.abc import Callable
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

from mechanist.bookkeeping.files import sha256
from mechanist.bookkeeping.home import HOME
from mechanist.errors import DataError, SystemBuildError


def load_function(file: str, name: str, digest: str) -> Callable[..., Any]:
    """A function of a file whose hash is ``digest``.

    Raises
    ------
    SystemBuildError
        If there is none of this name.
    """
    names = load_module(file, digest)
    function = names.get(name)
    if not callable(function):
        known = ", ".join(sorted(k for k, v in names.items() if callable(v) and k[0] != "_"))
        raise SystemBuildError(file, f"{name!r}: there is no such function; there are: {known}")
    return function  # type: ignore[no-any-return]


def check_file(path: Path, digest: str) -> None:
    """Refuse a file whose hash is not ``digest``."""
    if not path.is_file():
        raise DataError(path, "is missing, but this run uses it")
    if sha256(path) != digest:
        raise DataError(
            path, "has changed since 'mechanist prepare'; run that, 'describe' and what follows"
        )


def announce(path: Path, digest: str) -> None:
    """Before code runs: check its hash, and say where it lies if that is outside ``systems/``."""
    check_file(path, digest)
    if not trusted(path):
        print(f"mechanist: runs the code in {path}", file=sys.stderr, flush=True)


class SourceLoader(SourceFileLoader):
    """Takes the text, whose hash was checked; Python would take a compiled file beside it."""

    def get_code(self, fullname: str) -> CodeType:
        """Compile the text."""
        code: CodeType = self.source_to_code(self.get_data(self.path), self.path)
        return code


@cache
def load_module(file: str, digest: str) -> dict[str, Any]:
    """Names that a file of code defines; it runs once per process.

    Raises
    ------
    DataError
        If the file is missing or its hash is not ``digest``.
    SystemBuildError
        If it raises an error.
    """
    import importlib.util

    path = Path(file)
    announce(path, digest)
    name = f"mechanist_user_code_{digest[:12]}"
    loader = SourceLoader(name, str(path))
    spec = importlib.util.spec_from_file_location(name, path, loader=loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    try:
        loader.exec_module(module)
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise SystemBuildError(path, f"does not load: {reason[:200]}") from None
    return vars(module)


def trusted(path: Path) -> bool:
    """Whether a file lies in ``systems/`` of the working directory or of the workflow."""
    roots = (Path.cwd(), HOME)
    return any(path.resolve().is_relative_to(root.resolve() / "systems") for root in roots)
