"""A results folder of shots made elsewhere, as a run with one round leaves it."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from mechanist.arrays import Frames, Rows
from mechanist.bookkeeping.files import read_json, write_json
from mechanist.bookkeeping.layout import Layout
from mechanist.sampling.outside.outside_shots import OutsideShots
from mechanist.sampling.records.tables import (
    LONG_COLUMNS,
    PATH_COLUMNS,
    SHOT_COLUMNS,
    Table,
    write_frames,
    write_table,
)
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.shapes import Column


@dataclass(frozen=True)
class Imported:
    """Content of imported.json: where the shots of a run come from.

    Attributes
    ----------
    source
        Names of the files.
    format
        Name of the format.
    shots, outcomes
        Shots, and half-shots that ended in A or B.
    held_out_by
        What stands for chains, in words.
    system
        The system that the structures are of; None for a table of descriptors.
    remarks
        What the report must say of these shots.
    """

    source: str
    format: str
    shots: int
    outcomes: int
    held_out_by: str
    system: str | None
    remarks: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """In one sentence."""
        return (
            f"shots imported from {self.source} ({self.format}: {self.shots:,} shots,"
            f" {self.outcomes:,} outcomes); held out by {self.held_out_by}"
        )


def read_imported(layout: Layout) -> Imported | None:
    """Where the shots of a run come from; None of a run that made its own."""
    if not layout.imported.is_file():
        return None
    content = read_json(layout.imported)
    return Imported(**content | {"remarks": tuple(content["remarks"])})


def column_set(names: tuple[str, ...], angles: set[str]) -> DescriptorSet:
    """Descriptors that are columns of a table, stored as coordinates of points."""
    return DescriptorSet(
        tuple(
            Descriptor(
                name,
                "column",
                (number // 3,),
                number % 3,
                shape=Column("rad" if name in angles else "1", name in angles),
            )
            for number, name in enumerate(names)
        )
    )


def column_points(values: Any) -> Frames:
    """Points (S, N, 3) that hold the values (S, D) of `column_set`."""
    count, width = values.shape
    points = np.zeros((count, -(-width // 3) * 3), dtype=np.float32)
    points[:, :width] = values
    return points.reshape(count, -1, 3)


def write_run(layout: Layout, shots: OutsideShots, imported: Imported) -> None:
    """Write round 0 with its only job, and imported.json, of shots in chains with points."""
    assert shots.points is not None
    assert shots.chain is not None
    files = layout.round(0).worker(0)
    write_table(files.shots, _shot_table(shots, shots.chain), SHOT_COLUMNS)
    write_frames(files.points, [shots.points.astype(np.float32)])
    paths = shots.paths
    table = _path_table([len(path.frames) for path in paths], [path.weight for path in paths])
    table["chain"] = np.array([path.chain for path in paths], dtype=np.int32)
    write_frames(files.paths, [path.frames.astype(np.float32) for path in paths])
    write_table(files.index, table, PATH_COLUMNS)
    write_frames(files.long, [])
    none = {name: np.empty(0, dtype=np.int32) for name in LONG_COLUMNS}
    write_table(files.long_index, none | {"side": np.empty(0, dtype=object)}, LONG_COLUMNS)
    write_json(layout.imported, asdict(imported))


def _shot_table(shots: OutsideShots, chain: Rows) -> Table:
    count = len(shots)
    move = np.zeros(count, dtype=np.int32)
    for one in np.unique(chain):
        move[chain == one] = np.arange((chain == one).sum())
    zero = np.zeros(count, dtype=np.int64)
    # A half-shot that was seen with probability s counts 1/s times.
    seen = 1 / shots.weight
    return {
        "round": np.zeros(count, dtype=np.int32),
        "worker": np.zeros(count, dtype=np.int32),
        "chain": chain.astype(np.int32),
        "move": move,
        "seed": zero,
        "model": np.full(count, "", dtype=object),
        "p_predicted": np.full(count, np.nan),
        "end_backward": shots.ends[:, 0],
        "end_forward": shots.ends[:, 1],
        "steps_backward": zero,
        "steps_forward": zero,
        "watched": np.zeros(count, dtype=bool),
        "seen_backward": seen,
        "seen_forward": seen,
        "accepted": shots.accepted,
        "weight": shots.accepted.astype(np.int64),
    }


def _path_table(lengths: list[int], weights: list[int]) -> Table:
    count = np.array(lengths, dtype=np.int64)
    zero = np.zeros(len(count), dtype=np.int32)
    return {
        "round": zero,
        "worker": zero,
        "chain": zero,
        "move": np.arange(len(count), dtype=np.int32),
        "first_frame": np.cumsum(count) - count,
        "frames": count,
        "length": count,
        "shooting_frame": np.zeros(len(count), dtype=np.int64),
        "weight": np.array(weights, dtype=np.int64),
    }
