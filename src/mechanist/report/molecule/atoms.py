"""Atoms to be shown: elements, bonds, labels, and which waters are near enough."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mechanist.arrays import Array, Mask, Positions, Rows
from mechanist.errors import DataError
from mechanist.systems.barostat import scales
from mechanist.systems.descriptors.box import BoxVectors

NEAR = 0.5
"""Waters with an atom within so many nm of the solute are shown."""

MANY = 4000
"""With more atoms of the solute, those of hydrogen are left out."""

COVALENT = {"H": 0.031, "C": 0.076, "N": 0.071, "O": 0.066, "F": 0.057, "P": 0.107, "S": 0.105}
COVALENT |= {"Cl": 0.102, "Br": 0.120, "I": 0.139, "Si": 0.111, "B": 0.084}
"""Covalent radii in nm (Cordero et al., Dalton Trans. 2008, 2832)."""

TOLERANCE = 0.04
"""Atoms of a residue are bonded if nearer than the sum of their radii plus so many nm."""


@dataclass(frozen=True)
class Atoms:
    """All atoms of a system.

    Parameters
    ----------
    elements
        Symbols, by which atoms are coloured.
    labels
        Name and residue number, such as CA2.
    bonds
        Pairs of atoms.
    molecules
        (N,) number of the molecule of each atom.
    water
        (N,) atoms of water.
    """

    elements: tuple[str, ...]
    labels: tuple[str, ...]
    bonds: tuple[tuple[int, int], ...]
    molecules: Rows
    water: Mask


def read_atoms(topology: Path, start: Positions) -> Atoms | None:
    """Atoms of topology.pdb; None for a particle on a potential, which is no molecule.

    Bonds that the file does not name, as of residues that mdtraj does not know, are found by the
    distances in ``start`` (N, 3).

    Raises
    ------
    DataError
        If the file is missing or damaged.
    """
    import mdtraj

    try:
        known = mdtraj.load_topology(str(topology))
        symbols = tuple(atom.element.symbol if atom.element else "" for atom in known.atoms)
    except (OSError, ValueError, IndexError, KeyError, AttributeError) as error:
        raise DataError(topology, f"damaged ({error}); delete it and run again") from None
    if known.n_atoms < 2 or known.n_atoms != len(start):
        return None
    bonds = {(b[0].index, b[1].index) for b in known.bonds}
    bonded = {i for pair in bonds for i in pair}
    for residue in known.residues:
        atoms = [atom.index for atom in residue.atoms]
        if len(atoms) > 1 and any(i not in bonded for i in atoms):
            bonds |= _by_distance(atoms, symbols, np.asarray(start, dtype=np.float64))
    return Atoms(
        elements=symbols,
        labels=tuple(f"{atom.name}{atom.residue.resSeq}" for atom in known.atoms),
        bonds=tuple(sorted((min(pair), max(pair)) for pair in bonds)),
        molecules=_molecules(known.n_atoms, bonds),
        water=np.array([atom.residue.is_water for atom in known.atoms], dtype=bool),
    )


def _by_distance(atoms: list[int], symbols: tuple[str, ...], start: Array) -> set[tuple[int, int]]:
    found = set()
    for k, one in enumerate(atoms):
        for other in atoms[k + 1 :]:
            reach = [COVALENT.get(symbols[i], 0.0) for i in (one, other)]
            near = np.linalg.norm(start[one] - start[other]) < sum(reach) + TOLERANCE
            if min(reach) > 0 and near:
                found.add((one, other))
    return found


def _molecules(count: int, bonds: Any) -> Rows:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    pairs = np.array(sorted(bonds), dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def shown_atoms(atoms: Atoms, frame: Positions) -> Rows:
    """Atoms to show: the solute, and whole waters within `NEAR` of it in ``frame`` (N, 3)."""
    solute = np.flatnonzero(~atoms.water)
    if not len(solute):
        solute = np.arange(min(len(atoms.elements), MANY))
        return solute
    keep = np.zeros(len(atoms.elements), dtype=bool)
    keep[solute] = True
    if atoms.water.any():
        from scipy.spatial import KDTree

        tree = KDTree(np.asarray(frame)[solute])
        waters = np.flatnonzero(atoms.water)
        close = tree.query(np.asarray(frame)[waters], distance_upper_bound=NEAR)[0] < np.inf
        near = np.unique(atoms.molecules[waters[close]])
        keep |= atoms.water & np.isin(atoms.molecules, near)
    if len(solute) > MANY:
        keep &= np.array([symbol != "H" for symbol in atoms.elements])
    return np.flatnonzero(keep)


def gathered(atoms: Atoms, frames: Positions, box: BoxVectors | None) -> Array:
    """Frames (F, N, 3) in which every molecule is the image nearest to the first solute atom.

    Frames that have a box of their own have it in one more row.
    """
    count = len(atoms.elements)
    xyz = np.array(frames[:, :count], dtype=np.float64)
    if box is None:
        return xyz
    factors = scales(frames[:, -1], box) if frames.shape[1] > count else np.ones(len(frames))
    vectors = np.array(box) * factors[:, None, None]
    solute = np.flatnonzero(~atoms.water)
    anchor = xyz[:, solute[0] if len(solute) else 0][:, None]
    first = np.unique(atoms.molecules, return_index=True)[1]
    offset = xyz[:, first] - anchor
    for axis in (2, 1, 0):
        # Reduced vectors: c, then b, then a (OpenMM User Guide, periodic boundary conditions).
        turns = np.round(offset[..., axis] / vectors[:, axis, axis, None])[..., None]
        offset -= turns * vectors[:, None, axis]
    moved = offset + anchor - xyz[:, first]
    return np.asarray(xyz + moved[:, atoms.molecules])


def superposed(frames: Array, reference: Array, on: Rows) -> Array:
    """Frames (F, N, 3) rotated and moved so that atoms ``on`` fit ``reference`` (N, 3) best.

    The rotation is that of Kabsch, Acta Cryst. A 32, 922 (1976), by singular values.
    """
    centre = reference[on].mean(axis=0)
    target = reference[on] - centre
    made = np.empty_like(frames)
    for k, frame in enumerate(frames):
        middle = frame[on].mean(axis=0)
        u, _, v = np.linalg.svd((frame[on] - middle).T @ target)
        sign = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ v))])
        made[k] = (frame - middle) @ u @ sign @ v + centre
    return made
