"""Stacking of the custom forces that list their terms.

Where such an expression uses absolute coordinates, the layout ``grid`` puts (x - origin of the
copy) in the place of x; the origin is held by three more parameters of every term.
"""

from collections.abc import Callable
from typing import Any

from mechanist.systems.replicate.expression import (
    AXES,
    ambiguous,
    coordinates,
    fresh_names,
    relative,
    used,
)
from mechanist.systems.replicate.names import bond_names, global_names, particle_names
from mechanist.systems.replicate.tile import Tile, clone, repeat, terms

Names = frozenset[str]


def custom_bonds(force: Any, tile: Tile) -> list[Any]:
    """CustomBondForce."""
    whole = clone(force)
    repeat(terms(force.getBondParameters, force.getNumBonds()), 2, tile, whole.addBond)
    return [whole]


def custom_angles(force: Any, tile: Tile) -> list[Any]:
    """CustomAngleForce."""
    whole = clone(force)
    repeat(terms(force.getAngleParameters, force.getNumAngles()), 3, tile, whole.addAngle)
    return [whole]


def custom_torsions(force: Any, tile: Tile) -> list[Any]:
    """CustomTorsionForce."""
    whole = clone(force)
    repeat(terms(force.getTorsionParameters, force.getNumTorsions()), 4, tile, whole.addTorsion)
    return [whole]


def compound_bonds(force: Any, tile: Tile) -> list[Any]:
    """CustomCompoundBondForce."""
    whole = clone(force)
    names = compound_coordinates(force)
    origin = _origins(whole, tile, names, bond_names(force), whole.addPerBondParameter)
    entries = terms(force.getBondParameters, force.getNumBonds())
    for copy in range(tile.copies):
        more = origin(copy)
        for k, (particles, values) in enumerate(entries):
            moved = [i + copy * tile.size for i in particles]
            if copy == 0:
                whole.setBondParameters(k, moved, values + more)
            else:
                whole.addBond(moved, values + more)
    return [whole]


def centroid_bonds(force: Any, tile: Tile) -> list[Any]:
    """CustomCentroidBondForce; every copy has its own groups."""
    whole = clone(force)
    names = centroid_coordinates(force)
    origin = _origins(whole, tile, names, bond_names(force), whole.addPerBondParameter)
    groups = terms(force.getGroupParameters, force.getNumGroups())
    entries = terms(force.getBondParameters, force.getNumBonds())
    for copy in range(tile.copies):
        more = origin(copy)
        if copy > 0:
            for particles, weights in groups:
                whole.addGroup([i + copy * tile.size for i in particles], weights)
        for k, (members, values) in enumerate(entries):
            moved = [g + copy * len(groups) for g in members]
            if copy == 0:
                whole.setBondParameters(k, moved, values + more)
            else:
                whole.addBond(moved, values + more)
    return [whole]


def external(force: Any, tile: Tile) -> list[Any]:
    """CustomExternalForce."""
    whole = clone(force)
    own = particle_names(force)
    origin = _origins(whole, tile, frozenset(AXES), own, whole.addPerParticleParameter)
    entries = terms(force.getParticleParameters, force.getNumParticles())
    for copy in range(tile.copies):
        more = origin(copy)
        for k, (particle, values) in enumerate(entries):
            if copy == 0:
                whole.setParticleParameters(k, particle, values + more)
            else:
                whole.addParticle(particle + copy * tile.size, values + more)
    return [whole]


def compound_coordinates(force: Any) -> Names:
    """Names of the coordinates that a CustomCompoundBondForce may use."""
    return coordinates(force.getNumParticlesPerBond())


def centroid_coordinates(force: Any) -> Names:
    """Names of the coordinates that a CustomCentroidBondForce may use."""
    return coordinates(force.getNumGroupsPerBond())


def refuse_compound_bonds(force: Any, layout: str) -> str | None:
    """Why this CustomCompoundBondForce cannot be stacked, or None."""
    return _doubtful(force, layout, compound_coordinates(force), bond_names(force))


def refuse_centroid_bonds(force: Any, layout: str) -> str | None:
    """Why this CustomCentroidBondForce cannot be stacked, or None."""
    return _doubtful(force, layout, centroid_coordinates(force), bond_names(force))


def refuse_external(force: Any, layout: str) -> str | None:
    """Why this CustomExternalForce cannot be stacked, or None."""
    return _doubtful(force, layout, frozenset(AXES), particle_names(force))


def _doubtful(force: Any, layout: str, names: Names, per_term: list[str]) -> str | None:
    expression = force.getEnergyFunction()
    if layout != "grid" or not used(expression, names):
        return None
    name = ambiguous(expression, names, [*per_term, *global_names(force)])
    return None if name is None else f"its expression gives {name!r} a meaning of its own"


def _origins(
    whole: Any, tile: Tile, names: Names, per_term: list[str], add_name: Callable[[str], int]
) -> Callable[[int], tuple[float, ...]]:
    """Rewrite the expression where that is needed; gives what each copy's terms then need more."""
    expression = whole.getEnergyFunction()
    if tile.layout != "grid" or not used(expression, names):
        return lambda copy: ()
    origin = fresh_names(expression, [*per_term, *global_names(whole)])
    whole.setEnergyFunction(relative(expression, names, origin))
    for name in origin:
        add_name(name)
    return tile.origin
