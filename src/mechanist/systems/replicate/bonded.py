"""Stacking of the forces with a fixed form between bonded particles; the same in both layouts."""

from typing import Any

from mechanist.systems.replicate.tile import Tile, clone, repeat, terms


def harmonic_bonds(force: Any, tile: Tile) -> list[Any]:
    """HarmonicBondForce."""
    whole = clone(force)
    repeat(terms(force.getBondParameters, force.getNumBonds()), 2, tile, whole.addBond)
    return [whole]


def harmonic_angles(force: Any, tile: Tile) -> list[Any]:
    """HarmonicAngleForce."""
    whole = clone(force)
    repeat(terms(force.getAngleParameters, force.getNumAngles()), 3, tile, whole.addAngle)
    return [whole]


def torsions(force: Any, tile: Tile) -> list[Any]:
    """PeriodicTorsionForce and RBTorsionForce."""
    whole = clone(force)
    repeat(terms(force.getTorsionParameters, force.getNumTorsions()), 4, tile, whole.addTorsion)
    return [whole]


def cmap_torsions(force: Any, tile: Tile) -> list[Any]:
    """CMAPTorsionForce; the copies share the maps."""
    whole = clone(force)
    entries = terms(force.getTorsionParameters, force.getNumTorsions())
    for offset in tile.offsets:
        for which, *particles in entries:
            whole.addTorsion(which, *[i + offset for i in particles])
    return [whole]
