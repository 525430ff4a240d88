"""Smooth counts of contacts: coordination numbers, hydrogen bonds, bridges.

The equations are in `mechanist.systems.descriptors.shapes`. Each is a sum over pairs or triples of
atoms, so it is invariant to an exchange of like molecules. Hydrogen bonds below 1e-9 are left out.
"""

import numpy as np

from mechanist.arrays import Array, Positions, Rows
from mechanist.statistics.logistic import q_to_p as logistic
from mechanist.systems.descriptors.box import Cell
from mechanist.systems.descriptors.geometry import vectors_from
from mechanist.systems.descriptors.shapes import Bridges, Coordination, HydrogenBonds, Shape

Groups = tuple[Rows, ...]

FRAMES = 64
"""Frames at a time, which keeps temporary arrays small."""
WIDTHS = 21
"""Range of a Fermi switch beyond its radius, in widths 1/steepness; there it is 1e-9."""


def count(shape: Shape, groups: Groups, positions: Positions, cell: Cell | None) -> Array:
    """Values (F,) of one descriptor.

    Parameters
    ----------
    shape
        Kind of the count and its numbers.
    groups
        Indices of its atoms. Coordination number: central atoms, counted atoms. Hydrogen bonds:
        hydrogens, the donor of each, acceptors. Bridges: both groups, atoms between them.
    positions
        (F, N, 3) in nm.
    cell
        The periodic box.
    """
    parts = [
        _count(shape, groups, positions[rows], None if cell is None else cell.part(rows))
        for rows in (slice(start, start + FRAMES) for start in range(0, len(positions), FRAMES))
    ]
    return np.concatenate(parts) if parts else np.empty(0)


def _count(shape: Shape, groups: Groups, positions: Positions, cell: Cell | None) -> Array:
    match shape:
        case Coordination():
            return _coordination(shape, groups, positions, cell)
        case HydrogenBonds():
            return _hydrogen_bonds(shape, groups, positions, cell)
        case Bridges():
            return _bridges(shape, groups, positions, cell)
    raise TypeError(f"{type(shape).__name__} is not a count")


def fermi(x: Array) -> Array:
    """1/(1 + exp(x)), which does not overflow."""
    return logistic(-x)


def _lengths(positions: Positions, atom: int, others: Rows, cell: Cell | None) -> Array:
    """Distances (F, K) in nm of ``others`` from an atom."""
    x, y, z = vectors_from(positions, atom, others, cell)
    return np.asarray(np.sqrt(x * x + y * y + z * z))


def _coordination(
    shape: Coordination, groups: Groups, positions: Positions, cell: Cell | None
) -> Array:
    result = np.zeros(len(positions))
    for atom in groups[0]:
        others = groups[1][groups[1] != atom]
        lengths = _lengths(positions, int(atom), others, cell)
        if shape.power:
            result += (1 / (1 + (lengths / shape.radius) ** shape.power)).sum(axis=1)
        else:
            result += fermi(shape.steepness * (lengths - shape.radius)).sum(axis=1)
    return result


def _hydrogen_bonds(
    shape: HydrogenBonds, groups: Groups, positions: Positions, cell: Cell | None
) -> Array:
    hydrogens, donors, acceptors = groups
    result = np.zeros(len(positions))
    reach = (shape.distance + WIDTHS / shape.steepness) ** 2
    for acceptor in acceptors:
        mine = donors != acceptor
        to_hydrogen = vectors_from(positions, int(acceptor), hydrogens[mine], cell)
        square = to_hydrogen[0] ** 2 + to_hydrogen[1] ** 2 + to_hydrogen[2] ** 2
        frames, which = np.nonzero(square < reach)
        if not len(frames):
            continue
        h, d = hydrogens[mine][which], donors[mine][which]
        bond = [
            positions[frames, d, axis].astype(np.float64)
            - positions[frames, h, axis].astype(np.float64)
            for axis in range(3)
        ]
        if cell is not None:
            cell.part(frames).shorten(bond)
        arm = [-step[frames, which] for step in to_hydrogen]
        lengths = np.sqrt(square[frames, which])
        dot = bond[0] * arm[0] + bond[1] * arm[1] + bond[2] * arm[2]
        cosine = dot / (lengths * np.sqrt(bond[0] ** 2 + bond[1] ** 2 + bond[2] ** 2))
        near = fermi(shape.steepness * (lengths - shape.distance))
        straight = fermi(shape.sharpness * (cosine - shape.cosine))
        result += np.bincount(frames, weights=near * straight, minlength=len(positions))
    return result


def _bridges(shape: Bridges, groups: Groups, positions: Positions, cell: Cell | None) -> Array:
    touching = []
    for group, radius in zip(groups[:2], shape.radii, strict=True):
        free = np.ones((len(positions), len(groups[2])))
        for atom in group:
            lengths = _lengths(positions, int(atom), groups[2], cell)
            free *= 1 - fermi(shape.steepness * (lengths - radius))
        touching.append(1 - free)
    return np.asarray((touching[0] * touching[1]).sum(axis=1))
