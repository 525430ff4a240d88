"""The solute of a frame and the waters nearest to it, which may stand for all waters.

Waters are identical, and descriptors do not change when two of them are exchanged. So the solute
and its N nearest waters of each frame are stored, in the order of their indices, whichever they
are: every stored frame has the same number of atoms. When a frame is read, the stored waters become
the first N, and all others are put as far from the solute as the periodic box allows.

The N nearest waters of W around C atoms are found with a k-d tree of these atoms in time
O(C log C + W log C): the tree holds all periodic images within a reach of the box, and the reach
grows until it covers N waters. Within the reach distances are those of the nearest image.
"""

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mechanist.arrays import Array, Frames, Rows

FAR = 1000.0
"""Distance in nm at which waters that are not stored are put, without a periodic box."""

REACH, GROWTH = 0.5, 1.5
"""Reach in nm of the first search of some frames, and its growth if it covers too few waters."""

MARGIN = 1.1
"""Reach in a frame over that needed in the frame before."""


@dataclass(frozen=True)
class Waters:
    """Which atoms are solute and which are waters, and how many waters are stored.

    Parameters
    ----------
    solute
        (S,) indices of all atoms that are no water; they are always stored.
    molecules
        (W, M) indices of the atoms of each water.
    nearest
        Waters stored of each frame.
    template
        (M, 3) in nm, a water about its first atom.
    box
        (3, 3) reduced box vectors in nm, or None.
    centres
        (C,) indices of the atoms around which waters are stored: the solute without ions of the
        solvent; None: the whole solute.
    """

    solute: Rows
    molecules: Rows
    nearest: int
    template: Array
    box: Array | None
    centres: Rows | None = None

    @property
    def around(self) -> Rows:
        """Indices of the atoms around which waters are stored."""
        return self.solute if self.centres is None else self.centres

    @cached_property
    def kept_atoms(self) -> Rows:
        """Indices, in order, of the atoms that stored frames represent: solute and first waters."""
        return np.sort(np.concatenate([self.solute, self.molecules[: self.nearest].ravel()]))

    @cached_property
    def _slots(self) -> Rows:
        """Where the atoms of stored waters are among the stored atoms."""
        return np.searchsorted(self.kept_atoms, self.molecules[: self.nearest].ravel())

    def reduce(self, frames: Frames) -> Frames:
        """Solute and nearest waters of frames (F, N, 3)."""
        reduced = frames[:, self.kept_atoms]
        reach = REACH
        for frame, result in zip(frames, reduced, strict=True):
            oxygens = frame[self.molecules[:, 0]].astype(np.float64)
            around = frame[self.around].astype(np.float64)
            rows, farthest = nearest_points(oxygens, around, self.nearest, self.box, reach)
            reach = max(REACH, MARGIN * farthest)
            result[self._slots] = frame[self.molecules[rows].ravel()]
        return reduced

    def expand(self, frames: Frames) -> Frames:
        """Frames with all atoms from reduced ones."""
        atoms = len(self.solute) + self.molecules.size
        full = np.empty((len(frames), atoms, 3), dtype=np.float32)
        full[:, self.kept_atoms] = frames
        centre = full[:, self.around].astype(np.float64).mean(axis=1)
        away = np.full(3, FAR) if self.box is None else 0.5 * self.box.sum(axis=0)
        others = self.molecules[self.nearest :]
        full[:, others] = centre[:, None, None] + away + self.template
        return full


def nearest_points(
    points: Array, centres: Array, count: int, box: Array | None, reach: float = REACH
) -> tuple[Rows, float]:
    """The ``count`` points that are nearest to any of the centres.

    Parameters
    ----------
    points, centres
        (W, 3) and (C, 3) in nm, in any periodic image.
    count
        At most W.
    box
        (3, 3) reduced box vectors in nm, or None.
    reach
        Distance in nm that is tried first; the result does not depend on it.

    Returns
    -------
    rows, farthest
        Rows (count,) in order, and the distance in nm of the farthest of them.
    """
    inside = points if box is None else _wrapped(points, box)
    while True:
        distances = _distances(inside, centres, box, reach)
        rows = np.argpartition(distances, count - 1)[:count]
        farthest = float(distances[rows].max())
        if np.isfinite(farthest):
            return np.sort(rows), farthest
        reach *= GROWTH


def _distances(points: Array, centres: Array, box: Array | None, reach: float) -> Array:
    """Distance (W,) of each point of the box to the nearest centre; infinite beyond the reach."""
    from scipy.spatial import KDTree

    if box is None:
        reach = np.inf
    else:
        centres = _images(_wrapped(centres, box), box, reach)
    tree = KDTree(centres, balanced_tree=False, compact_nodes=False)
    distances: Array = tree.query(points, distance_upper_bound=reach)[0]
    return distances


def _wrapped(points: Array, box: Array) -> Array:
    """Images of points (K, 3) in the parallelepiped of the box vectors."""
    fractions = points @ np.linalg.inv(box)
    return np.asarray((fractions - np.floor(fractions)) @ box)


def _images(points: Array, box: Array, reach: float) -> Array:
    """All images of points of the box that lie within the reach of the box.

    Two faces of the box are 1/|g| apart, where g is the column of the inverse matrix that belongs
    to them. So a point within the reach has a fractional coordinate within reach |g| of 0 to 1.
    """
    inverse = np.linalg.inv(box)
    fractions = points @ inverse
    margins = reach * np.linalg.norm(inverse, axis=0) + 1e-9
    shifts = [range(-int(np.ceil(m)), int(np.ceil(m)) + 1) for m in margins.tolist()]
    found = []
    for shift in itertools.product(*shifts):
        moved = fractions + np.array(shift)
        near = ((moved >= -margins) & (moved <= 1 + margins)).all(axis=1)
        found.append(moved[near])
    return np.asarray(np.concatenate(found) @ box)
