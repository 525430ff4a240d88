"""Stacking of implicit solvents, only in the layout ``grid``.

The Born radius of an atom depends on all other atoms, so the sum over pairs cannot be a list of
bonds. On the grid a cutoff longer than the molecule leaves that sum complete and excludes the other
copies.
"""

from typing import Any

from mechanist.systems.replicate.expression import AXES, used
from mechanist.systems.replicate.tile import Tile, clone, repeat, terms

NEEDS_GRID = "an implicit solvent needs the layout 'grid'"


def refuse_gbsa(force: Any, layout: str) -> str | None:
    """Why this GBSAOBCForce cannot be stacked, or None."""
    if force.getNonbondedMethod() != force.NoCutoff:
        return "has a cutoff or a periodic box"
    return None if layout == "grid" else NEEDS_GRID


def refuse_custom_gb(force: Any, layout: str) -> str | None:
    """Why this CustomGBForce cannot be stacked, or None."""
    reason = refuse_gbsa(force, layout)
    if reason is None and any(used(text, AXES) for text in _expressions(force)):
        return "its expressions use absolute coordinates"
    return reason


def gbsa(force: Any, tile: Tile) -> list[Any]:
    """GBSAOBCForce."""
    whole = _with_cutoff(force, tile)
    particles = terms(force.getParticleParameters, force.getNumParticles())
    for _ in tile.offsets:
        for values in particles:
            whole.addParticle(*values)
    return [whole]


def custom_gb(force: Any, tile: Tile) -> list[Any]:
    """CustomGBForce."""
    whole = _with_cutoff(force, tile)
    particles = [force.getParticleParameters(i) for i in range(force.getNumParticles())]
    for _ in tile.offsets:
        for values in particles:
            whole.addParticle(values)
    exclusions = [force.getExclusionParticles(k) for k in range(force.getNumExclusions())]
    repeat(exclusions, 2, tile, whole.addExclusion)
    return [whole]


def _with_cutoff(force: Any, tile: Tile) -> Any:
    whole = clone(force)
    whole.setNonbondedMethod(whole.CutoffNonPeriodic)
    whole.setCutoffDistance(tile.cutoff)
    return whole


def _expressions(force: Any) -> list[str]:
    """Expressions that OpenMM evaluates for single particles, where x, y and z have a meaning."""
    values = [force.getComputedValueParameters(k)[1:] for k in range(force.getNumComputedValues())]
    energies = [force.getEnergyTermParameters(k) for k in range(force.getNumEnergyTerms())]
    return [text for text, kind in values + energies if kind == force.SingleParticle]
