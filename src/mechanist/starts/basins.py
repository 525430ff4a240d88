"""Basins among minimised structures: which of them are the same, how often each was visited."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from mechanist.arrays import Array, Rows
from mechanist.starts.candidates import Candidate

SAME = {"rad": np.radians(40.0), "nm": 0.06}
"""Two minima are in one basin if no descriptor differs by more."""

TURN = 2 * np.pi


@dataclass(frozen=True)
class Basin:
    """A basin.

    Parameters
    ----------
    structure
        (N, 3) in nm of its lowest minimum.
    energy
        Of that minimum in kJ/mol.
    share
        Of the frames of the exploration that minimisation takes into it.
    values
        (D,) of the descriptors in that minimum.
    """

    structure: Array
    energy: float
    share: float
    values: Array


@dataclass(frozen=True)
class Basins:
    """What an exploration found.

    Parameters
    ----------
    found
        The basins, the most visited first.
    telling
        Descriptors that differ between them, the most telling first.
    values
        (F, D) of these in the frames of the exploration, before they were minimised.
    labels
        (F,) basin of each frame, from 0.
    temperature
        In K, of the exploration.
    """

    found: tuple[Basin, ...]
    telling: tuple[Candidate, ...]
    values: Array
    labels: Rows
    temperature: float


def clustered(values: Array, candidates: Sequence[Candidate]) -> Rows:
    """Numbers (F,) of the basins of minima with ``values`` (F, D), by single linkage.

    Two minima are linked if no descriptor differs by more than `SAME`.
    """
    from scipy.sparse.csgraph import connected_components

    linked = np.ones((len(values), len(values)), dtype=np.bool_)
    for column, candidate in enumerate(candidates):
        apart = np.abs(values[:, None, column] - values[None, :, column])
        if candidate.descriptor.periodic:
            apart = np.minimum(apart, TURN - apart)
        linked &= apart < SAME[candidate.descriptor.unit]
    return np.asarray(connected_components(linked, directed=False)[1], dtype=np.int64)


def differing(centres: Array, shares: Array, candidates: Sequence[Candidate]) -> list[int]:
    """Columns of ``centres`` (K, D) in which basins with these ``shares`` (K,) differ.

    The most telling first: where the most pairs of basins, by their shares, are apart.
    """
    weight = shares[:, None] * shares[None]
    worth = []
    for column, candidate in enumerate(candidates):
        apart = np.abs(centres[:, None, column] - centres[None, :, column])
        if candidate.descriptor.periodic:
            apart = np.minimum(apart, TURN - apart)
        worth.append(float((weight * (apart > SAME[candidate.descriptor.unit])).sum()))
    order = sorted(range(len(worth)), key=lambda i: (-round(worth[i], 6), candidates[i].rank, i))
    return [i for i in order if worth[i] > 0]
