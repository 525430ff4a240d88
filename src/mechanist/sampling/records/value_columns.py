"""Values of descriptors beside the frames of large systems, so that frames need not be read again.

The job that writes ``NAME.trr`` computes the descriptors of states, networks and formulas of each
frame and writes them to ``NAME.values.npy``, one row a frame in double precision, with a card
``NAME.values.json``: the hash of each descriptor's definition, and that of the frames. A reader
that asks for descriptors whose definitions are all there gets these rows. For any others, such as
those of an edited system.yaml, and if the frames are not those of the card, it computes them from
frames.

Frames of small systems take less room than such rows and are read as fast, so they have none.
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mechanist.arrays import Array, FrameSource, Rows
from mechanist.bookkeeping.files import atomic, check, read_json, receipt, write_json
from mechanist.errors import DataError
from mechanist.systems.descriptors.descriptor_set import DescriptorSet

LEAST_ATOMS = 1_000
"""Atoms from which values are stored, if they take less room than the frames."""


def values_file(frames: Path) -> Path:
    """The values that belong to a TRR."""
    return frames.with_name(f"{frames.stem}.values.npy")


def card_file(frames: Path) -> Path:
    """Which descriptors they are of."""
    return frames.with_name(f"{frames.stem}.values.json")


def together(sets: Sequence[DescriptorSet]) -> DescriptorSet:
    """One set of the different descriptors of several; the first of each name stands."""
    named = {d.name: d for one in reversed(sets) for d in one.descriptors}
    boxed = [one for one in sets if one.box is not None]
    return boxed[0].of(tuple(named.values())) if boxed else DescriptorSet(tuple(named.values()))


def wanted(descriptors: DescriptorSet, atoms: int) -> bool:
    """Whether values are stored beside frames with so many atoms."""
    return atoms >= LEAST_ATOMS and 0 < 8 * len(descriptors) < 12 * atoms


class ValueWriter:
    """Values of frames that are written to a TRR at the same time.

    Parameters
    ----------
    frames
        The TRR.
    descriptors
        What to compute.
    """

    def __init__(self, frames: Path, descriptors: DescriptorSet) -> None:
        self._frames, self._descriptors = frames, descriptors
        frames.parent.mkdir(parents=True, exist_ok=True)
        # It is deleted when the process ends, however it ends.
        self._raw = tempfile.TemporaryFile(dir=frames.parent)  # noqa: SIM115
        self._count = 0

    def through(self, chunks: Iterable[FrameSource]) -> Iterator[FrameSource]:
        """The same chunks, whose values are computed as they pass."""
        for chunk in chunks:
            self._raw.write(np.ascontiguousarray(self._descriptors.values(chunk)).data)
            self._count += len(chunk)
            yield chunk

    def write(self) -> None:
        """Write values and card; the TRR must be there with its receipt."""
        shape = (self._count, len(self._descriptors))
        self._raw.flush()
        rows = (
            np.memmap(self._raw, np.float64, "r", shape=shape) if self._count else np.empty(shape)
        )
        with atomic(values_file(self._frames)) as temporary, temporary.open("wb") as handle:
            np.save(handle, rows, allow_pickle=False)
        card = {
            "names": list(self._descriptors.names),
            "definitions": list(self._descriptors.definitions),
            "frames": _digest(self._frames),
        }
        write_json(card_file(self._frames), card)


def forget_values(frames: Path) -> None:
    """Delete the values of frames that have none any more."""
    for file in (values_file(frames), card_file(frames)):
        file.unlink(missing_ok=True)
        receipt(file).unlink(missing_ok=True)


def _digest(frames: Path) -> str:
    """Hash of a TRR by its receipt; empty without one."""
    try:
        return receipt(frames).read_text(encoding="utf-8").split()[0]
    except (FileNotFoundError, IndexError):
        return ""


@dataclass(frozen=True)
class ValueColumns:
    """Values beside a TRR: the column of each definition, and the rows of a memory map."""

    columns: dict[str, int]
    rows: Array

    def values(self, descriptors: DescriptorSet, rows: Rows) -> Array | None:
        """Values (K, D) of some frames; None if a descriptor is not among them."""
        try:
            columns = [self.columns[key] for key in descriptors.definitions]
        except KeyError:
            return None
        return np.array(self.rows[rows][:, columns])


def read_values(frames: Path, count: int) -> ValueColumns | None:
    """Values of the ``count`` frames of a TRR; None if there are none, or they are of others.

    Raises
    ------
    DataError
        If the files are damaged.
    """
    card, file = card_file(frames), values_file(frames)
    if not card.is_file() or not file.is_file():
        return None
    content = read_json(card)
    check(file)
    try:
        if content["frames"] != _digest(frames):
            return None
        names = [str(name) for name in content["definitions"]]
        rows = np.load(file, mmap_mode="r", allow_pickle=False)
    except (KeyError, TypeError, ValueError, OSError) as error:
        raise DataError(file, f"damaged ({error}); delete it and its .json") from None
    if rows.shape != (count, len(names)) or rows.dtype != np.float64:
        raise DataError(file, f"has shape {rows.shape}, not ({count}, {len(names)}); delete it")
    return ValueColumns({name: i for i, name in enumerate(names)}, rows)
