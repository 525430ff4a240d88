"""Collective variables of many atoms: centres of groups, RMSD to a structure, place along a path.

Distance of centres: |c_2 - c_1| with c = sum_i w_i x_i / sum_i w_i. RMSD after the best
superposition of K atoms, by the singular values s of the covariance of centred coordinates (Kabsch,
Acta Cryst. A 34, 827 (1978)):

    msd(x, r) = 1/K (sum_i |x_i|^2 + sum_i |r_i|^2 - 2 (s_1 + s_2 + sign(det) s_3))

Place along a path of structures r_1 ... r_P, and distance from it (Branduardi, Gervasio,
Parrinello, J. Chem. Phys. 126, 054103 (2007)):

    s = sum_p p exp(-lambda msd(x, r_p)) / sum_p exp(-lambda msd(x, r_p)),    1 <= s <= P
    z = -1/lambda ln sum_p exp(-lambda msd(x, r_p))

In a periodic box a group is made whole from atom to atom in its order, as PLUMED does it: two
neighbours in this order must be closer than half the box.

    symbol     here
    w_i        `shapes.Centres.weights`
    r, r_p     `shapes.Rmsd.reference`, `shapes.PathVariable.references`, in nm
    lambda     `shapes.PathVariable.sharpness`, in 1/nm^2
"""

import numpy as np

from mechanist.arrays import Array, Positions, Rows
from mechanist.systems.descriptors.box import Cell
from mechanist.systems.descriptors.shapes import Centres, PathVariable, Rmsd, Shape

Groups = tuple[Rows, ...]


def values(
    kind: str, shape: Shape, groups: Groups, positions: Positions, cell: Cell | None
) -> Array:
    """Values (F,) of one descriptor.

    Parameters
    ----------
    kind, shape
        Its kind and numbers.
    groups
        Indices of its atoms: both groups of a distance of centres, or the superposed atoms.
    positions
        (F, N, 3) in nm.
    cell
        The periodic box.
    """
    match shape:
        case Centres(weights):
            first, second = (
                _centre(positions, group, np.array(own), cell)
                for group, own in zip(groups, weights, strict=True)
            )
            away = second - first
            away = away if cell is None else cell.nearest(away)
            return np.asarray(np.linalg.norm(away, axis=1))
        case Rmsd(reference):
            return np.asarray(
                np.sqrt(squared_deviation(_whole(positions, groups[0], cell), reference))
            )
        case PathVariable(references, sharpness):
            whole = _whole(positions, groups[0], cell)
            msd = np.stack([squared_deviation(whole, one) for one in references], axis=1)
            least = msd.min(axis=1, keepdims=True)
            weights = np.exp(-sharpness * (msd - least))
            total = weights.sum(axis=1)
            if kind == "path_z":
                return np.asarray(least[:, 0] - np.log(total) / sharpness)
            return np.asarray(weights @ np.arange(1, len(references) + 1) / total)
    raise TypeError(f"{type(shape).__name__} is no collective variable")


def _whole(positions: Positions, atoms: Rows, cell: Cell | None) -> Array:
    """Positions (F, K, 3) of atoms, each at the image nearest to the one before it."""
    places: Array = positions[:, atoms].astype(np.float64)
    if cell is None or len(atoms) == 1:
        return places
    steps = cell.nearest(np.diff(places, axis=1))
    places[:, 1:] = places[:, :1] + np.cumsum(steps, axis=1)
    return places


def _centre(positions: Positions, atoms: Rows, weights: Array, cell: Cell | None) -> Array:
    """Weighted centre (F, 3) of atoms."""
    places = _whole(positions, atoms, cell)
    return np.asarray(np.einsum("fkx,k->fx", places, weights / weights.sum()))


def squared_deviation(places: Array, reference: object) -> Array:
    """Mean squared deviation (F,) in nm^2 from a structure (K, 3) after superposition."""
    target = np.array(reference, dtype=np.float64)
    target = target - target.mean(axis=0)
    centred = places - places.mean(axis=1, keepdims=True)
    covariance = np.einsum("fki,kj->fij", centred, target)
    # A frame that has exploded has no superposition.
    fine = np.isfinite(covariance).all(axis=(1, 2))
    result = np.full(len(places), np.nan)
    if fine.any():
        singular = np.linalg.svd(covariance[fine], compute_uv=False)
        singular[:, 2] *= np.where(np.linalg.det(covariance[fine]) < 0, -1.0, 1.0)
        squares = np.einsum("fki,fki->f", centred[fine], centred[fine]) + (target**2).sum()
        result[fine] = np.maximum(squares - 2 * singular.sum(axis=1), 0.0) / len(target)
    return result
