"""GROMACS TRR in the form that runs write: single precision, positions only.

A frame is a header of 32-bit numbers with the box, then positions, all big-endian. All frames of a
file have the same size, so each is found without reading those before it, and the size of a file is
checked before memory is allocated. mdtraj and VMD read these files; mdtraj writes the same form.

Where the box changes within paths, frames in memory have it as their last row (see
`mechanist.systems.barostat`) and files in the place of the format for it; elsewhere that is 0.
"""

from collections.abc import Iterable
from io import FileIO
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Frames
from mechanist.errors import DataError
from mechanist.systems.barostat import scales
from mechanist.systems.descriptors.box import BoxVectors

BOX_BYTES = 36
HEAD = np.dtype(
    [
        ("magic", ">i4"),
        ("tag", ">i4"),
        ("length", ">i4"),
        ("text", "S12"),
        ("sizes", ">i4", 10),
        ("atoms", ">i4"),
        ("step", ">i4"),
        ("energies", ">i4"),
        ("time", ">f4"),
        ("coupling", ">f4"),
        ("box", ">f4", 9),
    ]
)
"""``sizes``: bytes of ten parts; a run uses the third, the box, and the eighth, positions."""

FIXED = ("magic", "tag", "length", "text", "sizes", "atoms")
"""Fields that are the same in every frame."""

PIECE_BYTES = 2**24
"""Bytes that are converted and written at a time."""

NO_HEAD = "no frame header where one must be"


def heads(count: int, atoms: int, first: int = 0) -> NDArray[np.void]:
    """Headers of ``count`` frames; step and time are frame numbers, starting at ``first``."""
    result = np.zeros(count, dtype=HEAD)
    result["magic"], result["tag"], result["length"] = 1993, 13, 12
    result["text"] = b"GMX_trn_file"
    result["sizes"][:, 2] = BOX_BYTES
    result["sizes"][:, 7] = 12 * atoms
    result["atoms"] = atoms
    result["step"] = result["time"] = np.arange(first, first + count)
    return result


def frame_type(atoms: int) -> np.dtype[np.void]:
    """Type of a frame with its header."""
    return np.dtype([("head", HEAD), ("xyz", ">f4", (atoms, 3))])


def write(
    handle: BinaryIO | FileIO,
    chunks: Iterable[Frames],
    done: int = 0,
    box: BoxVectors | None = None,
) -> None:
    """Write frames (F, N, 3) in nm, chunk by chunk, after the ``done`` frames before them.

    With a ``box``, their last rows are boxes of its shape.
    """
    for chunk in chunks:
        step = max(1, PIECE_BYTES // (12 * chunk.shape[1]))
        for start in range(0, len(chunk), step):
            part = chunk[start : start + step]
            atoms = part.shape[1] - (box is not None)
            frames = np.empty(len(part), dtype=frame_type(atoms))
            frames["head"] = heads(len(part), atoms, done)
            frames["xyz"] = part[:, :atoms]
            if box is not None:
                factors = scales(part[:, atoms], box)[:, None]
                frames["head"]["box"] = factors * np.array(box).ravel()
            left = frames.view(np.uint8).data
            # An unbuffered file may take less than it is given.
            while len(left):
                left = left[handle.write(left) :]
            done += len(part)


def count_frames(path: Path, atoms: int) -> int:
    """Frames of an existing file, by its size and its first header.

    Raises
    ------
    DataError
        If the file is no TRR of this form, is truncated, or has another number of atoms.
    """
    head = np.fromfile(path, dtype=HEAD, count=1)
    there = int(head["atoms"][0]) if len(head) else 0
    if len(head) and not _same(head, there):
        raise DataError(path, f"damaged TRR ({NO_HEAD}); delete it and run again")
    boxed = _boxed(head, atoms)
    if len(head) and there != atoms - boxed:
        raise DataError(path, f"has {there} atoms, the system has {atoms}")
    whole, rest = divmod(path.stat().st_size, frame_type(atoms - boxed).itemsize)
    if rest:
        raise DataError(path, "damaged TRR (ends within a frame); delete it and run again")
    return whole


def read(path: Path, atoms: int, first: int = 0, count: int | None = None) -> Frames:
    """Frames (F, N, 3) in nm of an existing file; see `records.tables.read_frames`.

    Raises
    ------
    DataError
        If the file is no TRR of this form, is truncated, or has positions that are not finite.
    """
    whole = count_frames(path, atoms)
    wanted = whole - first if count is None else count
    if not 0 <= wanted <= whole - first:
        raise DataError(path, f"ends after {whole} frames; delete it and run again")
    with path.open("rb", buffering=0) as handle:
        return read_part(handle, path, atoms, first, wanted)


def read_part(handle: FileIO, path: Path, atoms: int, first: int, count: int) -> Frames:
    """Some frames of an open file that is known to hold them; errors as of `read`."""
    head = np.zeros(1, dtype=HEAD)
    handle.seek(0)
    if count:
        _fill(handle, path, head.view(np.uint8).data)
    boxed = _boxed(head, atoms)
    kind = frame_type(atoms - boxed)
    handle.seek(first * kind.itemsize)
    frames = np.empty(count, dtype=kind)
    _fill(handle, path, frames.view(np.uint8).data)
    if not _same(frames["head"], atoms - boxed):
        raise DataError(path, f"damaged TRR ({NO_HEAD}); delete it and run again")
    xyz = frames["xyz"].astype(np.float32)
    if boxed:
        rows = frames["head"]["box"][:, None, ::4].astype(np.float32)
        xyz = np.concatenate([xyz, rows], axis=1)
    if not np.isfinite(xyz).all():
        raise DataError(path, "damaged TRR (a position is not finite); delete it and run again")
    return xyz


def _boxed(head: NDArray[np.void], rows: int) -> bool:
    """Whether the last of so many rows of a frame is the box in its header."""
    return bool(len(head) and head["atoms"][0] == rows - 1 and head["box"].any())


def _fill(handle: FileIO, path: Path, buffer: memoryview) -> None:
    """Read as many bytes as fit; a read may return fewer."""
    done = 0
    while done < len(buffer):
        got = handle.readinto(buffer[done:])
        if not got:
            raise DataError(path, "became shorter while it was read; run again")
        done += got


def _same(found: NDArray[np.void], atoms: int) -> bool:
    """Whether headers are those of frames with so many atoms."""
    if not 0 < atoms < 2**27:
        return False
    expected = heads(1, atoms)
    return all(bool((found[name] == expected[name]).all()) for name in FIXED)
