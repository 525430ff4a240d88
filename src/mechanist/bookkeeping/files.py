"""Files of a run: written to a temporary name and renamed, hashed, and checked when read.

Beside each file ``NAME`` lies its receipt ``.NAME.sha256``, one line that ``sha256sum -c``
understands. Whoever reads a file first compares its bytes with the receipt. A file without one, as
an older version or another program has left it, is read as it is.
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
"""Bytes of a JSON file that is read: more than any that a run writes."""

WRONG = (TypeError, ValueError, IndexError, AttributeError, ArithmeticError, RecursionError)
"""What Python says of data that is not what it should be."""

GONE = "the file is missing; run the stage that makes it again"


@contextmanager
def atomic(path: Path, record: bool = True) -> Iterator[Path]:
    """Give a temporary path beside ``path`` and rename it to ``path`` if all went well.

    Parameters
    ----------
    path
        The file.
    record
        Whether to leave a receipt beside it.

    Yields
    ------
    Path
        The temporary file, with the same suffix as ``path`` because some writers look at it.

    Raises
    ------
    OSError
        If it cannot be written; it names ``path``.
    """
    temporary = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # What a killed job has left of the same file; no two jobs write the same file.
        for stale in path.parent.glob(f".{path.stem}.*.partial{path.suffix}"):
            stale.unlink(missing_ok=True)
        yield temporary
        _finish(temporary, path, record)
    except OSError as error:
        # A full disk names no file, and the temporary one means nothing to anybody.
        if error.filename in (None, str(temporary)):
            raise OSError(error.errno, error.strerror or str(error), str(path)) from None
        raise
    finally:
        temporary.unlink(missing_ok=True)


def _finish(temporary: Path, path: Path, record: bool) -> None:
    """Rename a complete file, with its receipt.

    The old receipt goes first: a reader in between finds none rather than one of other bytes. The
    new one is on the disk before the file gets its name, so that a full disk changes nothing.
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
    """Where the hash of ``path`` is kept."""
    return path.with_name(f".{path.name}.sha256")


def receipt_text(name: str, digest: str) -> str:
    """Content of the receipt of a file."""
    return f"{digest}  {name}\n"


def check(path: Path, content: bytes | None = None) -> None:
    """Compare a file (or the ``content`` that was read from it) with its receipt, if it has one.

    Raises
    ------
    DataError
        If the bytes are not those that were written.
    """
    try:
        expected = receipt(path).read_bytes()
    except FileNotFoundError:
        return
    found = sha256(path) if content is None else hashlib.sha256(content).hexdigest()
    if receipt_text(path.name, found).encode() != expected:
        raise DataError(
            path, f"damaged: not as written, says {receipt(path).name}; delete it and run again"
        )


def read_bytes(path: Path) -> bytes:
    """All bytes of a file of a run.

    Raises
    ------
    DataError
        If it is missing or not as it was written.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataError(path, GONE) from None
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
    """Copy a file of a run; errors as those of `read_bytes` and `atomic`."""
    if not origin.is_file():
        raise DataError(origin, GONE)
    check(origin)
    with atomic(target) as temporary:
        shutil.copyfile(origin, temporary)


def write_json(path: Path, content: Any, record: bool = True) -> None:
    """Write ``content`` as indented JSON; NaN and infinity are an error, as JSON has neither."""
    text = json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n"
    write_text(path, text, record)


def read_json(path: Path) -> Any:
    """Read a JSON file.

    Raises
    ------
    DataError
        If the file is missing, not as it was written, too large, or is not JSON; NaN, infinity and
        numbers too large for a double are not.
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
    """Plain data of JSON text; ValueError or RecursionError if it is none."""
    return json.loads(text, parse_constant=_refuse, parse_float=_finite, parse_int=_integer)


def _refuse(name: str) -> float:
    raise ValueError(f"{name} is no number")


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
    """Turn what Python says of data that is not what it should be into one line.

    For code that takes apart what was read from ``path``, and does nothing else.

    Raises
    ------
    DataError
        Instead of errors of key, type, value and range.
    """
    try:
        yield
    except KeyError as error:
        raise DataError(path, f"lacks {error}; delete it and run again") from None
    except WRONG as error:
        reason = f"damaged, lacks what it must hold ({str(error)[:200]})"
        raise DataError(path, f"{reason}; delete it and run again") from None


def sha256(path: Path) -> str:
    """Hash of a file's bytes, as hexadecimal text."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def manifest(files: Iterable[Path], root: Path) -> dict[str, str]:
    """Hashes of ``files`` keyed by their path below ``root``."""
    return {path.relative_to(root).as_posix(): sha256(path) for path in sorted(files)}
