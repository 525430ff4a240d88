"""Stacking of the forces that list their terms: bonds, angles, torsions, external fields.

Where an expression uses absolute coordinates, the layout ``grid`` replaces x by (x - origin of the
copy); three more parameters of every term hold the origin.

``term`` is the word in the names of OpenMM's methods: ``addBond``, ``getBondParameters``.
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
from mechanist.systems.replicate.names import global_names, term_names
from mechanist.systems.replicate.tile import Tile, clone, repeat, terms

Stacker = Callable[[Any, Tile], list[Any]]


def listed(term: str, arity: int) -> Stacker:
    """How to stack a force whose terms are ``arity`` particles, then what stays the same."""

    def stack(force: Any, tile: Tile) -> list[Any]:
        whole = clone(force)
        repeat(terms_of(force, term), arity, tile, getattr(whole, f"add{term}"))
        return [whole]

    return stack


def cmap_torsions(force: Any, tile: Tile) -> list[Any]:
    """CMAPTorsionForce; the copies share the maps."""
    whole = clone(force)
    entries = terms_of(force, "Torsion")
    for offset in tile.offsets:
        for which, *particles in entries:
            whole.addTorsion(which, *[i + offset for i in particles])
    return [whole]


def terms_of(force: Any, term: str) -> list[list[Any]]:
    """All bonds, angles, torsions, particles or groups of a force."""
    return terms(getattr(force, f"get{term}Parameters"), getattr(force, f"getNum{term}s")())


def coordinate_names(force: Any) -> frozenset[str]:
    """Names that absolute coordinates have in the expression of a `placed` force."""
    if hasattr(force, "getNumGroupsPerBond"):
        return coordinates(force.getNumGroupsPerBond())
    if hasattr(force, "getNumParticlesPerBond"):
        return coordinates(force.getNumParticlesPerBond())
    return frozenset(AXES)


def placed(term: str) -> Stacker:
    """How to stack a custom force whose expression may use absolute coordinates.

    These are CustomCompoundBondForce, CustomCentroidBondForce and CustomExternalForce. A term is
    its members (particles or groups) and its parameters. Every copy has its own groups.
    """

    def stack(force: Any, tile: Tile) -> list[Any]:
        whole = clone(force)
        origin = _origins(whole, tile, term)
        add, replace = getattr(whole, f"add{term}"), getattr(whole, f"set{term}Parameters")
        groups = terms_of(force, "Group") if hasattr(force, "getNumGroups") else []
        size = len(groups) or tile.size
        entries = terms_of(force, term)
        for copy in range(tile.copies):
            more = origin(copy)
            for particles, weights in groups if copy else []:
                whole.addGroup(_moved(particles, copy * tile.size), weights)
            for k, (members, values) in enumerate(entries):
                if copy == 0:
                    replace(k, members, values + more)
                else:
                    add(_moved(members, copy * size), values + more)
        return [whole]

    return stack


def refuse_placed(term: str) -> Callable[[Any, str], str | None]:
    """Why a `placed` force cannot be stacked in a layout, or None."""

    def refuse(force: Any, layout: str) -> str | None:
        expression, names = force.getEnergyFunction(), coordinate_names(force)
        if layout != "grid" or not used(expression, names):
            return None
        name = ambiguous(expression, names, [*term_names(force, term), *global_names(force)])
        return None if name is None else f"its expression gives {name!r} a meaning of its own"

    return refuse


def _moved(members: Any, shift: int) -> Any:
    return members + shift if isinstance(members, int) else [i + shift for i in members]


def _origins(whole: Any, tile: Tile, term: str) -> Callable[[int], tuple[float, ...]]:
    """Rewrite the expression where needed; the parameters that this adds to a copy's terms."""
    expression, names = whole.getEnergyFunction(), coordinate_names(whole)
    if tile.layout != "grid" or not used(expression, names):
        return lambda copy: ()
    origin = fresh_names(expression, [*term_names(whole, term), *global_names(whole)])
    whole.setEnergyFunction(relative(expression, names, origin))
    for name in origin:
        getattr(whole, f"addPer{term}Parameter")(name)
    return tile.origin
