"""Shots of some rounds with their features, and paths, read from the files of a run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import FrameSource
from mechanist.bookkeeping.layout import Layout
from mechanist.committor.crossfit import CrossFit
from mechanist.committor.crossfit import load as load_crossfit
from mechanist.committor.data import ShotData
from mechanist.committor.network import Committor, load
from mechanist.errors import DataError
from mechanist.sampling.records.stored_frames import open_frames, view
from mechanist.sampling.records.tables import (
    PATH_COLUMNS,
    SHOT_COLUMNS,
    PathTable,
    Table,
    join,
    join_paths,
    read_paths,
    read_table,
)
from mechanist.systems.descriptors.descriptor_set import DescriptorSet


@dataclass(frozen=True)
class Gathered:
    """Shots of some rounds: the table, descriptor values (S, D) and data to learn from."""

    table: Table
    values: NDArray[np.float64]
    data: ShotData


def gather_shots(
    layout: Layout, rounds: Sequence[int], workers: int, inputs: DescriptorSet, atoms: int
) -> Gathered:
    """Read all shots of some rounds and compute the descriptors of their points.

    Raises
    ------
    DataError
        If a file is missing or damaged, or table and points of a job differ in length.
    """
    tables, values = [], []
    for number in rounds:
        for worker in range(workers):
            files = layout.round(number).worker(worker)
            table = read_table(files.shots, SHOT_COLUMNS)
            points = open_frames(files.points, atoms)
            if len(points) != len(table["round"]):
                raise DataError(
                    files.points, f"holds {len(points)} points, {len(table['round'])} shots"
                )
            tables.append(table)
            values.append(inputs.values(points))
    table = join(tables)
    every = np.concatenate(values)
    data = ShotData(
        features=inputs.features(every),
        n_a=outcomes(table, "A"),
        n_b=outcomes(table, "B"),
        chain=table["chain"].astype(np.int64),
    )
    return Gathered(table, every, data)


def load_round_model(layout: Layout, number: int, inputs: DescriptorSet) -> Committor:
    """The model of a round, checked to use the inputs of this run."""
    files = layout.round(number)
    model = load(files.model, files.model_card)
    if model.feature_names != inputs.feature_names:
        raise DataError(files.model_card, f"was trained on other inputs than {layout.inputs}")
    return model


def load_round_crossfit(layout: Layout, number: int, inputs: DescriptorSet) -> CrossFit:
    """The model of a round with its networks for cross-fitting."""
    files = layout.round(number)
    model = load_round_model(layout, number, inputs)
    return load_crossfit(model, files.crossfit, files.crossfit_card)


def outcomes(table: Table, state: str) -> NDArray[np.float64]:
    """Half-shots (S,) of each shot that ended in a state.

    Each also stands for similar ones that were stopped early, see
    `mechanist.sampling.early_stop.early_stop`.
    """
    each = [
        (table[f"end_{side}"] == state) / table[f"seen_{side}"] for side in ("backward", "forward")
    ]
    return np.asarray(each[0] + each[1], dtype=np.float64)


def gather_paths(layout: Layout, rounds: Sequence[int], workers: int, atoms: int) -> PathTable:
    """Read the paths of some rounds, also those that do not count."""
    return join_paths(
        [
            read_paths(files.paths, files.index, atoms)
            for number in rounds
            for files in (layout.round(number).worker(worker) for worker in range(workers))
        ]
    )


def gather_full_paths(layout: Layout, rounds: Sequence[int], workers: int, atoms: int) -> PathTable:
    """Paths of some rounds that are stored in full, so that shots can start from their frames."""
    return join_paths(
        [
            read_paths(*layout.round(number).worker(worker).full, atoms)
            for number in rounds
            for worker in range(workers)
        ]
    )


def sample_path_frames(
    layout: Layout, rounds: Sequence[int], workers: int, atoms: int, count: int
) -> FrameSource:
    """At most ``count`` frames (F, N, 3) between the states, evenly from full paths of all jobs."""
    files = [layout.round(n).worker(worker).full for n in rounds for worker in range(workers)]
    total = sum(int(read_table(index, PATH_COLUMNS)["frames"].sum()) for _, index in files)
    table = join_paths([read_paths(paths, index, atoms) for paths, index in files])
    inner = np.flatnonzero(candidate_frames(table)[0])
    return view(table.frames, inner[:: max(1, -(-total // count))])


def candidate_frames(paths: PathTable) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Which frames (F,) lie between the states on a path that counts, and the weight of each."""
    starts, lengths = paths.index["first_frame"], paths.index["frames"]
    inner = np.ones(len(paths.frames), dtype=bool)
    inner[starts] = False
    inner[starts + lengths - 1] = False
    weights = np.repeat(paths.index["weight"], lengths).astype(np.float64)
    return inner & (weights > 0), weights


def frame_features(frames: FrameSource, inputs: DescriptorSet) -> NDArray[np.float64]:
    """Features (F, P) of frames (F, N, 3)."""
    return inputs.features(inputs.values(frames))


def frame_q(
    frames: FrameSource, inputs: DescriptorSet, model: Committor, chunk: int = 4096
) -> NDArray[np.float64]:
    """Reaction coordinate (F,) of frames (F, N, 3), without keeping the features of all."""
    parts = [
        model.q(frame_features(view(frames, slice(start, start + chunk)), inputs))
        for start in range(0, len(frames), chunk)
    ]
    return np.concatenate(parts) if parts else np.empty(0)
