"""Tables of shots and paths, and the trajectories beside them.

Positions are stored as TRR (float32, nm, no loss), which mdtraj and VMD open with
system/topology.pdb. The tables are Parquet.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.errors import DataError
from mechanist.files import atomic
from mechanist.sampling.columns import to_arrow, to_numpy
from mechanist.sampling.store import store_of

Frames = NDArray[np.float32]
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
    "accepted",
    "weight",
)
"""One row a shot. ``chain`` is unique in the run, ``move`` counts from 0 in each chain. Ends are
A, B, too_long or exploded; steps are MD steps; ``weight`` is how many moves of its round the path
of an accepted shot stayed the current one (0 in burn-in)."""

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
"""One row a path, in the order of the TRR. ``move`` is the shot that made it (-1: a first path).
``frames`` are those that are stored, ``length`` all that the path has, its ends included;
``shooting_frame`` is one of the latter.
``weight`` is the number of moves of its round for which it was current after burn-in."""


def write_table(
    path: Path, columns: Table, names: Sequence[str], notes: Mapping[str, str] | None = None
) -> None:
    """Write the columns ``names`` of a table as Parquet, atomically; ``notes`` go into its head."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = {name: to_arrow(columns[name]) for name in names}
    table = pa.table(arrays).replace_schema_metadata(notes)
    with atomic(path) as temporary:
        pq.write_table(table, temporary, compression="zstd")


def read_table(path: Path, names: Sequence[str]) -> Table:
    """Read a Parquet table as numpy arrays.

    Raises
    ------
    DataError
        If the file is missing, damaged or lacks one of the columns ``names``.
    """
    table = _open_table(path)
    missing = [name for name in names if name not in table.column_names]
    if missing:
        raise DataError(path, f"lacks the column {missing[0]!r}; delete it and run again")
    return {name: to_numpy(table[name]) for name in names}


def read_notes(path: Path) -> dict[str, str]:
    """Notes in the head of a Parquet table; see `read_table` for errors."""
    found = _open_table(path).schema.metadata or {}
    return {name.decode(): note.decode() for name, note in found.items()}


def _open_table(path: Path) -> Any:
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not path.is_file():
        raise DataError(path, "the file is missing; run the stage that makes it again")
    try:
        with pq.ParquetFile(path) as file:
            return file.read()
    except (pa.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(path, f"damaged Parquet ({reason}); delete it and run again") from None


def join(tables: Sequence[Table]) -> Table:
    """Stack tables with the same columns."""
    return {name: np.concatenate([table[name] for table in tables]) for name in tables[0]}


def write_frames(path: Path, chunks: Iterator[Frames] | Sequence[Frames]) -> None:
    """Write frames (F, N, 3) in nm as TRR, chunk by chunk, atomically."""
    from mdtraj.formats import TRRTrajectoryFile

    with (
        atomic(path) as temporary,
        TRRTrajectoryFile(str(temporary), "w", force_overwrite=True) as trr,
    ):
        for chunk in chunks:
            if len(chunk):
                trr.write(np.ascontiguousarray(chunk, dtype=np.float32))


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
        If the file is missing or truncated or has another number of atoms.
    """
    from mdtraj.formats import TRRTrajectoryFile

    if not path.is_file():
        raise DataError(path, "the file is missing; run the stage that makes it again")
    if path.stat().st_size == 0:
        # A TRR has no head: one without a frame is empty. Tables tell if frames are missing.
        return np.empty((0, atoms, 3), dtype=np.float32)
    try:
        with TRRTrajectoryFile(str(path), "r") as trr:
            if first:
                trr.seek(first)
            xyz = trr.read(n_frames=count)[0]
    except (OSError, RuntimeError, ValueError, IndexError) as error:
        raise DataError(path, f"damaged TRR ({error}); delete it and run again") from None
    if xyz.shape[1] != atoms:
        raise DataError(path, f"has {xyz.shape[1]} atoms, the system has {atoms}")
    if count is not None and len(xyz) != count:
        raise DataError(path, f"ends after {len(xyz)} of {count} frames; delete it and run again")
    return np.asarray(xyz, dtype=np.float32)


@dataclass(frozen=True)
class PathTable:
    """Paths of one or more jobs: frames (F, N, 3) in nm and the index with `PATH_COLUMNS`."""

    frames: Frames
    index: Table

    def __len__(self) -> int:
        return len(self.index["frames"])

    def path(self, i: int) -> Frames:
        """Frames of path ``i``, from A to B."""
        start = int(self.index["first_frame"][i])
        return self.frames[start : start + int(self.index["frames"][i])]

    @property
    def frame_path(self) -> NDArray[np.int64]:
        """For each frame the row of its path, (F,)."""
        return np.repeat(np.arange(len(self)), self.index["frames"])


def read_paths(frames: Path, index: Path, atoms: int) -> PathTable:
    """Read a TRR of paths with its index, checking that the two fit.

    Frames have all atoms: where not all waters were stored, the others are put far away.
    """
    store = store_of(read_notes(index), index)
    if store is None or store.waters is None:
        return read_stored(frames, index, atoms)
    stored = read_stored(frames, index, len(store.waters.kept_atoms))
    return PathTable(store.waters.expand(stored.frames), stored.index)


def read_stored(frames: Path, index: Path, atoms: int) -> PathTable:
    """As `read_paths`, with the atoms that are stored."""
    table = read_table(index, PATH_COLUMNS)
    xyz = read_frames(frames, atoms)
    if int(table["frames"].sum()) != len(xyz):
        raise DataError(
            frames, f"holds {len(xyz)} frames, {index.name} names {table['frames'].sum()}"
        )
    return PathTable(xyz, table)


def join_paths(tables: Sequence[PathTable]) -> PathTable:
    """Stack path tables; ``first_frame`` is counted anew."""
    index = join([table.index for table in tables])
    index["first_frame"] = np.cumsum(index["frames"]) - index["frames"]
    return PathTable(np.concatenate([table.frames for table in tables]), index)
