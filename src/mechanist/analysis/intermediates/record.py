"""Half-shots that were too long, as values of descriptors, read from the files of a run."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.analysis.channels.path_features import heavy_inputs
from mechanist.arrays import Array, Features
from mechanist.bookkeeping.job_files import WorkerFiles
from mechanist.bookkeeping.layout import Layout
from mechanist.errors import DataError
from mechanist.sampling.records.stored_frames import open_frames
from mechanist.sampling.records.tables import LONG_COLUMNS, read_notes, read_table
from mechanist.sampling.records.thinning import thinning_of
from mechanist.systems.descriptors.descriptor_set import DescriptorSet
from mechanist.systems.descriptors.states import States


@dataclass(frozen=True)
class LongRecord:
    """Half-shots that were too long, or a sample of them.

    Parameters
    ----------
    descriptors
        Those that define the states come first.
    defining
        How many of them define the states.
    values
        (H, K, D) over the second half of each, the last frame last; angles in rad.
    """

    descriptors: DescriptorSet
    defining: int
    values: Array

    def __len__(self) -> int:
        return len(self.values)

    @property
    def features(self) -> Features:
        """(H, K, P) with sine and cosine of angles."""
        count, frames, width = self.values.shape
        flat = self.descriptors.features(self.values.reshape(count * frames, width))
        return flat.reshape(count, frames, -1)


def place_descriptors(states: States, inputs: DescriptorSet, masses: Array) -> DescriptorSet:
    """What places are described by: what defines the states, then the inputs without hydrogen."""
    defining = states.descriptors
    own = heavy_inputs(inputs, states, masses)
    return (defining if inputs.box is None else inputs).of((*defining.descriptors, *own))


def gather_long(
    layout: Layout,
    rounds: Sequence[int],
    workers: int,
    atoms: int,
    descriptors: DescriptorSet,
    defining: int,
) -> LongRecord:
    """Read those of some rounds; jobs of versions that did not record them have none.

    Raises
    ------
    DataError
        If a file is damaged, or table and frames do not fit.
    """
    parts: list[Array] = []
    for number in rounds:
        for worker in range(workers):
            files = layout.round(number).worker(worker)
            if not files.long_index.is_file():
                continue
            part = _values(files, atoms, descriptors)
            if not len(part):
                continue
            parts.append(part)
            # Jobs differ in it only if max_half_path does, which begins a new run.
            if part.shape[1] != parts[0].shape[1]:
                what = f"{part.shape[1]} frames of each half-shot, other jobs {parts[0].shape[1]}"
                raise DataError(files.long_index, f"holds {what}; delete it and run again")
    if not parts:
        return LongRecord(descriptors, defining, np.empty((0, 1, len(descriptors))))
    return LongRecord(descriptors, defining, np.concatenate(parts))


def _values(files: WorkerFiles, atoms: int, descriptors: DescriptorSet) -> Array:
    """Values (H, K, D) of one job."""
    table = read_table(files.long_index, LONG_COLUMNS)
    count = len(table["frames"])
    if count == 0:
        return np.empty((0, 1, len(descriptors)))
    thinning = thinning_of(read_notes(files.long_index), files.long_index)
    waters = None if thinning is None else thinning.waters
    frames = open_frames(files.long, atoms, waters)
    each = int(table["frames"][0])
    if each < 1 or (table["frames"] != each).any() or len(frames) != count * each:
        raise DataError(
            files.long,
            f"holds {len(frames)} frames, {files.long_index.name} names {table['frames'].sum()};"
            " delete both and run again",
        )
    return descriptors.values(frames).reshape(count, each, -1)
