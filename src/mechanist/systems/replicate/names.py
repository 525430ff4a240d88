"""Names of the parameters of OpenMM's custom forces."""

from typing import Any


def global_names(force: Any) -> list[str]:
    """Names of the global parameters; the copies share them."""
    return [force.getGlobalParameterName(k) for k in range(force.getNumGlobalParameters())]


def bond_names(force: Any) -> list[str]:
    """Names of the per-bond parameters."""
    return [force.getPerBondParameterName(k) for k in range(force.getNumPerBondParameters())]


def particle_names(force: Any) -> list[str]:
    """Names of the per-particle parameters."""
    count = force.getNumPerParticleParameters()
    return [force.getPerParticleParameterName(k) for k in range(count)]


def add_globals(source: Any, target: Any) -> None:
    """Give one force the global parameters of another."""
    for k, name in enumerate(global_names(source)):
        target.addGlobalParameter(name, source.getGlobalParameterDefaultValue(k))
