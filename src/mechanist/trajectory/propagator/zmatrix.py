"""All 3N coordinates of N atoms as distances, angles and dihedrals, and back.

Every atom i has three earlier atoms a, b, c: its coordinates are the distance i-a, the angle i-a-b
and the dihedral i-a-b-c. The first atoms refer to three fixed points, so that translation and
rotation are included, as in GICnet (Ge and others, J. Phys. Chem. Lett. 14, 7732 (2023)).
Velocities are transformed by forward derivatives of the same formulas, exactly.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mechanist.arrays import Array
from mechanist.errors import DataError

POINTS = 3
ANCHORS = np.eye(3)[::-1].copy()
"""The fixed points in nm: (0, 0, 1), (0, 1, 0) and (1, 0, 0)."""

STRAIGHT = 0.08
"""Radians by which an angle must differ from 0 and pi to define a dihedral."""


@dataclass(frozen=True)
class Zmatrix:
    """Reference atoms of each atom.

    Parameters
    ----------
    references
        (N, 3) numbers a, b, c of each atom: 0, 1, 2 are the fixed points and i + 3 is atom i.
    """

    references: NDArray[np.int64]

    def internal(self, x: Tensor) -> Tensor:
        """Distances in nm, angles and dihedrals in radians (B, N, 3) of positions (B, N, 3)."""
        known = torch.cat([x.new_tensor(ANCHORS).expand(len(x), 3, 3), x], dim=1)
        a, b, c = (known[:, self.references[:, i]] for i in range(3))
        out, base, back = x - a, a - b, b - c
        length = torch.linalg.vector_norm(out, dim=2)
        angle = torch.atan2(
            torch.linalg.vector_norm(torch.linalg.cross(out, -base), dim=2), -(out * base).sum(2)
        )
        one, other = torch.linalg.cross(back, base), torch.linalg.cross(base, out)
        sine = torch.linalg.vector_norm(base, dim=2) * (back * other).sum(2)
        return torch.stack([length, angle, torch.atan2(sine, (one * other).sum(2))], dim=2)

    def cartesian(self, q: Tensor) -> Tensor:
        """Positions (B, N, 3) in nm of internal coordinates (B, N, 3)."""
        placed = list(q.new_tensor(ANCHORS).expand(len(q), 3, 3).unbind(1))
        for atom, (a, b, c) in enumerate(self.references):
            base, back = placed[a] - placed[b], placed[b] - placed[c]
            along = torch.nn.functional.normalize(base, dim=1)
            normal = torch.nn.functional.normalize(torch.linalg.cross(back, base), dim=1)
            inside = torch.linalg.cross(normal, along)
            length, angle, turn = q[:, atom, :, None].unbind(1)
            flat = torch.sin(angle)
            away = flat * (torch.cos(turn) * inside + torch.sin(turn) * normal)
            placed.append(placed[a] + length * (away - torch.cos(angle) * along))
        return torch.stack(placed[POINTS:], dim=1)

    def there(self, x: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Internal coordinates and their velocities (B, N, 3) of positions and velocities."""
        made = torch.func.jvp(self.internal, (x,), (v,))
        return made[0], made[1]

    def back(self, q: Tensor, speed: Tensor) -> tuple[Tensor, Tensor]:
        """Positions and velocities (B, N, 3) of internal coordinates and their velocities."""
        made = torch.func.jvp(self.cartesian, (q,), (speed,))
        return made[0], made[1]

    @property
    def inside(self) -> NDArray[np.bool_]:
        """(N, 3), true for the 3N - 6 coordinates that are defined by atoms alone."""
        return np.asarray(np.cumsum(self.references < POINTS, axis=1) == 0)

    def find(self, *atoms: int) -> tuple[int, int]:
        """Row and column of the coordinate between 2, 3 or 4 atoms.

        Raises
        ------
        DataError
            If these atoms, in this order or the other, do not define a coordinate.
        """
        for chain in (atoms, atoms[::-1]):
            if 2 <= len(chain) <= 4:
                wanted = [one + POINTS for one in chain[1:]]
                if list(self.references[chain[0]][: len(wanted)]) == wanted:
                    return chain[0], len(wanted) - 1
        raise DataError("Z-matrix", f"atoms {atoms} define none of its coordinates")


def unwrapped(turns: Tensor, near: Tensor) -> Tensor:
    """Angles shifted by multiples of 2 pi to within pi of ``near``."""
    return turns - 2 * torch.pi * torch.round((turns - near) / (2 * torch.pi))


def zmatrix_of(x: Array) -> Zmatrix:
    """A Z-matrix in the order of the atoms: each refers to the nearest earlier ones.

    Parameters
    ----------
    x
        (N, 3) in nm, a geometry near which the coordinates are used.

    Raises
    ------
    DataError
        If some atom has no three earlier atoms that are not collinear.
    """
    points = np.concatenate([ANCHORS, x])
    rows = []
    for atom in range(POINTS, len(points)):
        chain = [atom]
        for _ in range(3):
            chain.append(_next(points, chain))
        rows.append(chain[1:])
    return Zmatrix(np.array(rows, dtype=np.int64))


def _next(points: Array, chain: list[int]) -> int:
    """The point nearest to the end of a chain that is earlier than its start, atoms first."""
    start, end = chain[0], chain[-1]
    free = [one for one in range(start) if one not in chain]
    free.sort(key=lambda one: (one < POINTS, float(np.linalg.norm(points[one] - points[end]))))
    for one in free:
        if len(chain) < 2 or _bent(points[chain[-2]], points[end], points[one]):
            return one
    raise DataError(
        "Z-matrix", f"atom {start - POINTS} has no earlier atoms that are not collinear"
    )


def _bent(a: Array, b: Array, c: Array) -> bool:
    one, other = a - b, c - b
    cross = float(np.linalg.norm(np.cross(one, other)))
    return bool(cross > np.sin(STRAIGHT) * np.linalg.norm(one) * np.linalg.norm(other))
