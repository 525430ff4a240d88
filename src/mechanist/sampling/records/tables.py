"""Tables of shots and paths, and the trajectories beside them.

Positions are stored as TRR (float32, nm, no loss), which mdtraj and VMD open with
system/topology.pdb. The tables are Parquet.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Frames, FrameSource
from mechanist.bookkeeping.files import MISSING, atomic, check, write_bytes
from mechanist.errors import DataError
from mechanist.sampling.records import parquet, trr
from mechanist.sampling.records.stored_frames import join_frames, open_frames, pieces, view
from mechanist.sampling.records.stored_waters import Waters
from mechanist.sampling.records.thinning import thinning_of
from mechanist.sampling.records.value_columns import ValueWriter, forget_values
from mechanist.systems.descriptors.box import BoxVectors
from mechanist.systems.descriptors.descriptor_set import DescriptorSet

Table = dict[str, NDArray[Any]]

SHOT_COLUMNS = (
    "round",
    "worker",
    "chain",
    "move",
    "seed",
    "model",
    "p_predicted",
    "end_backward",
    "end_forward",
    "steps_backward",
    "steps_forward",
    "watched",
    "seen_backward",
    "seen_forward",
    "accepted",
    "weight",
)
"""One row per shot. ``chain`` is unique in the run, ``move`` counts from 0 in each chain. Ends are
A, B, too_long, exploded or stopped; steps are MD steps; ``watched`` shots could have been stopped
early, and ``seen`` is the probability that the end of a half-shot was observed; ``weight`` is the
number of moves in its round for which the path of an accepted shot was current (0 in burn-in)."""

PATH_COLUMNS = (
    "round",
    "worker",
    "chain",
    "move",
    "first_frame",
    "frames",
    "length",
    "shooting_frame",
    "weight",
)
"""One row per path, in the order of the TRR. ``move`` is the shot that made it (-1: a first path),
``frames`` the number of stored frames, ``length`` that of all frames, ends included, and
``shooting_frame`` the number of one of the latter; ``weight`` is the number of moves in its round
for which it was current after burn-in."""


LONG_COLUMNS = ("round", "worker", "chain", "move", "side", "frames")
"""One row per half-shot that was too long, or of a sample of them, in the order of the TRR.
``side`` is backward or forward, ``frames`` the number of its stored frames, evenly over the second
half, the last one included."""


def write_table(
    path: Path, columns: Table, names: Sequence[str], notes: Mapping[str, str] | None = None
) -> None:
    """Write the columns ``names`` of a table as Parquet, atomically; ``notes`` go into its head."""
    write_bytes(path, parquet.encode({name: columns[name] for name in names}, notes))


def read_table(path: Path, names: Sequence[str]) -> Table:
    """Read a Parquet table as numpy arrays.

    Raises
    ------
    DataError
        If the file is missing, damaged or lacks one of the columns ``names``.
    """
    return parquet.decode(path, names)


def read_notes(path: Path) -> dict[str, str]:
    """Notes in the head of a Parquet table; see `read_table` for errors."""
    return parquet.notes(path)


def join(tables: Sequence[Table]) -> Table:
    """Concatenate tables with the same columns."""
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def write_frames(
    path: Path,
    chunks: Iterable[FrameSource],
    record: bool = True,
    described: DescriptorSet | None = None,
    waters: Waters | None = None,
    box: BoxVectors | None = None,
) -> None:
    """Write frames (F, N, 3) in nm as TRR, piece by piece; see `bookkeeping.files.atomic`.

    With ``described``, the values of these descriptors are stored beside frames of large systems;
    with ``waters``, the frames are given with all atoms and stored with some; with ``box``, the
    last row of each is its own box, see `records.trr.write`.
    """
    forget_values(path)
    writer = None if described is None else ValueWriter(path, described)
    if writer is not None:
        chunks = writer.through(chunks)
    if waters is not None:
        chunks = (waters.reduce(chunk[:]) for chunk in chunks)
    with atomic(path, record) as temporary, temporary.open("wb") as handle:
        trr.write(handle, (piece for chunk in chunks for piece in pieces(chunk)), box=box)
    if writer is not None:
        writer.write()


def read_frames(path: Path, atoms: int, first: int = 0, count: int | None = None) -> Frames:
    """Read frames of a TRR.

    Parameters
    ----------
    path
        The file.
    atoms
        Expected number of atoms.
    first, count
        Range of frames; all from ``first`` on if ``count`` is None.

    Returns
    -------
    ndarray
        (F, N, 3) in nm, float32.

    Raises
    ------
    DataError
        If the file is missing, damaged or truncated or has another number of atoms.
    """
    if not path.is_file():
        raise DataError(path, MISSING)
    check(path)
    return trr.read(path, atoms, first, count)


@dataclass(frozen=True)
class PathTable:
    """Paths of one or more jobs: frames (F, N, 3) in nm and the index with `PATH_COLUMNS`.

    Frames of files stay on disk until they are asked for.
    """

    frames: FrameSource
    index: Table

    def __len__(self) -> int:
        return len(self.index["frames"])

    def path(self, i: int) -> Frames:
        """Frames of path ``i``, from A to B."""
        found: Frames = self.frames[self.rows(i)]
        return found

    def view(self, i: int) -> FrameSource:
        """Frames of path ``i``, on disk if they are there."""
        return view(self.frames, self.rows(i))

    def rows(self, i: int) -> slice:
        """Which frames are those of path ``i``."""
        start = int(self.index["first_frame"][i])
        return slice(start, start + int(self.index["frames"][i]))

    @property
    def frame_path(self) -> NDArray[np.int64]:
        """For each frame the row of its path, (F,)."""
        return np.repeat(np.arange(len(self)), self.index["frames"])


def read_paths(frames: Path, index: Path, atoms: int) -> PathTable:
    """Read a TRR of paths and its index, checking that they fit together.

    Frames have all atoms: waters that were not stored are put far from the solute.
    """
    thinning = thinning_of(read_notes(index), index)
    return read_stored(frames, index, atoms, None if thinning is None else thinning.waters)


def read_stored(frames: Path, index: Path, atoms: int, waters: Waters | None = None) -> PathTable:
    """Like `read_paths`, but without ``waters`` with the stored atoms only."""
    table = read_table(index, PATH_COLUMNS)
    xyz = open_frames(frames, atoms, waters)
    lengths = table["frames"]
    if (lengths < 1).any() or int(lengths.sum()) != len(xyz):
        raise DataError(frames, f"holds {len(xyz)} frames, {index.name} names {lengths.sum()}")
    if not np.array_equal(table["first_frame"], np.cumsum(lengths) - lengths):
        raise DataError(index, "paths are not in the order of the frames; delete it and run again")
    return PathTable(xyz, table)


def join_paths(tables: Sequence[PathTable]) -> PathTable:
    """Concatenate path tables; ``first_frame`` is recomputed."""
    index = join([table.index for table in tables])
    index["first_frame"] = np.cumsum(index["frames"]) - index["frames"]
    atoms = tables[0].frames.shape[1]
    return PathTable(join_frames([table.frames for table in tables], atoms), index)
