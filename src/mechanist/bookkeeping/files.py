"""Files of a run: written to a temporary name and renamed, hashed, and checked when read.

Each file ``NAME`` has a receipt ``.NAME.sha256`` beside it, one line that ``sha256sum -c`` reads.
When a file is read, its bytes are compared with the receipt. A file without a receipt, from an
older version or another program, is read unchecked.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mechanist.errors import DataError

JSON_LIMIT = 2**28
"""Largest JSON file that is read, in bytes; those of a run are smaller."""

WRONG = (TypeError, ValueError, IndexError, AttributeError, ArithmeticError, RecursionError)
"""Errors that Python raises on malformed data."""

MISSING = "the file is missing; rerun the stage that writes it"


@contextmanager
def atomic(path: Path, record: bool = True) -> Iterator[Path]:
    """Give a temporary path beside ``path``, renamed to ``path`` on success.

    Parameters
    ----------
    path
        The file.
    record
        Whether to write a receipt.

    Yields
    ------
    Path
        The temporary file, with the suffix of ``path``, which some writers depend on.

    Raises
    ------
    OSError
        If it cannot be written; the error names ``path``.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Left by a killed job; no two jobs write the same file.
        for stale in path.parent.glob(f".{path.stem}.*.partial{path.suffix}"):
            stale.unlink(missing_ok=True)
        yield temporary
        _finish(temporary, path, record)
    except OSError as error:
        # The error of a full disk names no file, and the temporary name is of no use to the reader.
        if error.filename in (None, str(temporary)):
            raise OSError(error.errno, error.strerror or str(error), str(path)) from None
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _finish(temporary: Path, path: Path, record: bool) -> None:
    """Rename a complete file, with its receipt.

    The old receipt is removed first, so that a reader in between finds none rather than a wrong
    one. The new one is on disk before the file is renamed, so that a full disk changes nothing.
    """
    with temporary.open("rb") as handle:
        os.fsync(handle.fileno())
    slip = receipt(path)
    if not record:
        slip.unlink(missing_ok=True)
        temporary.replace(path)
        return
    draft = temporary.with_name(temporary.name + ".sha256")
    try:
        with draft.open("w", encoding="utf-8") as handle:
            handle.write(receipt_text(path.name, sha256(temporary)))
            handle.flush()
            os.fsync(handle.fileno())
        slip.unlink(missing_ok=True)
        temporary.replace(path)
        draft.replace(slip)
    except OSError as error:
        if error.filename in (None, str(draft)):
            raise OSError(error.errno, error.strerror, str(path)) from None
        raise
    finally:
        draft.unlink(missing_ok=True)


def receipt(path: Path) -> Path:
    """Path of the receipt of a file."""
    return path.with_name(f".{path.name}.sha256")


def receipt_text(name: str, digest: str) -> str:
    """Content of the receipt of a file."""
    return f"{digest}  {name}\n"


def check(path: Path, content: bytes | None = None) -> None:
    """Compare a file (or the ``content`` that was read from it) with its receipt, if it has one.

    Raises
    ------
    DataError
        If the bytes differ from those written.
    """
    try:
        expected = receipt(path).read_bytes()
    except FileNotFoundError:
        return
    found = sha256(path) if content is None else hashlib.sha256(content).hexdigest()
    if receipt_text(path.name, found).encode() != expected:
        raise DataError(
            path, f"damaged: differs from its receipt {receipt(path).name}; delete it and run again"
        )


def read_bytes(path: Path) -> bytes:
    """All bytes of a file of a run.

    Raises
    ------
    DataError
        If it is missing or differs from its receipt.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(path, MISSING) from None
    check(path, content)
    return content


def write_bytes(path: Path, content: bytes, record: bool = True) -> None:
    """Write ``content`` to ``path`` in one step."""
    with atomic(path, record) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, text: str, record: bool = True) -> None:
    """Write ``text`` to ``path`` in one step."""
    write_bytes(path, text.encode(), record)


def copy(origin: Path, target: Path) -> None:
    """Copy a file of a run; raises the errors of `read_bytes` and `atomic`."""
    if not origin.is_file():
        raise DataError(origin, MISSING)
    check(origin)
    with atomic(target) as temporary:
        shutil.copyfile(origin, temporary)


def write_json(path: Path, content: Any, record: bool = True) -> None:
    """Write ``content`` as indented JSON; NaN and infinity, which JSON lacks, are errors."""
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    write_text(path, text, record)


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    DataError
        If the file is missing, differs from its receipt, is too large or is not JSON; NaN, infinity
        and numbers beyond double precision are not JSON.
    """
    if path.is_file() and path.stat().st_size > JSON_LIMIT:
        raise DataError(path, f"damaged, larger than {JSON_LIMIT >> 20} MiB; delete it")
    content = read_bytes(path)
    try:
        return parse_json(content.decode())
    except (ValueError, RecursionError) as error:
        reason = str(error)[:200]
        raise DataError(path, f"damaged, not JSON ({reason}); delete it and run again") from None


def parse_json(text: str) -> Any:
    """Plain data of JSON text; ValueError or RecursionError if it is not JSON."""
    return json.loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_integer)


def _refuse(name: str) -> float:
    raise ValueError(f"{name}: numbers must be finite")


def _finite(text: str) -> float:
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError(f"{text[:40]} is too large")
    return value


def _integer(text: str) -> int:
    if len(text) > 20:
        raise ValueError(f"{text[:40]} is too large")
    return int(text)


@contextmanager
def damage_reported(path: Path) -> Iterator[None]:
    """Turn Python's errors on malformed data into one line.

    For code that does nothing but unpack what was read from ``path``.

    Raises
    ------
    DataError
        In place of errors of key, type, value and range.
    """
    try:
        yield
    except KeyError as error:
        raise DataError(path, f"lacks {error}; delete it and run again") from None
    except WRONG as error:
        reason = f"damaged, malformed content ({str(error)[:200]})"
        raise DataError(path, f"{reason}; delete it and run again") from None


def sha256(path: Path) -> str:
    """Hash of a file's bytes, as hexadecimal text."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def manifest(files: Iterable[Path], root: Path) -> dict[str, str]:
    """Hashes of ``files`` keyed by their path below ``root``."""
    return {path.relative_to(root).as_posix(): sha256(path) for path in sorted(files)}
