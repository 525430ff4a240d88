"""Names of the parameters of OpenMM's custom forces."""

from typing import Any


def global_names(force: Any) -> list[str]:
    """Names of the global parameters; the copies share them."""
    return [force.getGlobalParameterName(k) for k in range(force.getNumGlobalParameters())]


def term_names(force: Any, term: str) -> list[str]:
    """Names of the parameters of each term, ``Bond`` or ``Particle``."""
    count = getattr(force, f"getNumPer{term}Parameters")()
    return [getattr(force, f"getPer{term}ParameterName")(k) for k in range(count)]


def add_globals(source: Any, target: Any) -> None:
    """Give one force the global parameters of another."""
    for k, name in enumerate(global_names(source)):
        target.addGlobalParameter(name, source.getGlobalParameterDefaultValue(k))
