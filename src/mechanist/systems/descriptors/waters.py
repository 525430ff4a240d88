"""Waters by their composition, whatever their residue is called."""

from collections import Counter
from typing import Any


def is_water(residue: Any) -> bool:
    """Whether a residue of an OpenMM or mdtraj Topology is one oxygen with two hydrogens.

    Sites without an element, such as M of TIP4P, do not count.
    """
    atoms = residue.atoms() if callable(residue.atoms) else residue.atoms
    found = Counter(
        atom.element.symbol
        for atom in atoms
        if atom.element is not None and atom.element.symbol not in ("VS", "EP")
    )
    return found == {"O": 1, "H": 2}


def mark_waters(topology: Any) -> None:
    """Make ``water`` of mdtraj's selections, and ``is_water``, true of waters by composition."""
    for residue in topology.residues:
        if is_water(residue) and not residue.is_water:
            residue.__class__ = _water_class(type(residue))


def _water_class(kind: type) -> type:
    """A kind of residue that is water."""
    return type("Water", (kind,), {"__slots__": (), "is_water": True})
