"""Text files of users, in any usual encoding and with any line ends, as readers expect them.

OpenMM opens files in the encoding of the locale. Comments and titles in Latin-1 are frequent in
structures and topologies; none of what the readers need lies outside ASCII.
"""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mechanist.errors import SystemBuildError

UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def decode(path: Path) -> str:
    """Text of a file in UTF-8, UTF-16 with its mark, or Latin-1; lines end in a line feed.

    Raises
    ------
    SystemBuildError
        If it cannot be read or is binary.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise SystemBuildError(path, f"cannot be read ({error.strerror})") from None
    try:
        text = data.decode("utf-16" if data[:2] in UTF_16 else "utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if "\0" in text:
        raise SystemBuildError(path, "is binary, not text")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def plain_text(path: Path) -> str:
    """Like `decode`, with a question mark for each character outside ASCII; columns stay."""
    return decode(path).encode("ascii", errors="replace").decode("ascii")


@contextmanager
def plain(*paths: Path) -> Iterator[tuple[str, ...]]:
    """Names of files with the same text in ASCII: the files themselves wherever they are ASCII."""
    with tempfile.TemporaryDirectory(prefix="mechanist-") as folder:
        names = []
        for number, path in enumerate(paths):
            data = path.read_bytes()
            if data.isascii() and b"\r" not in data and b"\0" not in data:
                names.append(str(path))
                continue
            copy = Path(folder) / str(number) / path.name
            copy.parent.mkdir()
            copy.write_text(plain_text(path), encoding="ascii")
            names.append(str(copy))
        yield tuple(names)
