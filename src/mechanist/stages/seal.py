"""Stage ``seal``: the manifest of a whole run; and ``verify``, which compares a run with it.

The chain: each file has a receipt beside it (see `mechanist.bookkeeping.files`); manifest.json
holds the hash
of every file and of every receipt; its own receipt closes the chain.
"""

from collections.abc import Callable, Iterator, Mapping
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
"""Folders that other commands write, or that each start of the workflow writes anew."""

OWN = ("logs/seal.", "benchmarks/seal.", "benchmarks/.seal.")
"""What is written about the job that seals, while it does or after."""


def seal(layout: Layout, log: Callable[[str], None]) -> None:
    """Write manifest.json; a file that is not as it was written is not sealed.

    Raises
    ------
    DataError
        If a file differs from its receipt.
    """
    names = list(sealable(layout))
    for name in names:
        if not name.endswith(".sha256"):
            check(layout.root / name)
    kept = []
    for name in names:
        path = layout.root / name
        if is_receipt(path) and not subject(path).exists():
            # Of a file that a failed job has left and the workflow has taken away.
            path.unlink()
        else:
            kept.append(path)
    hashes = manifest(kept, layout.root)
    write_json(layout.manifest, {"format": FORMAT, "mechanist": __version__, "files": hashes})
    log(f"sealed {len(hashes)} files: sha256 of manifest.json is {sha256(layout.manifest)}")


def sealable(layout: Layout) -> Iterator[str]:
    """Files that belong into the manifest, by their path below the root."""
    own = (layout.manifest, receipt(layout.manifest))
    for path in sorted(layout.root.rglob("*")):
        name = path.relative_to(layout.root).as_posix()
        if path.is_file() and path not in own and not name.startswith(APART + OWN):
            yield name


def is_receipt(path: Path) -> bool:
    """Whether a file is the receipt of another one."""
    return path.name.startswith(".") and path.name.endswith(".sha256")


def subject(slip: Path) -> Path:
    """The file that a receipt is about."""
    return slip.with_name(slip.name[1 : -len(".sha256")])


def verify(layout: Layout) -> tuple[list[str], str]:
    """Compare a run with its manifest, and files with their receipts.

    Returns
    -------
    tuple
        One line for each file at fault, and a line that sums up.

    Raises
    ------
    DataError
        If there is no such folder.
    """
    if not layout.root.is_dir():
        raise DataError(layout.root, "there is no such folder")
    sealed = layout.manifest.is_file() or receipt(layout.manifest).is_file()
    hashes = read_manifest(layout) if sealed else {}
    faults = [] if hashes is not None else [f"damaged: {layout.manifest}"]
    known = hashes or {}
    faults += [line for name, digest in known.items() if (line := fault(layout, name, digest))]
    for path in sorted(layout.root.rglob("*")):
        if not path.is_file() or path.relative_to(layout.root).as_posix() in known:
            continue
        if path in (layout.manifest, receipt(layout.manifest)):
            continue
        line = unlisted(layout, path, bool(known))
        faults += [line] if line else []
    checked = sum(1 for path in layout.root.rglob("*") if path.is_file())
    words = "all is as it was written" if not faults else f"{len(faults)} at fault"
    if not sealed:
        words += "; not sealed: the run has not ended, only files with a receipt were compared"
    return faults, f"{layout.root}: {checked} files, {words}"


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
    return f"{'made anew since the run was sealed' if fits(path) else 'damaged'}: {path}"


def fits(path: Path) -> bool:
    """Whether a file and its receipt agree; either may be given."""
    file = subject(path) if is_receipt(path) else path
    try:
        return receipt(file).read_bytes() == receipt_text(file.name, sha256(file)).encode()
    except OSError:
        return False


def unlisted(layout: Layout, path: Path, sealed: bool) -> str | None:
    """What is wrong with a file that the manifest does not name, if anything."""
    name = path.relative_to(layout.root).as_posix()
    if is_receipt(path):
        if not subject(path).is_file():
            return f"missing: {subject(path)}"
        return None if fits(path) else f"damaged: {subject(path)}"
    if receipt(path).is_file() or not sealed or name.startswith(APART + OWN):
        return None
    return f"extra: {path}"
