"""Results of long runs, kept below .truth so that `make truth` can be stopped and continued.

A result is made again once any module of the package or of tests/truth has changed.
"""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from mechanist.bookkeeping.files import read_json, write_json
from mechanist.bookkeeping.sources import digest_of_all, digest_of_script
from tests.conftest import REPOSITORY

KEPT = REPOSITORY / ".truth"


@cache
def version(module: str) -> str:
    """Hash of the package and of a module of tests with what it imports."""
    return digest_of_all()[:12] + digest_of_script(module, REPOSITORY)[:4]


def kept(name: str, module: str, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The result ``name`` of a module of tests, made unless it is there."""
    file = Path(KEPT, version(module), f"{name}.json")
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_json(file, json.loads(json.dumps(make())), record=False)
    content: dict[str, Any] = read_json(file)
    return content
