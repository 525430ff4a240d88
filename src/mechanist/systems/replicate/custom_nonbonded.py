"""Stacking of CustomNonbondedForce.

``pairs``: the expression of a pair is that of a bond, where parameter ``p`` of the particles
becomes ``p1`` and ``p2``. A CustomBondForce has no tables or computed values; with these each copy
becomes an interaction group, which is as exact but slower. ``grid``: see `grid`.
"""

from itertools import combinations
from typing import Any

from mechanist.systems.replicate.names import add_globals, term_names
from mechanist.systems.replicate.tile import Tile, clone, repeat, terms


def refuse_custom_nonbonded(force: Any, layout: str) -> str | None:
    """Why this CustomNonbondedForce cannot be stacked, or None."""
    return None if force.getNonbondedMethod() == force.NoCutoff else "has a cutoff"


def custom_nonbonded(force: Any, tile: Tile) -> list[Any]:
    """CustomNonbondedForce without cutoff."""
    bonds = not force.getNumTabulatedFunctions() and not force.getNumComputedValues()
    return [_bonds(force, tile) if tile.layout == "pairs" and bonds else _whole(force, tile)]


def interacting_pairs(force: Any) -> list[tuple[int, int]]:
    """Pairs (i, j) of one copy that interact; one in two groups occurs twice."""
    count = force.getNumExclusions()
    excluded = {frozenset(force.getExclusionParticles(k)) for k in range(count)}
    pairs = []
    if force.getNumInteractionGroups() == 0:
        pairs = list(combinations(range(force.getNumParticles()), 2))
    for first, second in _groups(force):
        # OpenMM counts a pair whose members are in both sets once.
        unordered = {frozenset((i, j)) for i in first for j in second if i != j}
        pairs += [(min(pair), max(pair)) for pair in unordered]
    return sorted(pair for pair in pairs if frozenset(pair) not in excluded)


def _groups(force: Any) -> list[list[list[int]]]:
    return terms(force.getInteractionGroupParameters, force.getNumInteractionGroups())


def _bonds(force: Any, tile: Tile) -> Any:
    import openmm

    whole = openmm.CustomBondForce(force.getEnergyFunction())
    for side in (1, 2):
        for name in term_names(force, "Particle"):
            whole.addPerBondParameter(f"{name}{side}")
    add_globals(force, whole)
    for k in range(force.getNumEnergyParameterDerivatives()):
        whole.addEnergyParameterDerivative(force.getEnergyParameterDerivativeName(k))
    values = [tuple(force.getParticleParameters(i)) for i in range(force.getNumParticles())]
    entries = [(i, j, values[i] + values[j]) for i, j in interacting_pairs(force)]
    for i, j, parameters in entries:
        whole.addBond(i, j, parameters)
    repeat(entries, 2, tile, whole.addBond)
    whole.setForceGroup(force.getForceGroup())
    whole.setName(force.getName())
    return whole


def _whole(force: Any, tile: Tile) -> Any:
    whole = clone(force)
    groups = _groups(force)
    if tile.layout == "grid":
        whole.setNonbondedMethod(whole.CutoffNonPeriodic)
        whole.setCutoffDistance(tile.cutoff)
        # Without a cutoff OpenMM ignores these, with one it does not.
        whole.setUseSwitchingFunction(False)
        whole.setUseLongRangeCorrection(False)
    elif not groups:
        groups = [[list(range(tile.size)), list(range(tile.size))]]
        whole.addInteractionGroup(*groups[0])
    values = [force.getParticleParameters(i) for i in range(tile.size)]
    exclusions = [force.getExclusionParticles(k) for k in range(force.getNumExclusions())]
    for offset in tile.offsets:
        for parameters in values:
            whole.addParticle(parameters)
        for first, second in groups:
            whole.addInteractionGroup([i + offset for i in first], [i + offset for i in second])
    repeat(exclusions, 2, tile, whole.addExclusion)
    return whole
