"""Stacking of NonbondedForce.

``pairs``: every pair of a copy becomes a bond with the energy

    U(r) = q_i q_j / (4 pi eps0 r) + 4 eps [(sigma/r)^12 - (sigma/r)^6]

with sigma = (sigma_i + sigma_j) / 2 and eps = sqrt(eps_i eps_j), or the values of the exception;
see "NonbondedForce" in the theory chapter of the OpenMM User Guide. ``grid``: see `grid`.
"""

from typing import Any

from mechanist.systems.replicate.names import add_globals, global_names
from mechanist.systems.replicate.offsets import (
    PREFIX,
    exception_offsets,
    offset_bonds,
    particle_offsets,
    refuse_offsets,
)
from mechanist.systems.replicate.tile import Tile, clone, repeat, terms

# Coulomb's constant 1/(4 pi eps0) in kJ nm / (mol e^2), with OpenMM's digits.
COULOMB = 138.93545764438198
PAIR_ENERGY = f"{COULOMB}*chargeprod/r + 4*epsilon*(s*s-s); s=(sigma/r)^6"

Pair = tuple[int, int, tuple[float, float, float]]


def refuse_nonbonded(force: Any, layout: str) -> str | None:
    """Why this NonbondedForce cannot be stacked, or None."""
    if force.getNonbondedMethod() != force.NoCutoff:
        return "has a cutoff or a periodic box"
    if force.getExceptionsUsePeriodicBoundaryConditions():
        return "its exceptions are periodic"
    if not force.getIncludeDirectSpace():
        return "leaves out the direct space"
    if layout == "grid":
        return None
    for name in global_names(force):
        # In this layout the names become part of an expression.
        if not (name.isidentifier() and name.isascii()) or name == "r" or name.startswith(PREFIX):
            return f"the global parameter {name!r} cannot be a name in an expression"
    return refuse_offsets(force)


def nonbonded(force: Any, tile: Tile) -> list[Any]:
    """NonbondedForce without cutoff."""
    return [_shifted(force, tile)] if tile.layout == "grid" else _pairs(force, tile)


def pair_list(force: Any) -> list[Pair]:
    """All pairs of one copy that interact.

    Returns
    -------
    list
        Entries (i, j, (charge product in e^2, sigma in nm, epsilon in kJ/mol)).
    """
    exceptions = {
        (min(i, j), max(i, j)): (charge, sigma, epsilon)
        for i, j, charge, sigma, epsilon in terms(
            force.getExceptionParameters, force.getNumExceptions()
        )
    }
    particles = terms(force.getParticleParameters, force.getNumParticles())
    pairs = []
    for i, (charge, sigma, epsilon) in enumerate(particles):
        for j in range(i + 1, len(particles)):
            other = particles[j]
            mixed = (charge * other[0], 0.5 * (sigma + other[1]), (epsilon * other[2]) ** 0.5)
            values = exceptions.get((i, j), mixed)
            if values[0] != 0 or values[2] != 0:
                pairs.append((i, j, values))
    return pairs


def _pairs(force: Any, tile: Tile) -> list[Any]:
    import openmm

    if force.getNumParticleParameterOffsets() or force.getNumExceptionParameterOffsets():
        return offset_bonds(force, tile, COULOMB)
    whole = openmm.CustomBondForce(PAIR_ENERGY)
    for name in ("chargeprod", "sigma", "epsilon"):
        whole.addPerBondParameter(name)
    add_globals(force, whole)
    entries = pair_list(force)
    for i, j, values in entries:
        whole.addBond(i, j, values)
    repeat(entries, 2, tile, whole.addBond)
    whole.setForceGroup(force.getForceGroup())
    whole.setName(force.getName())
    return [whole]


def _shifted(force: Any, tile: Tile) -> Any:
    whole = clone(force)
    whole.setNonbondedMethod(whole.CutoffNonPeriodic)
    whole.setCutoffDistance(tile.cutoff)
    whole.setReactionFieldDielectric(1)
    # Without a cutoff OpenMM ignores these, with one it does not.
    whole.setUseSwitchingFunction(False)
    whole.setUseDispersionCorrection(False)
    particles = terms(force.getParticleParameters, force.getNumParticles())
    exceptions = terms(force.getExceptionParameters, force.getNumExceptions())
    for _ in tile.offsets:
        for values in particles:
            whole.addParticle(*values)
    repeat(exceptions, 2, tile, whole.addException)
    _repeat_offsets(force, tile, whole)
    return whole


def _repeat_offsets(force: Any, tile: Tile, whole: Any) -> None:
    of_particles, of_exceptions = particle_offsets(force), exception_offsets(force)
    for copy in range(1, tile.copies):
        for name, i, *scales in of_particles:
            whole.addParticleParameterOffset(name, i + copy * tile.size, *scales)
        for name, k, *scales in of_exceptions:
            moved = k + copy * force.getNumExceptions()
            whole.addExceptionParameterOffset(name, moved, *scales)
