"""Files of a run: written to a temporary name and renamed, hashed, and checked when read."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mechanist.errors import DataError


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` and rename it to ``path`` if all went well.

    Yields
    ------
    Path
        The temporary file, with the same suffix as ``path`` because some writers look at it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # What a killed job has left of the same file; no two jobs write the same file.
    for stale in path.parent.glob(f".{path.stem}.*.partial{path.suffix}"):
        stale.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield temporary
        with temporary.open("rb") as handle:
            os.fsync(handle.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` in one step."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, content: Any) -> None:
    """Write ``content`` as indented JSON; NaN and infinity are an error, as JSON has neither."""
    write_text(path, json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    DataError
        If the file is missing or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(path, "the file is missing; run the stage that makes it again") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(path, f"damaged, not JSON ({error}); delete it and run again") from None


def sha256(path: Path) -> str:
    """Hash of a file's bytes, as hexadecimal text."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def manifest(files: Iterable[Path], root: Path) -> dict[str, str]:
    """Hashes of ``files`` keyed by their path below ``root``."""
    return {path.relative_to(root).as_posix(): sha256(path) for path in sorted(files)}


def check_manifest(hashes: Mapping[str, str], root: Path) -> None:
    """Compare files below ``root`` with the hashes of their manifest.

    Raises
    ------
    DataError
        If a file is missing or its bytes have changed.
    """
    for name, expected in hashes.items():
        path = root / name
        if not path.is_file():
            raise DataError(path, "named in manifest.json but missing; delete the round folder")
        if sha256(path) != expected:
            raise DataError(
                path, "changed since manifest.json was written; delete the round folder"
            )
