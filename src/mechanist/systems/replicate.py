"""One System that holds many independent copies of another."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mechanist.errors import SystemBuildError

STACKABLE = ("CustomExternalForce",)
LAYOUTS = ("pairs",)


def why_not(system: Any, layout: str) -> str | None:
    """Why ``system`` cannot be stacked; None if it can."""
    for force in system.getForces():
        if force.getName() not in STACKABLE:
            return f"{force.getName()} cannot be stacked"
    return None


def analytic(system: Any) -> bool:
    """Whether ``system`` is a potential of positions alone."""
    return all(force.getName() in STACKABLE for force in system.getForces())


def shifts(system: Any, copies: int, layout: str) -> NDArray[np.float64]:
    """Where the copies lie, (R, 3) in nm."""
    return np.zeros((copies, 3))


def replicate(system: Any, copies: int, layout: str = "pairs") -> Any:
    """Stack ``copies`` independent copies of ``system``.

    Particle ``i`` of copy ``c`` becomes particle ``c * N + i``.

    Raises
    ------
    SystemBuildError
        If the system has a force that cannot be stacked.
    """
    import openmm

    size = system.getNumParticles()
    stacked = openmm.System()
    for _ in range(copies):
        for i in range(size):
            stacked.addParticle(system.getParticleMass(i))
    for force in system.getForces():
        if force.getName() not in STACKABLE:
            raise SystemBuildError("system.xml", f"{force.getName()} cannot be stacked")
        # A copy through XML keeps expression, globals and parameter names.
        whole = openmm.XmlSerializer.clone(force)
        entries = [force.getParticleParameters(k) for k in range(force.getNumParticles())]
        for copy in range(1, copies):
            for particle, parameters in entries:
                whole.addParticle(copy * size + particle, parameters)
        stacked.addForce(whole)
    return stacked
