"""Manifest of a whole run, written last, and the comparison of a run with it.

Every file has a receipt beside it (see `mechanist.bookkeeping.files`). manifest.json holds the
hashes of all files and receipts; its own receipt completes the chain.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from mechanist import __version__
from mechanist.bookkeeping.files import (
    check,
    manifest,
    read_json,
    receipt,
    receipt_text,
    sha256,
    write_json,
)
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError

FORMAT = 1

APART = ("compare/", "benchmarks/session/")
"""Folders written by other commands, or anew at each start of the workflow."""

OWN = ("logs/seal.", "benchmarks/seal.", "benchmarks/.seal.")
"""Files about the sealing job itself, which are written during or after it."""


def seal(layout: Layout) -> str:
    """Write manifest.json.

    Returns
    -------
    str
        One line: the number of files and the hash of manifest.json.

    Raises
    ------
    DataError
        If a file differs from its receipt.
    """
    paths = list(files_to_seal(layout))
    for path in paths:
        if not is_receipt(path):
            check(path)
    for path in paths:
        # The receipt of a file of a failed job that the workflow has deleted.
        if is_receipt(path) and not subject(path).exists():
            path.unlink()
    hashes = manifest([path for path in paths if path.exists()], layout.root)
    write_json(layout.manifest, {"format": FORMAT, "mechanist": __version__, "files": hashes})
    return f"sealed {len(hashes)} files: sha256 of manifest.json is {sha256(layout.manifest)}"


def files_to_seal(layout: Layout) -> Iterator[Path]:
    """Files that belong in the manifest."""
    own = (layout.manifest, receipt(layout.manifest))
    for path in sorted(layout.root.rglob("*")):
        name = path.relative_to(layout.root).as_posix()
        if path.is_file() and path not in own and not name.startswith(APART + OWN):
            yield path


def is_receipt(path: Path) -> bool:
    """Whether a file is the receipt of another one."""
    return path.name.startswith(".") and path.name.endswith(".sha256")


def subject(path: Path) -> Path:
    """The file that a receipt belongs to."""
    return path.with_name(path.name[1 : -len(".sha256")])


def verify(layout: Layout) -> tuple[list[str], str]:
    """Compare a run with its manifest, and files with their receipts.

    Returns
    -------
    tuple
        One line for each fault, and a summary in one line.

    Raises
    ------
    DataError
        If there is no such folder.
    """
    if not layout.root.is_dir():
        raise DataError(layout.root, "there is no such folder")
    own = (layout.manifest, receipt(layout.manifest))
    sealed = any(path.is_file() for path in own)
    hashes = read_manifest(layout) if sealed else {}
    faults = [] if hashes is not None else [f"damaged: {layout.manifest}"]
    known = hashes or {}
    faults += [line for name, digest in known.items() if (line := fault(layout, name, digest))]
    files = [path for path in sorted(layout.root.rglob("*")) if path.is_file()]
    for path in files:
        if path not in own and path.relative_to(layout.root).as_posix() not in known:
            line = unlisted(layout, path, bool(known))
            faults += [line] if line else []
    result = f"{len(faults)} at fault" if faults else "all as written"
    if not sealed:
        result += "; not sealed: the run has not ended, only files with a receipt were compared"
    return faults, f"{layout.root}: {len(files)} files, {result}"


def read_manifest(layout: Layout) -> Mapping[str, str] | None:
    """Hashes of the manifest; None if it or its receipt is damaged or missing."""
    if not receipt(layout.manifest).is_file():
        return None
    try:
        content = read_json(layout.manifest)
    except DataError:
        return None
    files = content.get("files") if isinstance(content, dict) else None
    return files if isinstance(files, dict) else None


def fault(layout: Layout, name: str, digest: str) -> str | None:
    """What is wrong with a file of the manifest, if anything."""
    path = layout.root / name
    if not path.is_file():
        return f"missing: {path}"
    if sha256(path) == digest:
        return None
    return f"{'regenerated since the run was sealed' if fits(path) else 'damaged'}: {path}"


def fits(path: Path) -> bool:
    """Whether a file and its receipt agree; either may be given."""
    file = subject(path) if is_receipt(path) else path
    try:
        return receipt(file).read_bytes() == receipt_text(file.name, sha256(file)).encode()
    except OSError:
        return False


def unlisted(layout: Layout, path: Path, sealed: bool) -> str | None:
    """What is wrong with a file that the manifest does not list, if anything."""
    name = path.relative_to(layout.root).as_posix()
    if is_receipt(path):
        if not subject(path).is_file():
            return f"missing: {subject(path)}"
        return None if fits(path) else f"damaged: {subject(path)}"
    if receipt(path).is_file() or not sealed or name.startswith(APART + OWN):
        return None
    return f"extra: {path}"
