"""Isomers that do not turn into each other at the temperature of a run, such as cis and trans.

In MD at two or three times that temperature amide and double bonds turn. A path from there leads
between other states than those that the structure is in, at rates that differ by many orders of
magnitude, and no chain ever comes back. The energy of a rigid turn about a bond is the sum of the
torsion terms of the force field about it,

    E(d) = sum_i k_i [1 + cos(n_i (phi_i + d) - phase_i)],

and a bond is stiff if E rises by more than `STIFF` kT. Such a barrier is crossed less often than
once in 10 microseconds.
"""

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.arrays import Array, Frames, Rows
from mechanist.systems.build.bonded import bonds_of
from mechanist.systems.descriptors.bonds import canonical
from mechanist.systems.descriptors.box import Cell
from mechanist.systems.descriptors.geometry import torsions
from mechanist.systems.prepared import Prepared

STIFF = 20.0
"""Barrier in kT from which a bond does not turn during a run."""

TURN = np.linspace(0, 2 * np.pi, 73)
"""Angles of a rigid turn."""

Bond = tuple[int, ...]


@dataclass(frozen=True)
class StiffBonds:
    """Bonds that do not turn, with a torsion about each.

    Parameters
    ----------
    atoms
        (K, 4) of the torsions; the bond is that of the middle two.
    reference
        (K,) torsions in rad of the structure that the run starts from.
    told
        (K) whether a torsion about the bond defines the states, which may then differ in it.
    cell
        The periodic box, or None.
    """

    atoms: Rows
    reference: Array
    told: NDArray[np.bool_]
    cell: Cell | None

    def turned(self, frames: Frames) -> NDArray[np.bool_]:
        """Which bonds are turned by more than 90 degrees in frames (F, N, 3) in nm: (F, K)."""
        if not len(self.atoms):
            return np.zeros((len(frames), 0), dtype=np.bool_)
        # A torsion is the same in a box that is scaled a little: its atoms are close together.
        change = torsions(frames, self.atoms, self.cell) - self.reference
        return np.asarray(np.cos(change) < 0)

    def other_isomers(self, frames: Frames) -> NDArray[np.bool_]:
        """The same for the bonds that do not define the states."""
        return self.turned(frames) & ~self.told

    def text(self, rows: Collection[int]) -> str:
        """Some of the bonds by the atoms that they join, which count from 0."""
        pairs = self.atoms[sorted(rows), 1:3].tolist()
        return " and ".join(f"the stiff bond of atoms {i} and {j}" for i, j in pairs)


def stiff_bonds(prepared: Prepared) -> StiffBonds:
    """The stiff bonds of a system by its torsion terms; none under a force law without such."""
    found = [
        (bond, terms)
        for bond, terms in _terms(prepared).items()
        if np.ptp(_energies(terms)) > STIFF * prepared.kt
    ]
    descriptors = prepared.states.descriptors
    box = descriptors.box
    cell = None if box is None else Cell(box)
    atoms = np.array([terms[0][0] for _, terms in found], dtype=np.int64).reshape(-1, 4)
    # Positions are rounded as those that they are compared with.
    start = prepared.positions[None].astype(np.float32)
    reference = torsions(start, atoms, cell)[0] if found else np.empty(0)
    own = {
        frozenset(d.atoms[1:3]) for d in descriptors.descriptors if d.kind == "torsion" and d.atoms
    }
    told = np.array([frozenset(bond) in own for bond, _ in found], dtype=np.bool_)
    return StiffBonds(atoms, reference, told, cell)


Term = tuple[tuple[int, ...], float, int, float, float]
"""Atoms of a torsion term, its angle in the structure, n, phase in rad, k in kJ/mol."""


def _terms(prepared: Prepared) -> dict[Bond, list[Term]]:
    """Torsion terms by the bond that they turn about; impropers are left out."""
    import openmm

    bonded: set[Bond] = set(bonds_of(prepared.system).bonds)
    result: dict[Bond, list[Term]] = {}
    rows: list[tuple[tuple[int, ...], int, float, float]] = []
    for force in prepared.system.getForces():
        if type(force) is openmm.PeriodicTorsionForce:
            rows += [_periodic(force, i) for i in range(force.getNumTorsions())]
        elif type(force) is openmm.RBTorsionForce:
            for i in range(force.getNumTorsions()):
                rows += _ryckaert_bellemans(*force.getTorsionParameters(i))
    rows = [row for row in rows if all(canonical(step) in bonded for step in pairwise(row[0]))]
    if not rows:
        return {}
    quadruples = np.array([row[0] for row in rows])
    angles = torsions(prepared.positions[None], quadruples)[0].tolist()
    for (atoms, fold, phase, k), angle in zip(rows, angles, strict=True):
        result.setdefault(canonical(atoms[1:3]), []).append((atoms, angle, fold, phase, k))
    return result


def _periodic(force: Any, i: int) -> tuple[tuple[int, ...], int, float, float]:
    *atoms, fold, phase, k = force.getTorsionParameters(i)
    return tuple(atoms), fold, phase._value, k._value


def _ryckaert_bellemans(*row: Any) -> list[tuple[tuple[int, ...], int, float, float]]:
    """The cosines of multiples that sum_n c_n cos(phi - 180 deg)^n is made of."""
    atoms, powers = row[:4], np.array([c._value for c in row[4:]])
    multiples = np.polynomial.chebyshev.poly2cheb(powers)
    return [(tuple(atoms), n, n * np.pi, float(k)) for n, k in enumerate(multiples) if n and k]


def _energies(terms: list[Term]) -> Array:
    """Energies in kJ/mol along `TURN`."""
    each = [k * np.cos(n * (phi + TURN) - phase) for _, phi, n, phase, k in terms]
    return np.asarray(np.sum(each, axis=0))
