"""One System that holds many independent copies of another."""

from typing import Any

from mechanist.errors import SystemBuildError

STACKABLE = ("CustomExternalForce",)


def can_replicate(system: Any) -> bool:
    """Whether `replicate` knows every force of ``system`` and it has no constraints."""
    known = all(force.getName() in STACKABLE for force in system.getForces())
    return known and system.getNumConstraints() == 0


def replicate(system: Any, copies: int) -> Any:
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
