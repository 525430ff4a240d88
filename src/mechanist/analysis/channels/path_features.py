"""Features of transition paths: means of descriptors over the frames in bins of q.

Where paths run between the states is told by their frames near q = 0 and on either side of it. The
frames deep inside a state, which all channels share, are left out.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mechanist.arrays import Array, Features, FrameSource, Mask, Q, Rows
from mechanist.sampling.records.stored_frames import view
from mechanist.systems.descriptors.descriptor_set import Descriptor, DescriptorSet
from mechanist.systems.descriptors.states import States

BINS = (-3.0, -1.0, 1.0, 3.0)
"""Edges of the bins of q."""

CHUNK = 4096
"""Frames whose descriptors are computed at a time."""

HEAVY = 3.9
"""Mass in dalton above which an atom is no hydrogen, also one of repartitioned mass."""


@dataclass(frozen=True)
class Measures:
    """The descriptors that tell channels apart.

    Parameters
    ----------
    names
        (D,) of the features.
    of
        Features (F, D) of frames (F, N, 3).
    """

    names: tuple[str, ...]
    of: Callable[[FrameSource], Features]


def heavy_inputs(inputs: DescriptorSet, states: States, masses: Array) -> tuple[Descriptor, ...]:
    """Inputs without hydrogen that do not define the states."""
    return tuple(
        d
        for d in inputs.descriptors
        if d.name not in states.descriptors.names
        and (d.kind == "coordinate" or all(masses[atom] > HEAVY for atom in d.atoms))
    )


def channel_measures(inputs: DescriptorSet, states: States, masses: Array) -> Measures:
    """Inputs without hydrogen, and the descriptors that define the states.

    Hydrogens of one group are interchangeable: rotamers of a methyl group are no channels.
    """
    defining, heavy = states.descriptors, heavy_inputs(inputs, states, masses)
    sets = [defining, inputs.of(heavy)] if heavy else [defining]
    names = tuple(name for group in sets for name in group.feature_names)

    def features(frames: FrameSource) -> Features:
        return np.concatenate([group.features(group.values(frames)) for group in sets], axis=1)

    return Measures(names, features)


def path_features(
    frames: FrameSource, q: Q, path: Rows, count: int, usable: Mask, measures: Measures
) -> Array:
    """Means of the features of paths in each bin of q.

    Parameters
    ----------
    frames, q, path, usable
        (F, N, 3) in nm, their q, the path that each belongs to, and whether it lies between the
        states.
    count
        Number of paths P.
    measures
        Features of frames.

    Returns
    -------
    ndarray
        (P, 3 D): D for each bin. A path without a frame in a bin has there its frame of the q that
        is nearest to the bin; without any usable frame, NaN.
    """
    bins, width = len(BINS) - 1, len(measures.names)
    sums, counts = np.zeros((count, bins, width)), np.zeros((count, bins))
    known = np.flatnonzero(usable & np.isfinite(q))
    rows, place = _frames_of_bins(q[known], path[known])
    rows = known[rows]
    for start in range(0, len(rows), CHUNK):
        part, bin_of = rows[start : start + CHUNK], place[start : start + CHUNK]
        np.add.at(sums, (path[part], bin_of), measures.of(view(frames, part)))
        np.add.at(counts, (path[part], bin_of), 1.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        means = sums / counts[:, :, None]
    return means.reshape(count, bins * width)


def _frames_of_bins(q: Q, path: Rows) -> tuple[Rows, Rows]:
    """Frames, and the bin that each stands for: all inside, or the nearest one of the path."""
    rows, places = [], []
    for number, (low, high) in enumerate(pairwise(BINS)):
        away = np.maximum(np.maximum(low - q, q - high), 0.0)
        order = np.lexsort((away, path))
        _, first = np.unique(path[order], return_index=True)
        nearest = order[first]
        chosen = np.flatnonzero(away == 0)
        chosen = np.concatenate([chosen, nearest[away[nearest] > 0]])
        rows.append(chosen)
        places.append(np.full(len(chosen), number))
    return np.concatenate(rows), np.concatenate(places)


def feature_names(measures: Measures) -> tuple[str, ...]:
    """Names of the columns of `path_features`."""
    edges = pairwise(BINS)
    return tuple(f"{name} at q {a:g} to {b:g}" for a, b in edges for name in measures.names)
